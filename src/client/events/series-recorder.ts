import { eventsV1 } from '../../api/index.ts'
import type { Event } from '../../api/generated/types/events/v1.ts'
import { keyOf, microTimestamp } from '../../apimachinery/meta.ts'
import { hasReason } from '../../apimachinery/status.ts'
import { sleep } from '../../lib/clock.ts'
import type { Env } from '../../lib/env.ts'
import type { Client } from '../client.ts'
import type { EventRecorder } from '../events.ts'
import { eventNames, eventNamespace, type EventNames, referenceTo } from './reference.ts'
import { EventSender } from './sender.ts'

export interface SeriesRecorderOptions {
  readonly client: Client
  readonly env: Env
  readonly signal: AbortSignal
  /** Who says it, such as `default-scheduler`. */
  readonly reportingController: string
  /** Which one of several, such as `default-scheduler-host1`. */
  readonly reportingInstance: string
}

/** client-go's: a series that has been silent this long is over; one that goes on is written again this often. */
const FINISH_MS = 6 * 60_000
const REFRESH_MS = 30 * 60_000
/** As the server limits a note, in characters: longer ones are cut. */
const NOTE_LIMIT = 1024

interface Remembered {
  event: Event
  lastMs: number
}

/**
 * A recorder of events.k8s.io/v1 Events, as upstream's scheduler uses. The first of a kind is written at once; the second turns
 * it into a series, whose count is written again when the series ends, and every half hour until then.
 */
export function createSeriesRecorder(options: SeriesRecorderOptions): EventRecorder {
  const recorder = new SeriesRecorder(options)
  void recorder.keepSeries()
  return recorder
}

class SeriesRecorder implements EventRecorder {
  readonly #options: SeriesRecorderOptions
  readonly #sender: EventSender
  readonly #nameOf: EventNames
  readonly #remembered = new Map<string, Remembered>()

  constructor(options: SeriesRecorderOptions) {
    this.#options = options
    this.#sender = new EventSender(options.env, options.signal)
    this.#nameOf = eventNames(options.env.random)
  }

  event(...[about, type, reason, note, details = {}]: Parameters<EventRecorder['event']>): void {
    const { env, reportingController, reportingInstance } = this.#options
    const now = env.clock.now()
    const regarding = referenceTo(about)
    const related = details.related && referenceTo(details.related)
    const action = details.action ?? reason
    const key = JSON.stringify([type, action, reason, regarding, related])
    const known = this.#remembered.get(key)
    if (known) return this.#repeat(known, now)
    const event: Event = {
      metadata: {
        name: this.#nameOf(regarding, now),
        namespace: eventNamespace(regarding),
        ...(details.annotations && { annotations: { ...details.annotations } }),
      },
      eventTime: microTimestamp(now),
      reportingController,
      reportingInstance,
      action,
      reason,
      regarding,
      ...(related && { related }),
      note: note.slice(0, NOTE_LIMIT),
      type,
    }
    this.#remembered.set(key, { event, lastMs: now })
    this.#sender.push(() => write(this.#options.client, event))
  }

  #repeat(known: Remembered, now: number): void {
    const isSecond = known.event.series === undefined
    const count = (known.event.series?.count ?? 1) + 1
    known.event = { ...known.event, series: { count, lastObservedTime: microTimestamp(now) } }
    known.lastMs = now
    const { event } = known
    if (isSecond) this.#sender.push(() => write(this.#options.client, event))
  }

  /** Ends what has gone silent, and keeps what hasn't from expiring on the server. */
  async keepSeries(): Promise<void> {
    const { clock } = this.#options.env
    for (let rounds = 1; !this.#options.signal.aborted; rounds++) {
      await sleep(clock, FINISH_MS, this.#options.signal).catch(() => undefined)
      if (this.#options.signal.aborted) return
      const isRefresh = (rounds * FINISH_MS) % REFRESH_MS === 0
      for (const [key, { event, lastMs }] of this.#remembered) {
        const isOver = clock.now() - lastMs >= FINISH_MS
        if (isOver) this.#remembered.delete(key)
        if (event.series && (isOver || isRefresh)) this.#sender.push(() => write(this.#options.client, event))
      }
    }
  }
}

async function write(client: Client, event: Event): Promise<void> {
  if (event.series) {
    try {
      await client(eventsV1).patch(keyOf(event), 'strategic', { series: event.series })
      return
    } catch (error) {
      if (!hasReason(error, 'NotFound')) throw error
    }
  }
  await client(eventsV1).create(event)
}
