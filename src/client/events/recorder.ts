import { events } from '../../api/index.ts'
import type { Event } from '../../api/generated/types/core/v1.ts'
import { keyOf, timestamp } from '../../apimachinery/meta.ts'
import { hasReason } from '../../apimachinery/status.ts'
import type { Env } from '../../lib/env.ts'
import type { Client } from '../client.ts'
import type { EventRecorder } from '../events.ts'
import { EventCorrelator, type Correlated } from './correlator.ts'
import { eventNames, eventNamespace, referenceTo } from './reference.ts'
import { EventSender } from './sender.ts'

export interface EventRecorderOptions {
  readonly client: Client
  readonly env: Env
  readonly signal: AbortSignal
  /** Who says it, such as `replicaset-controller`. */
  readonly component: string
  /** The node, for a node's component. */
  readonly host?: string
}

/** A recorder of core/v1 Events, as all of upstream but the scheduler uses. */
export function createEventRecorder({ client, env, signal, component, host }: EventRecorderOptions): EventRecorder {
  const correlator = new EventCorrelator(env)
  const sender = new EventSender(env, signal)
  const nameOf = eventNames(env.random)
  return {
    event(about, type, reason, message, details) {
      const now = env.clock.now()
      const involvedObject = referenceTo(about)
      const at = timestamp(now)
      const event: Event = {
        metadata: {
          name: nameOf(involvedObject, now),
          namespace: eventNamespace(involvedObject),
          ...(details?.annotations && { annotations: { ...details.annotations } }),
        },
        involvedObject,
        reason,
        message,
        source: { component, ...(host && { host }) },
        firstTimestamp: at,
        lastTimestamp: at,
        count: 1,
        type,
        reportingComponent: component,
        reportingInstance: host ?? '',
        ...(details?.related && { related: referenceTo(details.related) }),
      }
      let correlated: Correlated | undefined
      let isFirstTry = true
      sender.push(async () => {
        if (isFirstTry) correlated = correlator.correlate(event)
        isFirstTry = false
        if (correlated) await send(client, correlator, correlated)
      })
    },
  }
}

/** Creates the Event, or patches the count of the one that is there; creates it anew when it has expired. */
async function send(client: Client, correlator: EventCorrelator, { event, isUpdate, key }: Correlated): Promise<void> {
  const { count, lastTimestamp, message } = event
  if (isUpdate) {
    try {
      const patched = await client(events).patch(keyOf(event), 'strategic', { count, lastTimestamp, message })
      return correlator.recorded(key, patched as Event)
    } catch (error) {
      if (!hasReason(error, 'NotFound')) throw error
    }
  }
  correlator.recorded(key, (await client(events).create(event)) as Event)
}
