import { leases } from '../api/coordination/v1/lease.ts'
import { nodes } from '../api/core/v1/node.ts'
import type { Node, Pod } from '../api/generated/types/core/v1.ts'
import type { Frozen } from '../apimachinery/meta.ts'
import { hasReason } from '../apimachinery/status.ts'
import { microTimestamp } from '../apimachinery/meta.ts'
import type { ApiServer } from '../apiserver/server.ts'
import type { Client } from '../client/index.ts'
import { identities } from '../cmd/server/identities.ts'
import { localNode } from '../cmd/server/local-node.ts'
import { Fleet, type HollowNode, type HollowNodeOptions } from '../kubelet/simulated/fleet.ts'
import type { SimulatedSessions } from '../kubelet/simulated/runtime.ts'
import type { Script } from '../kubelet/simulated/script.ts'
import type { UserInfo } from '../apiserver/authn/types.ts'
import type { Env } from '../lib/env.ts'
import type { Faults } from './faults.ts'

/** How a simulated node is made. */
export type NodeOptions = HollowNodeOptions

export interface NodesOptions {
  readonly server: ApiServer
  readonly env: Env
  readonly faults: Faults
  readonly admin: Client
  readonly clientAs: (user: UserInfo, userAgent: string) => Client
  readonly script?: Script
  readonly sessions: SimulatedSessions
  /** Nodes say seldom that they are alive: virtual time passes in long steps. */
  readonly quiet: boolean
}

interface Running {
  readonly hollow: HollowNode
  readonly options: NodeOptions
  readonly leave: () => void
}

/** In quiet time a node says twice a day that it is alive. Its lease says how long it may be silent. */
const QUIET = { leaseSeconds: 2 * 86_400, statusReportMs: 86_400_000 }
/** What its lease says when it falls silent: as long as upstream's. */
const LAST_LEASE_SECONDS = 40

/**
 * The simulated nodes of a cluster. Each is a real node agent over a runtime in memory, acts as `system:node:<name>`, and does with pods
 * what their scripts say.
 */
export class ClusterNodes {
  readonly #options: NodesOptions
  readonly #fleet: Fleet
  readonly #running = new Map<string, Running>()
  readonly #off = new Map<string, NodeOptions>()
  readonly #partitions = new Map<string, () => void>()
  readonly #known = new Set<string>()
  #made = 0

  /** @internal */
  constructor(options: NodesOptions) {
    const { admin, env, script, sessions, quiet, clientAs } = options
    this.#options = options
    this.#fleet = new Fleet({
      client: admin,
      env,
      sessions,
      clientOf: (name) => clientAs(identities.node(name), 'kubelet'),
      ...(script && { script }),
      ...(quiet && { heartbeats: QUIET }),
    })
  }

  /** The nodes that run. */
  get names(): readonly string[] {
    return [...this.#running.keys()]
  }

  /** All that there have ever been: a disk stays when a node is switched off. @internal */
  get known(): ReadonlySet<string> {
    return this.#known
  }

  /** A running node's agent and runtime. Throws when there is none of that name. */
  get(name: string): HollowNode {
    return this.#find(name).hollow
  }

  /**
   * Switches on a new node: named by the options, else `node-1`, `node-2`, … It registers itself; `cluster.until` or `settled` waits for it.
   */
  async add(options: NodeOptions & { readonly name?: string } = {}): Promise<string> {
    const { name = `node-${++this.#made}`, ...rest } = options
    if (this.#running.has(name)) throw new Error(`there is a node ${name} already`)
    this.#known.add(name)
    const labels = { 'kubernetes.io/hostname': name, ...rest.labels }
    const hollow = await this.#fleet.add(name, { ...rest, labels })
    const leave = this.#options.server.nodes.add(name, localNode(hollow.kubelet.api))
    this.#running.set(name, { hollow, options: rest, leave })
    this.#off.delete(name)
    return name
  }

  /** Pulls the plug: its containers are gone and it says nothing any more; the cluster has to find out. */
  async stop(name: string): Promise<void> {
    const node = this.#find(name)
    await this.#lastSign(name)
    await this.#powerOff(name, node)
    this.#off.set(name, node.options)
  }

  /** Switches on a node that was stopped, with nothing running on it. */
  async start(name: string): Promise<void> {
    const options = this.#off.get(name)
    if (!options) throw new Error(`there is no stopped node ${name}`)
    await this.add({ ...options, name })
  }

  /** Cuts a running node off from the API server. Its containers go on. Returns what heals it. */
  async partition(name: string): Promise<() => void> {
    this.#find(name)
    await this.#lastSign(name)
    const heal = this.#options.faults.disconnect(identities.node(name).name)
    this.#partitions.set(name, heal)
    return heal
  }

  /** Switches a node off, if it runs, and deletes its Node. */
  async remove(name: string): Promise<void> {
    const node = this.#running.get(name)
    if (node) await this.#powerOff(name, node)
    this.#off.delete(name)
    await this.#options.admin(nodes).delete(name).catch(unlessGone)
  }

  /** Ends a running container of a pod from outside, as a crash does. Its first container unless named. */
  crash(
    pod: Frozen<Pod>,
    { container, exitCode = 1 }: { readonly container?: string; readonly exitCode?: number } = {},
  ) {
    const all = pod.status?.containerStatuses ?? []
    const status = container === undefined ? all[0] : all.find(({ name }) => name === container)
    const id = status?.containerID?.replace(/^.*:\/\//, '')
    if (id === undefined) throw new Error(`pod ${pod.metadata.name} has no such container that runs`)
    this.get(pod.spec.nodeName ?? '').runtime.end(id, exitCode)
  }

  /** @internal */
  async close(): Promise<void> {
    for (const [name, { leave }] of this.#running) {
      leave()
      this.#options.faults.disconnect(identities.node(name).name)
    }
    this.#running.clear()
    await this.#fleet.stop()
  }

  async #powerOff(name: string, { hollow, leave }: Running): Promise<void> {
    leave()
    this.#running.delete(name)
    this.#partitions.get(name)?.()
    this.#partitions.delete(name)
    // What is off says nothing any more, not even that its containers have ended.
    const reconnect = this.#options.faults.disconnect(identities.node(name).name)
    await hollow.powerOff()
    reconnect()
  }

  /**
   * A node that speaks seldom falls silent as one that speaks often: it has renewed its lease just before, and from now on may be silent
   * only as long as that one.
   */
  async #lastSign(name: string): Promise<void> {
    const { quiet, admin, env } = this.#options
    if (!quiet) return
    const spec = { leaseDurationSeconds: LAST_LEASE_SECONDS, renewTime: microTimestamp(env.clock.now()) }
    await admin(leases).patch(`kube-node-lease/${name}`, 'merge', { spec }).catch(unlessGone)
  }

  #find(name: string): Running {
    const node = this.#running.get(name)
    if (!node) throw new Error(`no node ${name} runs; there are ${this.names.join(', ') || 'none'}`)
    return node
  }
}

/** Whether the cluster has found out that a node is well: it is ready, and has no taint but those it came with. */
export function isOpen({ spec, status }: Frozen<Node>): boolean {
  const ready = status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True')
  return ready === true && !spec.taints?.some(({ key }) => key.startsWith('node.kubernetes.io/'))
}

function unlessGone(error: unknown): void {
  if (!hasReason(error, 'NotFound')) throw error
}
