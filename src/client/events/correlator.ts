import type { Event } from '../../api/generated/types/core/v1.ts'
import { timestamp } from '../../apimachinery/meta.ts'
import type { Clock } from '../../lib/clock.ts'
import { Lru } from '../../lib/lru.ts'
import type { Random } from '../../lib/random.ts'
import { TokenBucket } from '../../lib/token-bucket.ts'
import { eventNames, type EventNames } from './reference.ts'

/** client-go's limits: what is remembered of how many, and when alike Events become one. */
const REMEMBERED = 4096
const SIMILAR_LIMIT = 10
const SIMILAR_WITHIN_MS = 600_000
/** A source may say 25 things about an object at once, and one more every five minutes. */
const SPAM_BURST = 25
const SPAM_PER_SECOND = 1 / 300

/** What to do with an Event: create it, or raise the count of the one of that name. */
export interface Correlated {
  readonly event: Event
  readonly isUpdate: boolean
  /** To hand to `recorded` with what the server made of it. */
  readonly key: string
}

interface Similar {
  readonly messages: Set<string>
  lastMs: number
}

interface Counted {
  readonly name: string
  readonly count: number
  readonly firstTimestamp: string | undefined
}

/** Decides which Events are new, which repeat an earlier one, which are summed up, and which are too many. As client-go's EventCorrelator. */
export class EventCorrelator {
  readonly #clock: Clock
  readonly #nameOf: EventNames
  readonly #spam = new Lru<string, TokenBucket>(REMEMBERED)
  readonly #similar = new Lru<string, Similar>(REMEMBERED)
  readonly #counted = new Lru<string, Counted>(REMEMBERED)

  constructor(env: { readonly clock: Clock; readonly random: Random }) {
    this.#clock = env.clock
    this.#nameOf = eventNames(env.random)
  }

  /** Undefined: too many, drop it. */
  correlate(event: Event): Correlated | undefined {
    const { event: shown, key } = this.#aggregate(event)
    const counted = this.#count(shown, key)
    return this.#isSpam(shown) ? undefined : counted
  }

  /** The server has taken the Event under this name and count. */
  recorded(key: string, { metadata, count = 1, firstTimestamp }: Event): void {
    this.#counted.set(key, { name: metadata.name ?? '', count, firstTimestamp })
  }

  /** From the tenth Event that differs by its message only within ten minutes on, one Event stands for all of them. */
  #aggregate(event: Event): { readonly event: Event; readonly key: string } {
    const now = this.#clock.now()
    const key = similarKey(event)
    let similar = this.#similar.get(key)
    if (!similar || now - similar.lastMs > SIMILAR_WITHIN_MS) similar = { messages: new Set(), lastMs: now }
    similar.messages.add(event.message ?? '')
    similar.lastMs = now
    this.#similar.set(key, similar)
    if (similar.messages.size < SIMILAR_LIMIT) return { event, key: exactKey(event) }
    for (const message of similar.messages) {
      similar.messages.delete(message)
      break
    }
    const metadata = { ...event.metadata, name: this.#nameOf(event.involvedObject, now) }
    const message = `(combined from similar events): ${event.message ?? ''}`
    return { event: { ...event, metadata, message, count: 1 }, key }
  }

  #count(event: Event, key: string): Correlated {
    const known = this.#counted.get(key)
    if (!known) {
      this.recorded(key, event)
      return { event, isUpdate: false, key }
    }
    const { firstTimestamp } = known
    const repeated: Event = {
      ...event,
      metadata: { ...event.metadata, name: known.name },
      count: known.count + 1,
      lastTimestamp: timestamp(this.#clock.now()),
      ...(firstTimestamp && { firstTimestamp }),
    }
    this.recorded(key, repeated)
    return { event: repeated, isUpdate: true, key }
  }

  #isSpam(event: Event): boolean {
    const key = spamKey(event)
    let bucket = this.#spam.get(key)
    if (!bucket) this.#spam.set(key, (bucket = new TokenBucket(this.#clock, SPAM_PER_SECOND, SPAM_BURST)))
    return !bucket.tryTake()
  }
}

function spamKey({ source, involvedObject: about, type }: Event): string {
  return [
    source?.component,
    source?.host,
    about.kind,
    about.namespace,
    about.name,
    about.uid,
    about.apiVersion,
    type,
  ].join('\0')
}

function similarKey(event: Event): string {
  return [spamKey(event), event.reason, event.reportingComponent, event.reportingInstance].join('\0')
}

function exactKey(event: Event): string {
  return [spamKey(event), event.involvedObject.fieldPath, event.reason, event.message].join('\0')
}
