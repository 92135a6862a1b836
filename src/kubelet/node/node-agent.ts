import { nodes } from '../../api/core/v1/node.ts'
import type { Node, NodeStatus, ResourceList } from '../../api/generated/types/core/v1.ts'
import { semanticEqual } from '../../apimachinery/equality.ts'
import type { Frozen } from '../../apimachinery/meta.ts'
import { hasReason } from '../../apimachinery/status.ts'
import { Informer } from '../../client/informer/informer.ts'
import type { Client } from '../../client/client.ts'
import type { EventRecorder } from '../../client/events.ts'
import { Backoff } from '../../lib/backoff.ts'
import { sleep, type Timer } from '../../lib/clock.ts'
import type { Env } from '../../lib/env.ts'
import type { KubeletConfig } from '../config.ts'
import type * as cri from '../cri/generated/types.ts'
import type { ImageService, RuntimeService } from '../cri/services.ts'
import type { Host } from '../host/host.ts'
import { defaultLabels } from './labels.ts'
import { nodeStatus, type NodeObservation } from './status.ts'

export interface NodeAgentOptions {
  readonly client: Client
  readonly env: Env
  readonly config: KubeletConfig
  readonly host: Host
  readonly runtime: RuntimeService
  readonly images: ImageService
  readonly events: EventRecorder
  readonly signal: AbortSignal
  /** What pods have to know of the node has changed. */
  readonly onChange: () => void
}

const RETRY = { firstMs: 200, maxMs: 7000, factor: 2, jitter: 0.2, resetAfterMs: 60_000 }
/** While the runtime has no network it is asked again this often. */
const NOT_READY_MS = 500
const SETTLE_MS = 20
/** A runtime that restarts makes no node NotReady (upstream's maxWaitForContainerRuntime). */
const RUNTIME_DOWN_MS = 30_000

/** Keeps the Node object: registers it, and writes its status when something has changed, and every few minutes. */
export class NodeAgent {
  readonly #options: NodeAgentOptions
  #node: Frozen<Node> | undefined
  #addresses: readonly string[] = []
  #runtimeVersion = { name: '', version: '' }
  #handlers: readonly cri.RuntimeHandler[] = []
  #runtimeProblem: string | undefined = 'container runtime status check may not have completed yet'
  #networkProblem: string | undefined
  #pressure = { memory: false, disk: false, pid: false }
  #storageBytes = 0
  #timer: Timer | undefined
  #down: Timer | undefined
  #again: Timer | undefined
  #writing = false
  #dirty = false
  #heartbeatDue = false

