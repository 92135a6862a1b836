import type { MaybePromise } from '../../store/store.ts'
import type { Answer } from '../registry/answer.ts'
import type { Registry, ServedResource } from '../registry/served.ts'
import { answerVerb } from '../registry/verbs.ts'
import { type Call, header } from '../request/call.ts'
import type { Attributes, Span } from './span.ts'
import { tracedStore } from './traced-store.ts'

const NAMES: Readonly<Record<string, string>> = {
  get: 'Get',
  list: 'List',
  watch: 'Watch',
  create: 'Create',
  update: 'Update',
  patch: 'Patch',
  delete: 'Delete',
  deletecollection: 'Delete',
}

/** Answers a sampled request for a resource: the verb is a part of it, and what the store is asked for is a part of that. */
export async function tracedVerb(
  registry: Registry,
  resource: ServedResource,
  call: Call,
  span: Span,
): Promise<Answer> {
  const part = span.child(NAMES[call.info.verb] ?? call.info.verb, fieldsOf(call))
  call.span = part
  try {
    const answer: MaybePromise<Answer> = answerVerb(
      { ...registry, store: tracedStore(registry.store, part) },
      resource,
      call,
    )
    return await answer
  } catch (error) {
    part.fail(error)
    throw error
  } finally {
    part.end()
    call.span = span
  }
}

function fieldsOf({ info, headers }: Call): Attributes {
  return {
    accept: header(headers, 'accept'),
    'api-group': info.group,
    'api-version': info.version,
    name: info.name,
    subresource: info.subresource,
    namespace: info.namespace,
    resource: info.resource,
    url: info.path,
    'user-agent': header(headers, 'user-agent').slice(0, 1024),
    verb: info.verb.toUpperCase(),
  }
}
