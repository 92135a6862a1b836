import {
  apiVersionOf,
  controllerOf,
  keyOf,
  type Frozen,
  type KubeObject,
  type ObjectKey,
} from '../../apimachinery/meta.ts'
import type { ResourceDefinition } from '../../apimachinery/resource.ts'
import { hasReason } from '../../apimachinery/status.ts'
import { Backoff } from '../../lib/backoff.ts'
import { sleep } from '../../lib/clock.ts'
import type { Env } from '../../lib/env.ts'
import type { Client } from '../client.ts'
import type { ControllerDefinition, ReconcileContext, Watch } from '../controller.ts'
import type { EventRecorder } from '../events.ts'
import type { InformerFactory } from '../informer/factory.ts'
import type { Informer } from '../informer/informer.ts'
import { until } from '../informer/wait.ts'
import { WorkQueue, type WorkQueueMetrics } from '../workqueue/workqueue.ts'
import { Barrier } from './barrier.ts'
import { loggingClient, WriteLog } from './write-log.ts'

export interface ControllerRunOptions {
  readonly client: Client
  readonly informers: InformerFactory
  readonly events: EventRecorder
  readonly env: Env
  readonly signal: AbortSignal
  readonly metrics?: WorkQueueMetrics
}

const DEFAULT_CONCURRENCY = 5
const START_BACKOFF = { firstMs: 500, maxMs: 30_000, factor: 2, jitter: 0.5, resetAfterMs: 120_000 }
/** How long to wait for a cache to show a write before acting without it: upstream's ExpectationsTimeout. */
const UNSEEN_TIMEOUT_MS = 5 * 60_000

/** One controller at work: its queue, the handlers that fill it, and the workers that empty it. */
export class ControllerRun {
  readonly name: string
  readonly #definition: ControllerDefinition
  readonly #options: ControllerRunOptions
  readonly #env: Env
  readonly #queue: WorkQueue
  readonly #read = new Map<ResourceDefinition, { readonly informer: Informer<KubeObject>; readonly barrier: Barrier }>()
  /** What each key's last reconcile wrote and the caches may not show yet. */
  readonly #unseen = new Map<ObjectKey, { readonly log: WriteLog; waiting: boolean }>()
  /** Keys that wait for a cache. */
  #waiting = 0
  /** When keys were last begun, oldest first; kept for `coalesceMs`. */
  readonly #begun = new Map<ObjectKey, number>()

  constructor(definition: ControllerDefinition, options: ControllerRunOptions) {
    this.name = definition.name
    this.#definition = definition
    this.#options = options
    this.#env = { ...options.env, log: options.env.log.with({ controller: definition.name }) }
    const { metrics } = options
    this.#queue = new WorkQueue({ clock: options.env.clock, ...(metrics && { metrics }) })
    for (const index of definition.indexes ?? []) this.#informer(index.resource).addIndex(index.name, index.values)
    for (const resource of definition.reads ?? []) this.#informer(resource)
    this.#handleEvents()
  }

  /** Whether nothing is in line, at work or waiting for a cache. Delayed keys don't count. */
  get idle(): boolean {
    return this.#queue.idle && this.#waiting === 0
  }

  /** Waits for the caches, then does what must be done before the first reconcile, until it succeeds. Rejects when the signal aborts first. */
  async begin(): Promise<void> {
    const { signal } = this.#options
    const informers = [...this.#read.values()].map(({ informer }) => informer)
    await Promise.all(informers.map((informer) => until(informer, () => informer.synced, signal)))
    const backoff = new Backoff(START_BACKOFF, this.#env)
    for (;;) {
      try {
        return await this.#definition.start?.(this.#context(this.#options.client))
      } catch (err) {
        signal.throwIfAborted()
        this.#env.log.warn('controller could not start, will retry', { err })
        await sleep(this.#env.clock, backoff.next(), signal)
      }
    }
  }

  /** Reconciles until the signal aborts. */
  async work(): Promise<void> {
    const { signal } = this.#options
    signal.addEventListener('abort', () => this.#queue.close(), { once: true })
    if (signal.aborted) this.#queue.close()
    const workers = Array.from({ length: this.#definition.concurrency ?? DEFAULT_CONCURRENCY }, () => this.#work())
    await Promise.all(workers)
  }

  #informer<T extends KubeObject>(resource: ResourceDefinition<T>): Informer<T> {
    const known = this.#read.get(resource)
    if (known) return known.informer as unknown as Informer<T>
    const scope = this.#definition.watches?.find((watch) => Object.is(watch.resource, resource))?.scope
    const informer = this.#options.informers.informer(resource, scope)
    const untyped = informer as unknown as Informer<KubeObject>
    this.#read.set(resource, { informer: untyped, barrier: new Barrier(untyped) })
    return informer
  }

  #handleEvents(): void {
    const { for: primary, owns = [], watches = [] } = this.#definition
    this.#handle({
      resource: primary,
      keys: (now, old) => {
        if (this.#definition.wakes && !this.#definition.wakes(now, old)) return []
        const object = now ?? old
        return object ? [keyOf(object)] : []
      },
    })
    for (const resource of owns) this.#handle({ resource, keys: (now, old) => ownerKeys(primary, now, old) })
    for (const watch of watches) this.#handle(watch)
  }

  #handle({ resource, keys }: Watch): void {
    const context = this.#context(this.#options.client)
    const wake = (now: Frozen<KubeObject> | undefined, old: Frozen<KubeObject> | undefined): void => {
      for (const key of keys(now, old, context)) this.#wake(key)
    }
    this.#informer(resource).addHandler({
      onAdd: (object) => wake(object, undefined),
      onUpdate: wake,
      onDelete: (object) => wake(undefined, object),
    })
  }