  constructor(options: NodeAgentOptions) {
    this.#options = options
    const cancel = (): void => {
      for (const timer of [this.#timer, this.#down, this.#again]) timer?.cancel()
    }
    options.signal.addEventListener('abort', cancel, { once: true })
  }

  /** As the API last showed it; undefined before it is registered. */
  get node(): Frozen<Node> | undefined {
    return this.#node
  }

  get addresses(): readonly string[] {
    return this.#addresses
  }

  get runtimeName(): string {
    return this.#runtimeVersion.name || 'containerd'
  }

  /** Why pods cannot have a network, if they cannot. */
  get networkProblem(): string | undefined {
    return this.#networkProblem
  }

  /** What the node is short of. */
  get pressure(): NodeObservation['pressure'] {
    return this.#pressure
  }

  /** Finds out about the machine and the runtime. Call first. */
  async look(): Promise<void> {
    const { config, host } = this.#options
    this.#addresses = config.nodeIPs ?? (await host.machine.addresses())
    this.#storageBytes = (await host.files.statfs(config.rootDir).catch(() => undefined))?.capacityBytes ?? 0
    await this.#lookAtRuntime()
  }

  /** Creates the Node object, or takes over the one that is there. Tries until it succeeds or the agent stops. */
  async register(): Promise<void> {
    const { env, signal, events, config } = this.#options
    const backoff = new Backoff(RETRY, env)
    while (!signal.aborted) {
      try {
        this.#node = await this.#create()
        if (this.#node) this.#tell(undefined, this.#node.status)
        else {
          this.#node = await this.#adopt()
          // Whatever the API shows is of the agent before: the first report says that this one lives (as upstream's).
          this.#heartbeatDue = true
        }
        events.event(this.#node, 'Normal', 'Starting', 'Starting kubelet.')
        this.#follow()
        return this.wake()
      } catch (err) {
        if (signal.aborted) return
        env.log.warn('could not register the node; trying again', { node: config.nodeName, err })
        await sleep(env.clock, backoff.next(), signal).catch(() => undefined)
      }
    }
  }

  /** Labels and taints that others set decide which pods may come. */
  #follow(): void {
    const { client, env, config, signal } = this.#options
    const scope = { fieldSelector: `metadata.name=${config.nodeName}` }
    const informer = new Informer({ client, env, resource: nodes, scope })
    const take = (node: Frozen<Node>): void => {
      if (revision(node) <= revision(this.#node)) return
      const before = this.#node?.status
      this.#node = node
      // What others add to the capacity can be allocated.
      if (!semanticEqual(before?.capacity, node.status?.capacity)) this.wake()
    }
    informer.addHandler({ onAdd: take, onUpdate: take })
    informer.run(signal).catch((err: unknown) => {
      if (!signal.aborted) env.log.error('the node is not followed any more', { err })
    })
  }

  /** The runtime could not be reached, or can again. One that is back soon was never away, as far as the node tells. */
  runtimeHealth(problem: Error | undefined): void {
    const { clock } = this.#options.env
    if (problem) {
      this.#down ??= clock.setTimer(() => this.#runtimeDown(problem), RUNTIME_DOWN_MS)
    } else {
      this.#down?.cancel()
      this.#down = undefined
      this.#lookAtRuntime().then(
        () => this.wake(),
        (error: unknown) => this.runtimeHealth(error instanceof Error ? error : new Error(String(error))),
      )
    }
  }

  #runtimeDown({ message }: Error): void {
    this.#runtimeProblem = `container runtime is down: ${message}`
    this.wake()
  }

  pressed(pressure: NodeObservation['pressure']): void {
    if (semanticEqual(pressure, this.#pressure)) return
    this.#pressure = pressure
    this.wake()
  }

  /** Something about the node may have changed: has the status worked out and written if it is news. */
  wake(): void {
    if (this.#options.signal.aborted || !this.#node) return
    this.#dirty = true
    if (!this.#writing) void this.#run()
  }

  async #run(): Promise<void> {
    const { env, signal, config } = this.#options
    const backoff = new Backoff(RETRY, env)
    this.#writing = true
    this.#timer?.cancel()
    while (this.#dirty && !signal.aborted) {
      // What changes together is written together.
      await sleep(env.clock, SETTLE_MS, signal).catch(() => undefined)
      this.#dirty = false
      try {
        await this.#write()
      } catch (err) {
        env.log.warn('could not write the status of the node; trying again', { err })
        this.#dirty = true
        await sleep(env.clock, backoff.next(), signal).catch(() => undefined)
      }
    }
    this.#writing = false
    if (!signal.aborted) this.#timer = env.clock.setTimer(() => this.#heartbeat(), config.statusReportMs)
  }

  /** Written even when nothing has changed, but for the time. */
  #heartbeat(): void {
    this.#heartbeatDue = true
    this.wake()
  }

  async #lookAtRuntime(): Promise<void> {
    const { runtime, env, signal } = this.#options
    const [version, { status, runtimeHandlers }] = await Promise.all([runtime.version(), runtime.status()])
    this.#runtimeVersion = { name: version.runtimeName, version: version.runtimeVersion }
    this.#handlers = runtimeHandlers
    const condition = (type: string): cri.RuntimeCondition | undefined =>
      status?.conditions.find((c) => c.type === type)
    this.#runtimeProblem = problemOf('container runtime not ready: RuntimeReady', condition('RuntimeReady'))
    this.#networkProblem = problemOf('container runtime network not ready: NetworkReady', condition('NetworkReady'))
    this.#options.onChange()
    if (this.#runtimeProblem === undefined && this.#networkProblem === undefined) return
    this.#again?.cancel()
    if (!signal.aborted) this.#again = env.clock.setTimer(() => this.runtimeHealth(undefined), NOT_READY_MS)
  }

  /** Undefined when there is one of that name. */
  async #create(): Promise<Frozen<Node> | undefined> {
    const { client, config } = this.#options
    const { registerWithTaints, providerId } = config
    const node: Node = {
      metadata: { name: config.nodeName, ...this.#metadata() },
      spec: {
        ...(registerWithTaints.length > 0 && { taints: [...registerWithTaints] }),
        ...(providerId !== undefined && { providerID: providerId }),
      },
      status: await this.#status(undefined),
    }
    return client(nodes)
      .create(node)
      .catch((error: unknown) => {
        if (hasReason(error, 'AlreadyExists')) return undefined
        throw error
      })
  }

  /** The one that is there, with the labels that it has to have. */
  #adopt(): Promise<Frozen<Node>> {
    const { client, config } = this.#options
    return client(nodes).patch(config.nodeName, 'strategic', { metadata: this.#metadata() })
  }

  #metadata(): Pick<Node['metadata'], 'labels' | 'annotations'> {
    const { config, host } = this.#options
    return {
      labels: { ...defaultLabels(host.machine, config.nodeName), ...config.nodeLabels },
      annotations: { 'volumes.kubernetes.io/controller-managed-attach-detach': 'true' },
    }
  }

  async #status(old: Frozen<NodeStatus> | undefined): Promise<NodeStatus> {
    const { config, host, images, env } = this.#options
    const problems = [this.#runtimeProblem, this.#networkProblem].filter((problem) => problem !== undefined)
    return nodeStatus(
      {
        config,
        machine: host.machine,
        addresses: this.#addresses,
        runtime: this.#runtimeVersion,
        images: await images.listImages().catch(() => []),
        ephemeralStorageBytes: this.#storageBytes,
        problems,
        pressure: this.#pressure,
        handlers: this.#handlers,
        nowMs: env.clock.now(),
      },
      old,
    )
  }

  async #write(): Promise<void> {
    const { client, config } = this.#options
    const before = this.#node?.status
    const wanted = await this.#status(before)
    if (before && !this.#heartbeatDue && sameStatus(before, wanted)) return
    this.#heartbeatDue = false
    this.#node = await client(nodes).patch(
      config.nodeName,
      'strategic',
      { status: patchOf(wanted, before) },
      { subresource: 'status' },
    )
    this.#tell(before, wanted)
    this.#options.onChange()
  }

  /** Says which conditions have changed, as events about the node. */
  #tell(before: Frozen<NodeStatus> | undefined, now: Frozen<NodeStatus> = {}): void {
    if (!this.#node) return
    for (const { type, status } of now.conditions ?? []) {
      const old = before?.conditions?.find((condition) => condition.type === type)?.status
      const reason = EVENTS[type]?.[status === 'True' ? 0 : 1]
      if (old === status || reason === undefined) continue
      this.#options.events.event(
        this.#node,
        'Normal',
        reason,
        `Node ${this.#options.config.nodeName} status is now: ${reason}`,
      )
    }
  }
}

/** The event for each condition's being true, and false. */
const EVENTS: Readonly<Record<string, readonly [string, string]>> = {
  Ready: ['NodeReady', 'NodeNotReady'],
  MemoryPressure: ['NodeHasInsufficientMemory', 'NodeHasSufficientMemory'],
  DiskPressure: ['NodeHasDiskPressure', 'NodeHasNoDiskPressure'],
  PIDPressure: ['NodeHasInsufficientPID', 'NodeHasSufficientPID'],
}

function problemOf(prefix: string, condition: cri.RuntimeCondition | undefined): string | undefined {
  if (condition?.status === true) return undefined
  return `${prefix}=false reason:${condition?.reason ?? ''} message:${condition?.message ?? ''}`
}

/**
 * Addresses have a patch strategy that would keep old ones; all is said anew. Of the resources only what changes: others may change theirs at the
 * same time.
 */
function patchOf(status: NodeStatus, before: Frozen<NodeStatus> | undefined): Record<string, unknown> {
  return {
    ...status,
    addresses: [...(status.addresses ?? []), { $patch: 'replace' }],
    capacity: changes(before?.capacity, status.capacity),
    allocatable: changes(before?.allocatable, status.allocatable),
  }
}

/** What leads from one list of resources to the other; null for what goes. */
function changes(before: Frozen<ResourceList> = {}, now: ResourceList = {}): Record<string, unknown> {
  const gone = Object.keys(before).filter((name) => !(name in now))
  return {
    ...Object.fromEntries(gone.map((name) => [name, null])),
    ...Object.fromEntries(Object.entries(now).filter(([name, value]) => before[name] !== value)),
  }
}

/** Equal but for the heartbeats. */
function sameStatus(a: Frozen<NodeStatus>, b: NodeStatus): boolean {
  return (Object.keys(b) as (keyof NodeStatus)[]).every((field) => {
    if (field !== 'conditions') return semanticEqual(a[field], b[field])
    return b.conditions?.every((condition) => {
      const before = a.conditions?.find(({ type }) => type === condition.type)
      return (
        before?.status === condition.status &&
        before.reason === condition.reason &&
        before.message === condition.message
      )
    })
  })
}

function revision(node: Frozen<Node> | undefined): number {
  return Number(node?.metadata.resourceVersion ?? 0)
}
