import type { Env } from '../../../lib/env.ts'
import { traced } from '../../tracing/span.ts'
import type { Attributes } from '../../tracing/span.ts'
import type { AdmissionAttributes } from '../types.ts'
import type { Hook } from './types.ts'

/** One question to a webhook. */
export interface TimedCall {
  readonly hook: Hook
  readonly uid: string
  readonly mutating: boolean
}

/** Asks as a part of the request's trace, which the webhook is told of by `traceparent`, and notes how long that took. */
export async function timedCall<T>(
  { clock }: Pick<Env, 'clock'>,
  attributes: AdmissionAttributes,
  { hook, uid, mutating }: TimedCall,
  ask: (traceparent: string | undefined) => Promise<T>,
): Promise<T> {
  const { span } = attributes
  const layer = mutating ? 'mutating-webhook' : 'validating-webhook'
  const started = clock.monotonic()
  try {
    if (!span) return await ask(undefined)
    const name = `Call ${mutating ? 'mutating' : 'validating'} webhook`
    return await traced(
      span,
      name,
      async (part) => {
        const answer = await ask(part?.traceparent)
        part?.event('Request completed')
        return answer
      },
      fieldsOf(attributes, hook, uid),
    )
  } finally {
    attributes.latencies?.add(layer, clock.monotonic() - started)
  }
}

function fieldsOf({ definition, subresource, operation }: AdmissionAttributes, hook: Hook, uid: string): Attributes {
  const { group, version, plural } = definition
  return {
    configuration: hook.configuration,
    webhook: hook.webhook.name,
    resource: `${group}/${version}, Resource=${plural}`,
    subresource,
    operation,
    UID: uid,
  }
}
