import type { Frozen, KubeObject } from '../../apimachinery/meta.ts'
import { hasReason } from '../../apimachinery/status.ts'
import { Backoff } from '../../lib/backoff.ts'
import { sleep } from '../../lib/clock.ts'
import type { Env } from '../../lib/env.ts'
import type { ListOptions, ResourceClient, WatchEvent } from '../client.ts'
import { listAll } from '../pages.ts'

/** Where a reflector writes what it sees. */
export interface Sink<T> {
  /** Everything there is, as of `resourceVersion`. */
  replace(objects: Iterable<Frozen<T>>, resourceVersion: string): void
  upsert(object: Frozen<T>): void
  /** `object` is the last state. */
  remove(object: Frozen<T>): void
  /** Nothing more has changed up to here. */
  progress(resourceVersion: string): void
}

export interface ReflectOptions<T extends KubeObject> {
  readonly resource: Pick<ResourceClient<T>, 'list' | 'watch'>
  readonly env: Env
  readonly scope: Pick<
    ListOptions,
    'namespace' | 'labelSelector' | 'fieldSelector' | 'metadataOnly' | 'withoutManagers'
  >
  readonly signal: AbortSignal
  /** See Transport.steady. */
  readonly steady?: boolean
  /** For the log. */
  readonly name: string
}

/** client-go's reflector: 0.8 s growing to 30 s, doubled and spread, forgotten after two quiet minutes. */
const BACKOFF = { firstMs: 800, maxMs: 30_000, factor: 2, jitter: 1, resetAfterMs: 120_000 }
/** A watch is ended by the server after 5 to 10 minutes, so that clients spread over servers again. */
const WATCH_MIN_SECONDS = 300
/** Where there is one server, and nothing in between, that is for nothing. */
const STEADY_WATCH_MIN_SECONDS = 86_400
/** Marks the bookmark after the initial events of a watch (KEP-3157). */
const INITIAL_EVENTS_END = 'k8s.io/initial-events-end'
/** A watch that ended sooner than this without an event is no reason to hurry with the next one. */
const SHORT_WATCH_MS = 1000

/**
 * Keeps `sink` in step with the server until the signal aborts. The state comes as a stream of initial events (WatchList)
 * and the same stream goes on with changes; from a server that cannot do so, as a paged list and a watch.
 */
export async function reflect<T extends KubeObject>(sink: Sink<T>, options: ReflectOptions<T>): Promise<void> {
  await new Reflector(sink, options).run()
}

class Reflector<T extends KubeObject> {
  readonly #sink: Sink<T>
  readonly #options: ReflectOptions<T>
  readonly #backoff: Backoff
  /** Where to go on; undefined when all must be read again. */
  #resourceVersion: string | undefined
  #watchList = true

  constructor(sink: Sink<T>, options: ReflectOptions<T>) {
    this.#sink = sink
    this.#options = options
    this.#backoff = new Backoff(BACKOFF, options.env)
  }

  async run(): Promise<void> {
    const { env, signal, name } = this.#options
    while (!signal.aborted) {
      const started = env.clock.monotonic()
      try {
        const sawEvents = await this.#once()
        if (sawEvents || env.clock.monotonic() - started >= SHORT_WATCH_MS) continue
      } catch (err) {
        if (signal.aborted) return
        if (this.#recover(err)) continue
        env.log.warn('watch failed, will retry', { resource: name, err })
      }
      await sleep(env.clock, this.#backoff.next(), signal).catch(() => undefined)
    }
  }

  /** One request, or a list and a watch. Returns whether anything was learned from it. */
  async #once(): Promise<boolean> {
    if (this.#resourceVersion !== undefined) return this.#follow(this.#watch(this.#resourceVersion))
    if (this.#watchList) return this.#follow(this.#initialEvents())
    const { items, resourceVersion } = await listAll(this.#options.resource, this.#options.scope)
    this.#sink.replace(items, resourceVersion)
    this.#resourceVersion = resourceVersion
    return true
  }

  /** Whether to go on at once after this error. */
  #recover(error: unknown): boolean {
    if (hasReason(error, 'Expired', 'Gone') && this.#resourceVersion !== undefined) {
      this.#resourceVersion = undefined
      return true
    }
    const isFirst = this.#resourceVersion === undefined
    if (isFirst && this.#watchList && hasReason(error, 'Invalid', 'BadRequest')) {
      this.#watchList = false
      return true
    }
    return false
  }

  #watch(resourceVersion: string): AsyncIterable<WatchEvent<T>> {
    const { resource, scope, signal } = this.#options
    const timeoutSeconds = this.#timeoutSeconds()
    return resource.watch({ ...scope, resourceVersion, allowWatchBookmarks: true, timeoutSeconds, signal })
  }

  #timeoutSeconds(): number {
    const { steady = false, env } = this.#options
    return Math.round((steady ? STEADY_WATCH_MIN_SECONDS : WATCH_MIN_SECONDS) * (1 + env.random.next()))
  }

  /** A watch that starts with the state. Applies it as a whole once complete, then passes on what follows. */
  async *#initialEvents(): AsyncGenerator<WatchEvent<T>> {
    const { resource, scope, signal } = this.#options
    const stream = resource.watch({
      ...scope,
      sendInitialEvents: true,
      resourceVersionMatch: 'NotOlderThan',
      allowWatchBookmarks: true,
      timeoutSeconds: this.#timeoutSeconds(),
      signal,
    })
    let initial: Frozen<T>[] | undefined = []
    for await (const event of stream) {
      if (!initial) yield event
      else if (event.type === 'ADDED') initial.push(event.object)
      else if (event.type === 'BOOKMARK' && isInitialEventsEnd(event.object)) {
        this.#resourceVersion = event.object.metadata.resourceVersion ?? ''
        this.#sink.replace(initial, this.#resourceVersion)
        initial = undefined
      }
    }
  }

  async #follow(stream: AsyncIterable<WatchEvent<T>>): Promise<boolean> {
    let sawEvents = false
    for await (const { type, object } of stream) {
      sawEvents = true
      this.#resourceVersion = object.metadata.resourceVersion ?? ''
      if (type === 'DELETED') this.#sink.remove(object)
      else if (type === 'BOOKMARK') this.#sink.progress(this.#resourceVersion)
      else this.#sink.upsert(object)
    }
    return sawEvents
  }
}

function isInitialEventsEnd(object: Frozen<KubeObject>): boolean {
  return object.metadata.annotations?.[INITIAL_EVENTS_END] === 'true'
}
