import { builtInResources } from '../api/index.ts'
import type { UserInfo } from '../apiserver/authn/types.ts'
import { alwaysAllow } from '../apiserver/authz/types.ts'
import { handle } from '../apiserver/inprocess/handle.ts'
import { createApiServer, type ApiServer } from '../apiserver/server.ts'
import {
  createClient,
  createSeriesRecorder,
  inProcessTransport,
  InformerFactory,
  runControllers,
  type Client,
  type ControllerDefinition,
} from '../client/index.ts'
import { createControllers } from '../controllers/index.ts'
import { systemClock, VirtualClock } from '../lib/clock.ts'
import { keepAlive } from '../lib/host/keep-alive.ts'
import type { Env } from '../lib/env.ts'
import { silentLogger, type Logger } from '../lib/log.ts'
import { seededRandom } from '../lib/random.ts'
import { Scheduler } from '../scheduler/scheduler.ts'
import { MemoryStore } from '../store/memory/store.ts'
import { Activity } from './activity.ts'
import { parseDuration } from './duration.ts'
import { Faults } from './faults.ts'

/** How to start a cluster. Everything has a default. */
export interface ClusterOptions {
  /** `virtual`: time stands still until `advance`. Default `real`. */
  readonly time?: 'real' | 'virtual'
  /** Virtual time starts here, in ms since the epoch. */
  readonly startMs?: number
  /** Names, uids and all other chance follow from it. */
  readonly seed?: number
  /** Beside the control plane's own, such as the one under test. */
  readonly controllers?: readonly ControllerDefinition[]
  /** Without the control plane's own controllers: the API server and scheduler alone. */
  readonly withoutControllers?: boolean
  readonly withoutScheduler?: boolean
  readonly log?: Logger
}

/** The administrator, whom nothing is refused. */
const ADMIN: UserInfo = { name: 'kubernetes-admin', groups: ['system:masters', 'system:authenticated'] }

/** A control plane inside this process: API server over memory, controllers, scheduler. Not one socket, file or child process. */
export class Cluster implements AsyncDisposable {
  readonly server: ApiServer
  readonly client: Client
  readonly env: Env
  readonly faults = new Faults()
  readonly #stop = new AbortController()
  readonly #activity = new Activity()
  readonly #virtual: VirtualClock | undefined
  readonly #ended: Promise<unknown>[] = []
  readonly #store: MemoryStore
  readonly #letGo: () => void

  private constructor(options: ClusterOptions) {
    const { time = 'real', startMs, seed = 1, log = silentLogger } = options
    this.#virtual = time === 'virtual' ? new VirtualClock(startMs) : undefined
    this.env = { clock: this.#virtual ?? systemClock, random: seededRandom(seed), log }
    this.#letGo = this.#virtual ? () => {} : keepAlive()
    this.#store = new MemoryStore({ clock: this.env.clock })
    this.server = createApiServer({
      store: this.#store,
      env: this.env,
      resources: builtInResources,
      authenticator: { authenticate: () => undefined },
      authorizer: alwaysAllow,
      admission: [],
      freeze: true,
    })
    this.client = this.clientAs(ADMIN, 'skiff-testing')
  }

  static async start(options: ClusterOptions = {}): Promise<Cluster> {
    const cluster = new Cluster(options)
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
    const transport = inProcessTransport<UserInfo>(async (request, identity) => {
      const watching = request.path.includes('watch=true')
      return this.#activity.during(watching, () =>
        this.faults.pass(request, identity.name, () => handle(this.server, request, identity)),
      )
    }, user)
    return createClient({ transport, env: this.env, userAgent })
  }

  /**
   * Moves virtual time: milliseconds, or a duration such as `90s`, `1h30m`, `30d`. Returns when everything that came due, and what
   * followed from it, is done.
   */
  async advance(duration: number | string): Promise<void> {
    if (!this.#virtual) throw new Error("advance needs a cluster started with time: 'virtual'")
    await this.#virtual.advance(typeof duration === 'number' ? duration : parseDuration(duration), () =>
      this.#activity.settled(),
    )
  }

  /** Resolves when nothing is going on that time would not have to pass for. */
  settled(): Promise<void> {
    return this.#activity.settled()
  }

  /** Ends everything. Afterwards nothing of the cluster runs or is held. */
  async stop(): Promise<void> {
    this.#stop.abort(new Error('the cluster was stopped'))
    await Promise.allSettled(this.#ended)
    await this.#store.close()
    this.#letGo()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  async #run(options: ClusterOptions): Promise<void> {
    const { signal } = this.#stop
    const definitions = [...(options.withoutControllers ? [] : createControllers()), ...(options.controllers ?? [])]
    const manager = this.clientAs(component('system:kube-controller-manager'))
    const informers = new InformerFactory({ client: manager, env: this.env })
    const running = runControllers(definitions, {
      client: manager,
      env: this.env,
      signal,
      informers,
      clientFor: ({ name, serviceAccount = `${name}-controller` }) =>
        serviceAccount === '' ? manager : this.clientAs(controllerIdentity(serviceAccount)),
    })
    this.#ended.push(running.stopped)
    const ready: Promise<unknown>[] = [running.ready]
    if (!options.withoutScheduler) this.#ended.push(this.#schedule(informers))
    informers.start(signal)
    this.#ended.push(informers.stopped())
    ready.push(informers.synced(signal))
    await Promise.all(ready)
  }

  #schedule(informers: InformerFactory): Promise<void> {
    const client = this.clientAs(component('system:kube-scheduler'))
    const { signal } = this.#stop
    const name = 'default-scheduler'
    const events = createSeriesRecorder({
      client,
      env: this.env,
      signal,
      reportingController: name,
      reportingInstance: `${name}-skiff`,
    })
    const scheduler = new Scheduler({ client, informers, events, env: this.env, signal })
    return scheduler.run().catch((error: unknown) => {
      if (!signal.aborted) this.env.log.error('the scheduler ended', { err: error })
    })
  }
}

function component(name: string): UserInfo {
  return { name, groups: ['system:authenticated'] }
}

function controllerIdentity(account: string): UserInfo {
  return {
    name: `system:serviceaccount:kube-system:${account}`,
    groups: ['system:serviceaccounts', 'system:serviceaccounts:kube-system', 'system:authenticated'],
  }
}
