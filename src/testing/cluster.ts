import { serviceAccounts } from '../api/core/v1/serviceaccount.ts'
import { nodes } from '../api/core/v1/node.ts'
import type { Frozen, KubeObject } from '../apimachinery/meta.ts'
import type { UserInfo } from '../apiserver/authn/types.ts'
import type { ApiServer } from '../apiserver/server.ts'
import { runControllers, type Client, type ControllerDefinition, type InProcessHandler } from '../client/index.ts'
import { applyManifest, inOrder } from '../client/apply-set/apply.ts'
import { parseManifests, type Manifest } from '../client/apply-set/parse.ts'
import { certificateAuthenticator } from '../cmd/server/certificate-authenticator.ts'
import { startControlPlane } from '../cmd/server/control-plane.ts'
import { startGuardedApi, type GuardedApi } from '../cmd/server/guarded-api.ts'
import { identities } from '../cmd/server/identities.ts'
import { runScheduler } from '../cmd/server/scheduling.ts'
import { noFolders } from '../kubelet/provisioner/folders.ts'
import { runLocalVolumes } from '../kubelet/provisioner/run.ts'
import type { SimulatedSessions } from '../kubelet/simulated/runtime.ts'
import type { Script } from '../kubelet/simulated/script.ts'
import { systemClock, VirtualClock } from '../lib/clock.ts'
import type { Env } from '../lib/env.ts'
import { keepAlive } from '../lib/host/keep-alive.ts'
import { silentLogger, type Logger } from '../lib/log.ts'
import { seededRandom } from '../lib/random.ts'
import type { Store } from '../store/store.ts'
import { Activity } from './activity.ts'
import { parseDuration } from './duration.ts'
import { Faults, FaultyStore, isWatch } from './faults.ts'
import { writeFirstObjects } from './first-objects.ts'
import { readHistory, type HistoryEntry } from './history.ts'
import { ClusterNodes, isOpen, type NodeOptions } from './nodes.ts'
import { ROOT_CA } from './root-ca.ts'
import { untilTrue, type UntilOptions } from './until.ts'

/** How to start a cluster. Everything has a default. */
export interface ClusterOptions {
  /** `virtual`: time stands still until `advance`. Default `real`. */
  readonly time?: 'real' | 'virtual'
  /** Virtual time starts here, in ms since the epoch. Default 2026-01-01T00:00:00Z. */
  readonly startMs?: number
  /** Names, uids and all other chance follow from it. Default 1. */
  readonly seed?: number
  /** How many simulated nodes there are, or how each is made. Default 1. */
  readonly nodes?: number | readonly (NodeOptions & { readonly name?: string })[]
  /** What pods and images do. By default all goes well, at once. */
  readonly script?: Script
  /** Beside the control plane's own, as the administrator; see also `Cluster.run`. */
  readonly controllers?: readonly ControllerDefinition[]
  /** Without the control plane's own controllers: nothing makes service accounts, tells nodes that fail, or collects garbage. */
  readonly withoutControllers?: boolean
  readonly withoutScheduler?: boolean
  readonly log?: Logger
}

/** The administrator, whom nothing is refused. */
const ADMIN: UserInfo = { name: 'kubernetes-admin', groups: ['system:masters', 'system:authenticated'] }
/** Watches inside the process cannot be lost unnoticed; in virtual time they need not be told how far they have come. */
const QUIET_BOOKMARK_MS = 86_400_000
const SETTINGS = { rootCa: ROOT_CA, serviceCidr: '10.96.0.0/12', clusterDomain: 'cluster.local' }

/**
 * A cluster inside this process: API server with its guard, over memory; controllers, scheduler and simulated nodes. Not one socket, file
 * or child process, until `kubeconfig` is asked for.
 */
export class Cluster implements AsyncDisposable {
  readonly server: ApiServer
  /** The administrator's. */
  readonly client: Client
  readonly env: Env
  readonly faults: Faults
  readonly nodes: ClusterNodes
  /** What the API server keeps everything in. */
  readonly store: Store
  readonly #api: GuardedApi
  readonly #stop = new AbortController()
  readonly #activity: Activity
  readonly #virtual: VirtualClock | undefined
  readonly #ended: Promise<unknown>[] = []
  readonly #cleanUp: (() => Promise<void> | void)[] = []
  #kubeconfig: Promise<string> | undefined

