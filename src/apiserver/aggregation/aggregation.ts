import { apiServices } from '../../api/apiregistration/v1/apiservice.ts'
import { services } from '../../api/core/v1/service.ts'
import { endpointSlices } from '../../api/discovery/v1/endpointslice.ts'
import type { APIService } from '../../api/generated/types/apiregistration/v1.ts'
import { type KubeObject, timestamp } from '../../apimachinery/meta.ts'
import { hasReason } from '../../apimachinery/status.ts'
import type { Timer } from '../../lib/clock.ts'
import type { MaybePromise } from '../../store/store.ts'
import { Mirror } from '../mirror/mirror.ts'
import type { Answer } from '../registry/answer.ts'
import { guaranteedUpdate } from '../registry/guaranteed-update.ts'
import type { ServedResource } from '../registry/served.ts'
import type { Call } from '../request/call.ts'
import type { ApiServer } from '../server.ts'
import { remoteOf, type RemoteApiService, rootOf } from './api-service.ts'
import { type Availability, availabilityOf } from './availability.ts'
import type { RemoteVersion } from './merge.ts'
import { isAvailable, unavailability } from './metrics.ts'
import { passOn } from './proxy.ts'
import { registerCustom } from './registration.ts'
import { readFacts, type RemoteFacts, sameFacts } from './remote.ts'

/** Upstream looks as often at aggregated servers that are well. */
const RECHECK_MS = 30_000
/** The first look after a failed one; each next one comes twice as late. */
const RETRY_MS = 500
const MAX_RETRY_MS = 30_000
const NONE: RemoteFacts = { resources: [], openApiV3: undefined, openApiV2: undefined, openApiV2Tag: '' }

/** API servers behind this one. With none of them, all that is left of this is one empty map to look into. */
export class Aggregation {
  readonly #server: ApiServer
  readonly #resource: ServedResource
  readonly #known: Mirror<APIService & KubeObject>
  readonly #facts = new Map<string, RemoteFacts>()
  readonly #queue = new Set<string>()
  readonly #timers = new Map<string, { readonly timer: Timer; readonly delayMs: number; readonly isWell: boolean }>()
  readonly #stops: (() => void)[] = []
  readonly #unavailable: (name: string, reason: string) => void
  #byRoot: ReadonlyMap<string, RemoteApiService> = new Map()
  #knownAt = -1
  #changes = 0
  #stopEndpoints: (() => void) | undefined
  #working: Promise<void> | undefined
  #customChanged = true
  #stopped = false

  constructor(server: ApiServer) {
    const { store, env } = server.registry
    const { group, version, plural } = apiServices
    const resource = server.resources.find(group, version, plural)
    if (!resource) throw new Error('APIServices are not served')
    this.#server = server
    this.#resource = resource
    this.#known = new Mirror(store, apiServices, env)
    this.#unavailable = unavailability(server.metrics, () => this.#known.all())
  }

