import { pods } from '../../api/core/v1/pod.ts'
import { leases } from '../../api/coordination/v1/lease.ts'
import type { Lease } from '../../api/generated/types/coordination/v1.ts'
import type { Pod as ApiPod } from '../../api/generated/types/core/v1.ts'
import type { Frozen } from '../../apimachinery/meta.ts'
import type { Client } from '../../client/client.ts'
import { Informer } from '../../client/informer/informer.ts'
import { sleep } from '../../lib/clock.ts'
import type { Env } from '../../lib/env.ts'
import { defaultConfig, type KubeletConfig } from '../config.ts'
import { startKubelet, type Kubelet, type KubeletOptions } from '../kubelet.ts'
import { renewLease } from '../node/lease.ts'
import type { NodeAgent } from '../node/node-agent.ts'
import type { PodHandler, PodSource } from '../pod/source.ts'
import type { Pod } from '../pod/spec.ts'
import { sharedParts, type SharedParts } from '../shared.ts'
import { simulatedHost, type SimulatedMachine } from './host.ts'
import { SimulatedImages } from './images.ts'
import { AddressPool } from './addresses.ts'
import { SimulatedProbes } from './probes.ts'
import { SimulatedRuntime, type SimulatedSessions } from './runtime.ts'
import type { Script } from './script.ts'
import { SimulatedVolumes } from './volumes.ts'

export interface FleetOptions {
  readonly client: Client
  readonly env: Env
  /** What pods and images do, beyond what pods' annotations say. */
  readonly script?: Script
  /** The addresses of simulated pods; nobody answers there. Default 10.128.0.0/9. */
  readonly podCidr?: string
  readonly sessions?: SimulatedSessions
  /**
   * The client of each node, which then acts and watches for itself, as a node that is alone: it can be cut off from the others. When
   * absent they share `client` and all that can be shared.
   */
  readonly clientOf?: (nodeName: string) => Client
  /** How often nodes that don't share say that they are alive; as upstream unless told. */
  readonly heartbeats?: Pick<KubeletConfig, 'leaseSeconds' | 'statusReportMs'>
}

/** How a simulated node differs from the others. */
export interface HollowNodeOptions extends Partial<SimulatedMachine> {
  readonly labels?: Readonly<Record<string, string>>
  readonly taints?: KubeletConfig['registerWithTaints']
  readonly maxPods?: number
  /** The address that the node says it has. */
  readonly address?: string
}

/** A simulated node: a real node agent over a runtime in memory. */
export interface HollowNode {
  readonly name: string
  readonly kubelet: Kubelet
  readonly runtime: SimulatedRuntime
  /** Stops the agent and forgets its containers, as when a machine is switched off. The Node object stays. */
  powerOff(): Promise<void>
}

const MACHINE: SimulatedMachine = { cpus: 8, memoryBytes: 32 * 1024 ** 3 }
const LEASE_SECONDS = 40
const RENEWALS_PER_LIFE = 4
/** Leases are renewed a few at a time, spread over the time between two renewals. */
const TICKS = 50

/**
 * Simulated nodes in one process: each has an agent of its own, but unless each has a client too they share one watch of pods, one of each object that pods refer
 * to, and one timer for all leases, so that thousands cost little.
 */
export class Fleet {
  readonly #options: FleetOptions
  readonly #stop = new AbortController()
  #common: CommonParts | undefined
  readonly #addresses: AddressPool
  readonly #nodes = new Map<string, HollowNode>()

  constructor(options: FleetOptions) {
    this.#options = options
    this.#addresses = new AddressPool(options.podCidr ?? '10.128.0.0/9')
  }

  get nodes(): ReadonlyMap<string, HollowNode> {
    return this.#nodes
  }