  private constructor(made: Foundation, api: GuardedApi, options: ClusterOptions) {
    const { env, faults, store, activity, virtual } = made
    this.#virtual = virtual
    this.#activity = activity
    this.#api = api
    this.env = env
    this.faults = faults
    this.store = store
    this.server = api.server
    this.client = api.clientFor(ADMIN, 'skiff-testing')
    if (!virtual) this.#cleanUp.push(keepAlive())
    const { script } = options
    this.nodes = new ClusterNodes({
      server: api.server,
      env,
      faults,
      admin: this.client,
      clientAs: (user, agent) => api.clientFor(user, agent),
      sessions: this.#sessions(),
      quiet: virtual !== undefined,
      ...(script && { script }),
    })
  }

  static async start(options: ClusterOptions = {}): Promise<Cluster> {
    const made = foundation(options)
    const { env, store, faults, activity } = made
    const through =
      (answer: InProcessHandler<UserInfo>): InProcessHandler<UserInfo> =>
      (request, user) =>
        activity.during(isWatch(request), () => faults.pass(request, user.name, (passed) => answer(passed, user)))
    await writeFirstObjects(store, SETTINGS, env.clock.now())
    const api = await startGuardedApi({
      ...SETTINGS,
      store,
      env,
      bootstrapped: true,
      authenticators: [certificateAuthenticator()],
      freeze: true,
      through,
      ...(made.virtual && { bookmarkMs: QUIET_BOOKMARK_MS }),
    })
    const cluster = new Cluster(made, api, options)
    try {
      await cluster.#run(options)
      return cluster
    } catch (error) {
      await cluster.stop()
      throw error
    }
  }

  /** A client that acts as somebody: authorization and admission are the same as over a socket. */
  clientAs(user: UserInfo, userAgent = user.name): Client {
    return this.#api.clientFor({ ...user, groups: [...user.groups, 'system:authenticated'] }, userAgent)
  }

  /** Applies objects, or YAML with any number of them, as `kubectl apply` does. Resolves to what is stored. */
  async apply(objects: string | Manifest | readonly Manifest[]): Promise<Frozen<KubeObject>[]> {
    const given = typeof objects === 'string' ? parseManifests(objects) : isList(objects) ? objects : [objects]
    const stored: Frozen<KubeObject>[] = []
    for (const object of inOrder(given)) {
      stored.push(await applyManifest(this.client, object))
      // What it defines is served when its definition has been looked at.
      if (object.kind === 'CustomResourceDefinition') await this.settled()
    }
    return stored
  }

  /** Runs more controllers, such as the operator under test; as the administrator, or as `client` acts. Resolves when they work. */
  async run(definitions: readonly ControllerDefinition[], { client = this.client } = {}): Promise<void> {
    const { signal } = this.#stop
    const running = runControllers(definitions, { client, env: this.env, signal })
    this.#ended.push(running.stopped)
    await running.ready
  }

  /** Everything that was ever written, in order (the newest 64 MiB of it): what happened, and what to compare runs by. */
  history(): Promise<HistoryEntry[]> {
    return readHistory(this.store)
  }

  /** The time, in ms since the epoch. */
  now(): number {
    return this.env.clock.now()
  }

