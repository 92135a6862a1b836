import type { Frozen, KubeObject } from '../../apimachinery/meta.ts'
import type { AdmissionAttributes, Operation } from '../admission/types.ts'
import { annotate, type Call, header, warn } from '../request/call.ts'
import { dedupOwnerReferences } from './metadata.ts'
import type { WriteOptions } from './options.ts'
import type { Registry, ServedResource } from './served.ts'

interface Subject {
  readonly object?: KubeObject | undefined
  readonly oldObject?: Frozen<KubeObject> | undefined
  readonly options: Pick<WriteOptions, 'dryRun' | 'raw'>
  /** When the body is of another kind than the resource's. */
  readonly kind?: AdmissionAttributes['kind']
  /** The name, when the request's path has none. */
  readonly name?: string
}

/** What admission plugins are told of a request. */
export function admissionAttributes(
  { definition, conversions }: ServedResource,
  call: Call,
  operation: Operation,
  { object, oldObject, options, kind, name }: Subject,
): AdmissionAttributes {
  const { info } = call
  const known = name ?? (info.name || object?.metadata.name || '')
  const isNamespace = definition.group === '' && definition.plural === 'namespaces'
  return {
    operation,
    definition,
    kind: kind ?? definition,
    subresource: info.subresource,
    name: known,
    namespace: isNamespace ? known : info.namespace,
    object,
    oldObject,
    options: options.raw,
    dryRun: options.dryRun,
    user: call.user,
    userAgent: header(call.headers, 'user-agent'),
    get signal() {
      return call.signal
    },
    span: call.span,
    latencies: call.latencies,
    ...(conversions && { convert: conversions.within(call) }),
    warn: (text) => warn(call, text),
    annotate(key, value, level) {
      const isTold = level === undefined || call.audit === undefined || call.audit.wantsRequest
      if (isTold) annotate(call, key, value)
    },
  }
}

/** Runs mutating admission over a draft: as a creation when there is no current object. */
export async function mutate(
  registry: Registry,
  resource: ServedResource,
  call: Call,
  options: WriteOptions,
  draft: KubeObject,
  current: Frozen<KubeObject> | undefined,
  kind?: AdmissionAttributes['kind'],
): Promise<void> {
  const operation = current ? 'UPDATE' : 'CREATE'
  if (registry.admission.idle(operation)) return
  const subject = { object: draft, oldObject: current, options, ...(kind && { kind }) }
  await registry.admission.mutate(admissionAttributes(resource, call, operation, subject))
  dedupOwnerReferences(draft, call, true)
}