  /** Follows the APIServices from now on. Resolves when all that are stored are known. */
  async start(): Promise<void> {
    const { store, env } = this.#server.registry
    await this.#known.start()
    const prefix = `${apiServices.storagePrefix}/`
    const follow = store.watch(prefix, store.revision, {
      onEvents: (events) => {
        for (const { key } of events) this.#enqueue(key.slice(prefix.length))
      },
      onError: (error) => env.log.error('APIServices are no longer followed', { err: error }),
    })
    const changed = this.#server.resources.onChange(() => {
      this.#customChanged = true
      this.#work()
    })
    this.#stops.push(follow, changed)
    for (const { name } of this.#remotes().values()) this.#queue.add(name)
    this.#work()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    for (const stop of this.#stops) stop()
    this.#stopEndpoints?.()
    for (const { timer } of this.#timers.values()) timer.cancel()
    this.#known.stop()
    await this.#working
  }

  /** Moves with every change of what `versions` says. */
  get generation(): number {
    return this.#known.generation + this.#changes
  }

  /** What aggregated servers answer for. */
  versions(): (RemoteVersion & { readonly facts: RemoteFacts })[] {
    return [...this.#remotes().values()].map((service) => {
      const facts = this.#facts.get(service.name)
      const { resources } = facts ?? NONE
      return { service, resources, fresh: service.available && facts !== undefined, facts: facts ?? NONE }
    })
  }

  /** Answers what an APIService claims; undefined for all else. */
  answer(call: Call): MaybePromise<Answer> | undefined {
    const remotes = this.#remotes()
    if (remotes.size === 0) return undefined
    const { info } = call
    const remote = remotes.get(info.isResource ? rootOf(info) : rootOfPath(info.path))
    return remote && passOn(this.#server, remote, call)
  }

  #remotes(): ReadonlyMap<string, RemoteApiService> {
    if (this.#knownAt !== this.#known.generation) {
      this.#knownAt = this.#known.generation
      const remotes = [...this.#known.all()].flatMap((one) => remoteOf(one) ?? [])
      this.#byRoot = new Map(remotes.map((remote) => [rootOf(remote), remote]))
    }
    return this.#byRoot
  }

  #find(name: string): RemoteApiService | undefined {
    const object = this.#known.get(name)
    return object && remoteOf(object)
  }

  #enqueue(name: string): void {
    this.#queue.add(name)
    this.#work()
  }

  #work(): void {
    this.#working ??= this.#drain().finally(() => {
      this.#working = undefined
      if (!this.#stopped && (this.#queue.size > 0 || this.#customChanged)) this.#work()
    })
  }

  async #drain(): Promise<void> {
    // What is learnt in one go is worked on together.
    await Promise.resolve()
    if (this.#stopped) return
    this.#followEndpoints()
    const { log } = this.#server.env
    if (this.#customChanged) {
      this.#customChanged = false
      await registerCustom(this.#server, this.#known).catch((err: unknown) => {
        log.warn('custom resources cannot be registered', { err })
      })
    }
    const names = [...this.#queue]
    this.#queue.clear()
    await Promise.all(
      names.map(async (name) => {
        try {
          await this.#check(name)
        } catch (err) {
          log.warn('an APIService cannot be brought up to date', { name, err })
          this.#later(name, false)
        }
      }),
    )
  }

  async #check(name: string): Promise<void> {
    const remote = this.#find(name)
    if (!remote) {
      this.#timers.get(name)?.timer.cancel()
      this.#timers.delete(name)
      if (this.#facts.delete(name)) this.#changes++
      return
    }
    const { registry } = this.#server
    const availability = await availabilityOf(registry, remote)
    const isAvailable = availability.status === 'True'
    const isLearnt = !isAvailable || (await this.#read(name, remote))
    if (this.#stopped) return
    await this.#report(name, availability)
    this.#later(name, isAvailable && isLearnt)
  }

  /** Whether it says what it serves. One that does not is there all the same. */
  async #read(name: string, remote: RemoteApiService): Promise<boolean> {
    const { registry, env } = this.#server
    try {
      this.#learn(name, await readFacts(registry, remote, this.#facts.get(name)))
      return true
    } catch (err) {
      env.log.warn('an aggregated API server does not say what it serves', { name, err })
      return false
    }
  }

  #learn(name: string, facts: RemoteFacts): void {
    const before = this.#facts.get(name)
    if (before && sameFacts(before, facts)) {
      this.#facts.set(name, facts)
      return
    }
    this.#facts.set(name, facts)
    this.#changes++
  }

  async #report(name: string, found: Availability): Promise<void> {
    const { registry } = this.#server
    const now = timestamp(registry.env.clock.now())
    const known = this.#known.get(name)
    if (found.status !== 'True' && known && isAvailable(known)) this.#unavailable(name, found.reason ?? 'UnknownReason')
    try {
      await guaranteedUpdate(registry, this.#resource, { namespace: '', name, dryRun: false }, (draft) => {
        const status = ((draft as APIService).status ??= {})
        const conditions = (status.conditions ??= [])
        const at = conditions.findIndex(({ type }) => type === 'Available')
        const before = conditions[at]
        const lastTransitionTime = before?.status === found.status ? (before.lastTransitionTime ?? now) : now
        const condition = { type: 'Available', status: found.status, lastTransitionTime, reason: found.reason ?? '' }
        conditions.splice(at < 0 ? conditions.length : at, 1, { ...condition, message: found.message ?? '' })
      })
    } catch (error) {
      if (!hasReason(error, 'NotFound')) throw error
    }
  }

  #later(name: string, isWell: boolean): void {
    if (this.#stopped) return
    const before = this.#timers.get(name)
    before?.timer.cancel()
    const grown = before && !before.isWell ? Math.min(MAX_RETRY_MS, before.delayMs * 2) : RETRY_MS
    const delayMs = isWell ? RECHECK_MS : grown
    const timer = this.#server.env.clock.setTimer(() => this.#enqueue(name), delayMs)
    this.#timers.set(name, { timer, delayMs, isWell })
  }

  /** Services and endpoints are followed only while an APIService needs one. */
  #followEndpoints(): void {
    const isNeeded = this.#remotes().size > 0
    if (!isNeeded) {
      this.#stopEndpoints?.()
      this.#stopEndpoints = undefined
      return
    }
    if (this.#stopEndpoints) return
    const { store, env } = this.#server.registry
    const stops = [services.storagePrefix, endpointSlices.storagePrefix].map((storagePrefix) => {
      const prefix = `${storagePrefix}/`
      return store.watch(prefix, store.revision, {
        onEvents: (events) => {
          const namespaces = new Set(events.map(({ key }) => key.slice(prefix.length).split('/')[0]))
          for (const { name, service } of this.#remotes().values()) {
            if (namespaces.has(service.namespace)) this.#enqueue(name)
          }
        },
        onError: (err) => {
          env.log.warn('endpoints of aggregated API servers are no longer followed', { err })
          this.#stopEndpoints = undefined
        },
      })
    })
    this.#stopEndpoints = () => stops.forEach((stop) => stop())
  }
}

/** The group and version that a path is in, as rootOf writes it; the document of their OpenAPI is in theirs. */
function rootOfPath(path: string): string {
  const inner = path.replace(/^\/openapi\/v3\//, '/')
  const match = /^\/(api\/[^/]+|apis\/[^/]+\/[^/]+)/.exec(inner)
  return match?.[1] ?? ''
}