  /**
   * Moves virtual time: milliseconds, or a duration such as `90s`, `1h30m`, `30d`. Returns when everything that came due, and what
   * followed from it, is done.
   */
  async advance(duration: number | string): Promise<void> {
    if (!this.#virtual) throw new Error("advance needs a cluster started with time: 'virtual'")
    await this.#virtual.advance(typeof duration === 'number' ? duration : parseDuration(duration), () => this.settled())
  }

  /** Resolves when nothing is going on that time would not have to pass for. */
  settled(): Promise<void> {
    return this.#activity.settled()
  }

  /**
   * Resolves with what `look` gives as soon as that is neither undefined nor false; a `look` that throws NotFound has not found it yet.
   * Virtual time moves as far as it must. Rejects when `within` has passed (by default ten seconds, of virtual time ten minutes).
   */
  async until<T>(
    look: () => Promise<T | undefined | false> | T | undefined | false,
    options: UntilOptions = {},
  ): Promise<T> {
    return untilTrue(look, options, { clock: this.env.clock, virtual: this.#virtual, settled: () => this.settled() })
  }

  /**
   * A kubeconfig with which kubectl, Helm and others reach this cluster as its administrator. The first call opens an HTTPS listener on
   * loopback; `stop` closes it.
   */
  kubeconfig(): Promise<string> {
    return (this.#kubeconfig ??= this.#listen())
  }

  /** Ends everything. Afterwards nothing of the cluster runs or is held. */
  async stop(): Promise<void> {
    this.#stop.abort(new Error('the cluster was stopped'))
    await this.#passTimeUntil(Promise.allSettled([this.nodes.close(), ...this.#ended]))
    for (const cleanUp of this.#cleanUp.splice(0).reverse()) await cleanUp()
    await this.#api.stop()
    await this.store.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  async #run(options: ClusterOptions): Promise<void> {
    const { signal } = this.#stop
    const { withoutControllers = false, withoutScheduler = false, nodes: wanted = 1, controllers = [] } = options
    const parts = { api: this.#api, env: this.env, signal }
    if (!withoutControllers) this.#ended.push(startControlPlane(parts).stopped)
    if (!withoutScheduler) this.#ended.push(this.#schedule(parts))
    if (!withoutControllers) this.#ended.push(this.#makeVolumes(signal))
    const each = typeof wanted === 'number' ? Array.from({ length: wanted }, () => ({})) : wanted
    for (const one of each) await this.nodes.add(one)
    if (controllers.length > 0) await this.run(controllers)
    if (!withoutControllers) await this.until(() => this.#isReady(each.length))
  }

  /** Lets virtual time pass for those who wait for it even at the end. */
  async #passTimeUntil(ended: Promise<unknown>): Promise<void> {
    let isOver = false
    const over = ended.finally(() => (isOver = true))
    for (let due = 0; this.#virtual && due !== Infinity; due = (this.#virtual.nextDue() ?? Infinity) - this.now()) {
      await this.#virtual.advance(due, () => this.settled())
      if (isOver) break
    }
    await over
  }

  /** Pods can be made, and there are nodes that take them. */
  async #isReady(count: number): Promise<boolean> {
    await this.client(serviceAccounts).get('default/default')
    const { items } = await this.client(nodes).list()
    return items.filter(isOpen).length === count
  }

  #schedule(parts: Omit<Parameters<typeof runScheduler>[0], 'nodeName'>): Promise<void> {
    return runScheduler({ ...parts, nodeName: 'skiff' }).catch((error: unknown) => {
      if (!this.#stop.signal.aborted) this.env.log.error('the scheduler ended', { err: error })
    })
  }

  /** As the agents of nodes do. */
  #makeVolumes(signal: AbortSignal): Promise<void> {
    const client = this.#api.clientFor(identities.localVolumes, 'skiff-local-volumes')
    return runLocalVolumes({ nodeNames: this.nodes.known, folders: noFolders, client, env: this.env, signal }).stopped
  }

  async #listen(): Promise<string> {
    // Sockets and certificates are loaded by those alone who want them.
    const { listenOnLoopback } = await import('./listener.ts')
    const { kubeconfig, listener } = await listenOnLoopback(this.server, this.env)
    this.#cleanUp.push(() => listener.close())
    return kubeconfig
  }

  /** Sessions such as `kubectl exec`, from the first on. */
  #sessions(): SimulatedSessions {
    let server: Promise<SimulatedSessions> | undefined
    const start = async (): Promise<SimulatedSessions> => {
      const { SessionServer } = await import('../kubelet/linux/session-server.ts')
      const sessions = new SessionServer()
      this.#cleanUp.push(() => sessions.close())
      return sessions
    }
    return { exec: async (answer, request) => (await (server ??= start())).exec(answer, request) }
  }
}

/** What everything else stands on. */
interface Foundation {
  readonly env: Env
  readonly virtual: VirtualClock | undefined
  readonly faults: Faults
  readonly store: Store
  readonly activity: Activity
}

function foundation({ time = 'real', startMs, seed = 1, log = silentLogger }: ClusterOptions): Foundation {
  const virtual = time === 'virtual' ? new VirtualClock(startMs) : undefined
  const clock = virtual ?? systemClock
  const faults = new Faults()
  const store = new FaultyStore(faults, { clock, history: { maxBytes: 64 * 2 ** 20, maxAgeMs: Infinity } })
  return { env: { clock, random: seededRandom(seed), log }, virtual, faults, store, activity: new Activity() }
}

function isList(objects: Manifest | readonly Manifest[]): objects is readonly Manifest[] {
  return Array.isArray(objects)
}
