import { failure } from '../../../apimachinery/status.ts'
import type { Event } from '../../../api/generated/types/core/v1.ts'
import type { Clock } from '../../../lib/clock.ts'
import { Lru } from '../../../lib/lru.ts'
import { TokenBucket } from '../../../lib/token-bucket.ts'
import { aggregateMessage } from '../../../apimachinery/aggregate.ts'
import type { AdmissionAttributes, AdmissionPlugin } from '../types.ts'
import type { EventLimit } from './config.ts'

const KEPT_BUCKETS = 4096

/** Whose bucket an event is of. */
const KEYS: Readonly<Record<EventLimit['type'], (attributes: AdmissionAttributes) => string>> = {
  Server: () => '',
  Namespace: ({ namespace }) => namespace,
  User: ({ user }) => user.name,
  SourceAndObject: ({ object }) => (object ? sourceAndObject(object as Event) : ''),
}

/**
 * Events of the core group beyond a rate are refused (upstream's EventRateLimit, which does not look at those of events.k8s.io). What one limit lets through, another may still refuse: both are charged.
 */
export function eventRateLimit(clock: Clock, limits: readonly EventLimit[]): AdmissionPlugin {
  const enforcers = limits.map((limit) => enforcer(clock, limit))
  return {
    name: 'EventRateLimit',
    handles: (operation) => operation === 'CREATE' || operation === 'UPDATE',
    validate(attributes) {
      const { kind, dryRun } = attributes
      if (kind.kind !== 'Event' || kind.group !== '' || dryRun) return
      const refusals = enforcers.flatMap((refusal) => refusal(attributes) ?? [])
      if (refusals.length > 0) throw failure('TooManyRequests', `Too many requests: ${aggregateMessage(refusals)}`)
    },
  }
}

type Enforcer = (attributes: AdmissionAttributes) => string | undefined

function enforcer(clock: Clock, { type, qps, burst, cacheSize }: EventLimit): Enforcer {
  const buckets = new Lru<string, TokenBucket>(type === 'Server' ? 1 : cacheSize || KEPT_BUCKETS)
  return (attributes) => {
    const key = KEYS[type](attributes)
    let bucket = buckets.get(key)
    if (!bucket) buckets.set(key, (bucket = new TokenBucket(clock, qps, burst)))
    return bucket.tryTake() ? undefined : `limit reached on type ${type} for key ${key}`
  }
}

function sourceAndObject({ source, involvedObject: about }: Event): string {
  return [source?.component, source?.host, about.kind, about.namespace, about.name, about.uid, about.apiVersion].join(
    '',
  )
}
