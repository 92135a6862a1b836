import type { KubeObject } from '../../apimachinery/meta.ts'
import { expired, internalError, type Status, type StatusError } from '../../apimachinery/status.ts'
import type { Timer } from '../../lib/clock.ts'
import { CompactedError } from '../../store/store.ts'
import type { Call } from '../request/call.ts'
import { type ListOptions, readListOptions } from '../request/list-options.ts'
import type { Change } from '../watch/change.ts'
import { Frame, initialFrame } from '../watch/frame.ts'
import { type Subscription, WatchOver } from '../watch/hub.ts'
import { type ListAnswer, type ListItem, type WatchAnswer, type WatchFrame, type WatchListener } from './answer.ts'
import { listSelected } from './list.ts'
import { parseRevisionBare } from './revision.ts'
import { type Selection, selectionOf } from './selection.ts'
import type { Registry, ServedResource } from './served.ts'

/** About what a client is sent of what is there already before it has to have read it. */
const INITIAL_BYTES = 16 * 1024

/** GET with watch=true. */
export async function watchObjects(registry: Registry, resource: ServedResource, call: Call): Promise<WatchAnswer> {
  const options = readListOptions(call.query)
  const fields = call.info.name && options.fields.length === 0 ? nameIs(call.info.name) : options.fields
  const selection = selectionOf(resource.definition, options.labels, fields, call.info.namespace)
  const initial = options.sendInitialEvents ?? (call.info.legacy && isFromStart(options))
  const list = initial ? await initialList(registry, resource, options, selection, call.signal) : undefined
  const after = list ? list.revision : await startRevision(registry, options)
  return {
    type: 'watch',
    resource,
    initial,
    start(listener) {
      const watch = new ResourceWatch(registry, resource, options, selection, listener)
      watch.start(after, list)
      return () => watch.stop()
    },
  }
}

/** Whether a watch of the old kind, whose path alone says what it is, begins with what is there. */
const isFromStart = ({ resourceVersion }: ListOptions): boolean => resourceVersion === '' || resourceVersion === '0'

function nameIs(value: string): ListOptions['fields'] {
  return [{ field: 'metadata.name', operator: '=', value }]
}

function initialList(
  registry: Registry,
  resource: ServedResource,
  options: ListOptions,
  selection: Selection,
  signal: AbortSignal,
): Promise<ListAnswer> {
  return listSelected(registry, resource, { ...options, limit: 0, continue: '' }, selection, signal)
}

/** Where a watch begins: without a version at the newest there is, at version 0 at the newest that is known here. */
async function startRevision(registry: Registry, { resourceVersion }: ListOptions): Promise<number> {
  if (resourceVersion === '') return registry.store.latest()
  const revision = parseRevisionBare(resourceVersion)
  return revision === 0 ? registry.store.revision : revision
}

/** One client's watch while it runs. */
class ResourceWatch {
  readonly #registry: Registry
  readonly #resource: ServedResource
  readonly #options: ListOptions
  readonly #selection: Selection
  readonly #listener: WatchListener
  #subscription: Subscription | undefined
  #timers: Timer[] = []
  #ended = false

  constructor(
    registry: Registry,
    resource: ServedResource,
    options: ListOptions,
    selection: Selection,
    listener: WatchListener,
  ) {
    this.#registry = registry
    this.#resource = resource
    this.#options = options
    this.#selection = selection
    this.#listener = listener
  }

  start(after: number, list: ListAnswer | undefined): void {
    const { clock, random } = this.#registry.env
    const seconds = this.#options.timeoutSeconds || this.#registry.minRequestTimeoutSeconds * (1 + random.next())
    this.#timers.push(clock.setTimer(() => this.#timeUp(), seconds * 1000))
    if (list) this.#sendInitial(list).catch((error: unknown) => this.#fail(error))
    else this.#follow(after)
  }

  stop(): void {
    if (this.#ended) return
    this.#ended = true
    this.#subscription?.stop()
    for (const timer of this.#timers) timer.cancel()
    this.#timers = []
  }

  async #sendInitial(list: ListAnswer): Promise<void> {
    const rest = list.rest?.()
    let bytes = 0
    const send = (item: ListItem): boolean => {
      if (this.#listener.onInitial) this.#listener.onInitial(item)
      else this.#listener.onEvent(initialFrame(item))
      bytes += item.size
      return bytes < INITIAL_BYTES && !this.#ended
    }
    this.#listener.hold?.()
    for (const item of list.first) send(item)
    for (let more = rest !== undefined; rest && more && !this.#ended;) {
      await this.#listener.taken?.(false)
      if (this.#ended) return
      this.#listener.hold?.()
      bytes = 0
      more = await rest.step(send)
    }
    if (this.#ended) return
    const { allowWatchBookmarks, sendInitialEvents } = this.#options
    if (allowWatchBookmarks && sendInitialEvents) this.#bookmark(list.revision, { 'k8s.io/initial-events-end': 'true' })
    await this.#listener.taken?.(true)
    if (!this.#ended) this.#follow(list.revision)
  }

  #follow(after: number): void {
    const hub = this.#registry.hubs.of(this.#resource)
    this.#subscription = hub.subscribe(after, this.#selection, {
      onChange: (change) => this.#onChange(change),
      onError: (error) => this.#fail(error, after),
    })
    if (this.#ended) return this.#subscription.stop()
    if (this.#options.allowWatchBookmarks) this.#bookmarkLater()
  }

  #onChange(change: Change): void {
    if (this.#ended) return
    const frame = this.#selection.all ? change.frame(change.type) : selected(change, this.#selection)
    if (frame) this.#listener.onEvent(frame)
  }

  #bookmarkLater(): void {
    const { bookmarkMs, env } = this.#registry
    const timer = env.clock.setTimer(
      () => {
        this.#timers = this.#timers.filter((other) => other !== timer)
        this.#bookmark(this.#subscription?.position ?? 0)
        this.#bookmarkLater()
      },
      bookmarkMs * (0.75 + env.random.next() / 4),
    )
    this.#timers.push(timer)
  }

  #bookmark(revision: number, annotations?: Record<string, string>): void {
    if (revision === 0) return
    const { definition, codec } = this.#resource
    const metadata = { resourceVersion: String(revision), ...(annotations && { annotations }) }
    const object: KubeObject = { kind: definition.kind, apiVersion: codec.apiVersion, metadata }
    this.#listener.onEvent(new Frame('BOOKMARK', () => object))
  }

  #timeUp(): void {
    if (this.#ended) return
    if (this.#options.allowWatchBookmarks && this.#subscription) this.#bookmark(this.#subscription.position)
    this.stop()
    this.#listener.onEnd()
  }

  #fail(error: unknown, after = 0): void {
    if (this.#ended) return
    this.stop()
    if (error instanceof WatchOver) return this.#listener.onEnd()
    const status = watchError(error, after).status
    this.#listener.onEvent(new Frame('ERROR', () => status as Status & KubeObject))
    this.#listener.onEnd()
  }
}

/** An object that comes into the selection is added, one that leaves it is deleted, whatever happened to it. */
function selected(change: Change, selection: Selection): WatchFrame | undefined {
  const current = change.current()
  const previous = change.previous()
  const is = current !== undefined && selection.matches(current)
  const was = previous === undefined ? change.type === 'MODIFIED' && is : selection.matches(previous)
  if (is) return change.frame(was ? 'MODIFIED' : 'ADDED')
  return was ? change.frame('DELETED') : undefined
}

function watchError(error: unknown, after: number): StatusError {
  if (error instanceof CompactedError) return expired(`too old resource version: ${after} (${error.compactRevision})`)
  return internalError(error)
}