  #wake(key: ObjectKey): void {
    const { coalesceMs } = this.#definition
    const begun = coalesceMs ? this.#begun.get(key) : undefined
    if (coalesceMs === undefined || begun === undefined) return this.#queue.add(key)
    this.#queue.addAfter(key, begun + coalesceMs - this.#env.clock.monotonic())
  }

  #context(client: Client): ReconcileContext {
    const { events, signal, informers } = this.#options
    return {
      client,
      informers,
      events,
      env: this.#env,
      signal,
      lister: (resource) => this.#informer(resource).lister,
      enqueue: (key, afterMs = 0) => this.#queue.addAfter(key, afterMs),
    }
  }

  /** One worker: takes keys one after another. */
  async #work(): Promise<void> {
    let log = new WriteLog()
    const client = loggingClient(
      this.#options.client,
      () => log,
      (resource) => {
        const read = this.#read.get(resource)
        return read && { barrier: read.barrier, uidOf: (key) => read.informer.lister.get(key)?.metadata.uid }
      },
    )
    const context = this.#context(client)
    for (let key = await this.#queue.get(); key !== undefined; key = await this.#queue.get()) {
      if (this.#isBehind(key)) {
        this.#queue.done(key)
        continue
      }
      log = new WriteLog()
      await this.#reconcile(key, context)
      if (log.seen()) this.#unseen.set(key, { log, waiting: false })
      this.#queue.done(key)
    }
  }

  async #reconcile(key: ObjectKey, context: ReconcileContext): Promise<void> {
    this.#noteBegin(key)
    try {
      const { requeueAfterMs } = await this.#definition.reconcile(key, context)
      this.#queue.forget(key)
      if (requeueAfterMs !== undefined) this.#queue.addAfter(key, requeueAfterMs)
    } catch (err) {
      if (this.#options.signal.aborted) return
      const fields = { key, failures: this.#queue.failures(key) + 1, err }
      if (hasReason(err, 'Conflict')) this.#env.log.debug('reconcile met a conflict, will retry', fields)
      else this.#env.log.warn('reconcile failed, will retry', fields)
      this.#queue.addRateLimited(key)
    }
  }

  /**
   * Whether the caches don't show yet what the key's last reconcile wrote; the key comes back when they do. It counts as behind until then,
   * whatever else wakes it.
   */
  #isBehind(key: ObjectKey): boolean {
    const unseen = this.#unseen.get(key)
    if (!unseen) return false
    if (unseen.waiting) return true
    const seen = unseen.log.seen()
    if (!seen) {
      this.#unseen.delete(key)
      return false
    }
    unseen.waiting = true
    this.#waiting++
    const { signal } = this.#options
    const giveUp = new AbortController()
    void Promise.race([seen, sleep(this.#env.clock, UNSEEN_TIMEOUT_MS, AbortSignal.any([giveUp.signal, signal]))])
      .catch(() => undefined)
      .then(() => {
        giveUp.abort()
        this.#waiting--
        this.#unseen.delete(key)
        this.#queue.add(key)
      })
    return true
  }

  #noteBegin(key: ObjectKey): void {
    const { coalesceMs } = this.#definition
    if (!coalesceMs) return
    const now = this.#env.clock.monotonic()
    this.#begun.delete(key)
    this.#begun.set(key, now)
    for (const [old, begun] of this.#begun) {
      if (now - begun < coalesceMs) break
      this.#begun.delete(old)
    }
  }
}

/** The keys of the `owner` kind that control `now` and `old`. */
function* ownerKeys(
  owner: ResourceDefinition,
  now: Frozen<KubeObject> | undefined,
  old: Frozen<KubeObject> | undefined,
): Generator<ObjectKey> {
  const current = now && ownerKey(owner, now)
  const former = old && ownerKey(owner, old)
  if (current) yield current
  if (former && former !== current) yield former
}

function ownerKey(owner: ResourceDefinition, object: Frozen<KubeObject>): ObjectKey | undefined {
  const ref = controllerOf(object)
  if (!ref || ref.kind !== owner.kind || !sameGroup(ref.apiVersion, apiVersionOf(owner))) return undefined
  return owner.scope === 'Namespaced' ? `${object.metadata.namespace ?? ''}/${ref.name}` : ref.name
}

function sameGroup(a: string, b: string): boolean {
  return a === b || groupOf(a) === groupOf(b)
}

function groupOf(apiVersion: string): string {
  const slash = apiVersion.indexOf('/')
  return slash < 0 ? '' : apiVersion.slice(0, slash)
}