  /** Switches on a node. Resolves when its agent runs; it registers itself from then on. */
  async add(name: string, options: HollowNodeOptions = {}): Promise<HollowNode> {
    const { env, script = {}, sessions, clientOf } = this.#options
    const machine = { ...MACHINE, ...options }
    const host = simulatedHost(env, name, machine)
    const off = new AbortController()
    const runtime = new SimulatedRuntime({
      env,
      signal: off.signal,
      script,
      files: host.files,
      allocateIP: () => this.#addresses.take(),
      releaseIP: (ip) => this.#addresses.giveBack(ip),
      ...(sessions && { sessions }),
    })
    const parts = clientOf ? this.#ownParts(clientOf(name), off.signal) : this.#commonParts(name)
    const kubelet = await startKubelet({
      ...parts,
      env,
      config: { ...configOf(name, options), ...this.#options.heartbeats },
      host,
      runtime,
      images: new SimulatedImages(env, script, off.signal),
      probes: (onChange) => new SimulatedProbes(env, (id) => runtime.scriptOf(id), onChange),
      volumes: new SimulatedVolumes(parts.shared.objects),
    })
    const powerOff = async (): Promise<void> => {
      if (this.#nodes.get(name) === node) this.#nodes.delete(name)
      off.abort(new Error('the node was switched off'))
      await kubelet.stop()
    }
    const node = { name, kubelet, runtime, powerOff }
    this.#nodes.set(name, node)
    return node
  }

  /** Switches off all nodes and what they share. */
  async stop(): Promise<void> {
    await Promise.all([...this.#nodes.values()].map((node) => node.powerOff()))
    this.#stop.abort(new Error('the simulated nodes stop'))
  }

  /** What a node needs that is alone. */
  #ownParts(client: Client, signal: AbortSignal): NodeParts {
    const { env } = this.#options
    return { client, shared: sharedParts({ client, env, signal, statusDelayMs: STATUS_DELAY_MS }) }
  }

  /** What a node needs that shares with the others. */
  #commonParts(name: string): NodeParts {
    const { client, env } = this.#options
    const { signal } = this.#stop
    this.#common ??= {
      shared: sharedParts({ client, env, signal, statusDelayMs: STATUS_DELAY_MS }),
      pods: new FleetPods(client, env, signal),
      leases: new FleetLeases(client, env, signal),
    }
    const { shared, pods, leases: kept } = this.#common
    return { client, shared, source: pods, lease: (node, until) => kept.keep(name, node, until) }
  }
}

type NodeParts = Pick<KubeletOptions, 'client' | 'source' | 'lease'> & { readonly shared: SharedParts }

interface CommonParts {
  readonly shared: SharedParts
  readonly pods: FleetPods
  readonly leases: FleetLeases
}

/** A pod that goes through several states at once is written once. */
const STATUS_DELAY_MS = 1

/** Nobody asks it; that there is one keeps pods from being told otherwise. */
const CLUSTER_DNS = { domain: 'cluster.local', servers: ['10.96.0.10'] }

function configOf(
  name: string,
  { labels = {}, taints = [], maxPods = 110, address }: HollowNodeOptions,
): KubeletConfig {
  return {
    ...defaultConfig(name),
    nodeLabels: labels,
    registerWithTaints: taints,
    maxPods,
    clusterDns: CLUSTER_DNS,
    nodeIPs: [address ?? '127.0.0.1'],
    relistMs: 0,
    housekeeping: false,
    maxParallelStarts: maxPods,
  }
}

/** One watch of all pods, told to the nodes that they are bound to. */
class FleetPods implements PodSource {
  readonly #informer: Informer<ApiPod>
  readonly #handlers = new Map<string, PodHandler>()
  #synced = false

  constructor(client: Client, env: Env, signal: AbortSignal) {
    this.#informer = new Informer({ client, env, resource: pods })
    this.#informer.addIndex('node', (pod) => [(pod as Pod).spec.nodeName ?? ''])
    const handlerOf = (pod: Pod): PodHandler | undefined => this.#handlers.get(pod.spec.nodeName ?? '')
    this.#informer.addHandler({
      onAdd: (pod) => handlerOf(pod)?.set(pod),
      onUpdate: (pod) => handlerOf(pod)?.set(pod),
      onDelete: (pod) => handlerOf(pod)?.removed(pod),
      onProgress: () => this.#onProgress(),
    })
    this.#informer.run(signal).catch((err: unknown) => env.log.error('pod informer ended', { err }))
  }

  follow(nodeName: string, handler: PodHandler, signal: AbortSignal): void {
    this.#handlers.set(nodeName, handler)
    signal.addEventListener('abort', () => {
      if (this.#handlers.get(nodeName) === handler) this.#handlers.delete(nodeName)
    })
    for (const pod of this.#informer.lister.byIndex('node', nodeName)) handler.set(pod)
    if (this.#informer.synced) handler.synced()
  }

  #onProgress(): void {
    if (this.#synced || !this.#informer.synced) return
    this.#synced = true
    for (const handler of this.#handlers.values()) handler.synced()
  }
}

interface FleetLease {
  readonly node: NodeAgent
  last: Frozen<Lease> | undefined
}

/** Renews every node's lease in time, a few at each tick of one timer. */
class FleetLeases {
  readonly #client: Client
  readonly #env: Env
  readonly #kept = new Map<string, FleetLease>()

  constructor(client: Client, env: Env, signal: AbortSignal) {
    this.#client = client
    this.#env = env
    this.#run(signal).catch((err: unknown) => env.log.error('leases are not renewed any more', { err }))
  }

  async keep(name: string, node: NodeAgent, signal: AbortSignal): Promise<void> {
    const lease: FleetLease = { node, last: undefined }
    this.#kept.set(name, lease)
    signal.addEventListener('abort', () => {
      if (this.#kept.get(name) === lease) this.#kept.delete(name)
    })
    await this.#renew(name, lease)
  }

  async #run(signal: AbortSignal): Promise<void> {
    for (let tick = 0; !signal.aborted; tick++) {
      const ticks = Math.max(1, Math.min(TICKS, this.#kept.size))
      let at = 0
      const due: Promise<void>[] = []
      for (const [name, lease] of this.#kept) if (at++ % ticks === tick % ticks) due.push(this.#renew(name, lease))
      await Promise.all(due)
      const waitMs = (LEASE_SECONDS * 1000) / RENEWALS_PER_LIFE / ticks
      await sleep(this.#env.clock, waitMs, signal).catch(() => undefined)
    }
  }

  async #renew(nodeName: string, lease: FleetLease): Promise<void> {
    const options = {
      client: this.#client,
      env: this.#env,
      nodeName,
      leaseSeconds: LEASE_SECONDS,
      nodeUid: () => lease.node.node?.metadata.uid,
    }
    try {
      lease.last = await renewLease(options, lease.last)
    } catch (err) {
      lease.last = undefined
      this.#env.log.debug(`could not renew a lease of ${leases.plural}`, { node: nodeName, err })
    }
  }
}
