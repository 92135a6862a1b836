import type { Frozen } from '../../apimachinery/meta.ts'
import type { Node, Pod } from '../../api/generated/types/core/v1.ts'
import { NodeInfo } from '../framework/node-info.ts'
import { podInfoOf, type PodInfo } from '../framework/pod-info.ts'
import { TopologyCounts, type NamespaceLabels } from './topology-counts.ts'

interface Placed {
  readonly info: PodInfo
  readonly nodeName: string
}

/**
 * The cluster as scheduling sees it: nodes with the pods that are bound to them, or assumed to be while their binding is under way.
 * Changed only between cycles, so that no snapshot is needed.
 */
export class Cache {
  readonly #nodes = new Map<string, NodeInfo>()
  readonly #placed = new Map<string, Placed>()
  readonly #assumed = new Set<string>()
  /** Pods that wait for room to be made on a node, by node. */
  readonly #nominated = new Map<string, Map<string, PodInfo>>()
  /** How many nodes have each image. */
  readonly #imageNodes = new Map<string, number>()
  /** Domains by topology key, as far as asked for: value → number of nodes. */
  readonly #domains = new Map<string, Map<string, number>>()
  #list: readonly NodeInfo[] | undefined
  readonly topology: TopologyCounts

  constructor(namespaceLabels: NamespaceLabels = () => undefined) {
    this.topology = new TopologyCounts(() => this.#nodes.values(), namespaceLabels)
  }

  /** All nodes, those of different zones mixed, so that a search that stops early has seen several. */
  get nodes(): readonly NodeInfo[] {
    return (this.#list ??= mixZones([...this.#nodes.values()]))
  }

  get size(): number {
    return this.#nodes.size
  }

  node(name: string): NodeInfo | undefined {
    return this.#nodes.get(name)
  }

  nodesWithImage(image: string): number {
    return this.#imageNodes.get(image) ?? 0
  }

  /** The values of a topology label over all nodes, with how many nodes have each. */
  domains(topologyKey: string): ReadonlyMap<string, number> {
    let domains = this.#domains.get(topologyKey)
    if (!domains) {
      domains = new Map()
      for (const { labels } of this.#nodes.values()) {
        const value = labels[topologyKey]
        if (value !== undefined) domains.set(value, (domains.get(value) ?? 0) + 1)
      }
      this.#domains.set(topologyKey, domains)
    }
    return domains
  }

  setNode(node: Frozen<Node>): void {
    const name = node.metadata.name ?? ''
    const known = this.#nodes.get(name)
    if (!known) {
      const info = new NodeInfo(node)
      this.#nodes.set(name, info)
      this.#countImages(info, 1)
      for (const placed of this.#placed.values()) if (placed.nodeName === name) this.#place(placed)
      this.#forgetShape()
      return
    }
    const moved = !sameLabels(known.labels, node.metadata.labels ?? {})
    this.#countImages(known, -1)
    known.setNode(node)
    this.#countImages(known, 1)
    if (!moved) return
    this.#forgetShape()
    this.topology.reset()
  }

  removeNode(name: string): void {
    const info = this.#nodes.get(name)
    if (!info) return
    this.#countImages(info, -1)
    this.#nodes.delete(name)
    this.#forgetShape()
    this.topology.reset()
  }

  /** A pod that the API says is bound. It replaces what was assumed or known of it. */
  setPod(pod: Frozen<Pod>): void {
    const uid = pod.metadata.uid ?? ''
    const nodeName = pod.spec.nodeName ?? ''
    const known = this.#placed.get(uid)
    this.#assumed.delete(uid)
    if (known?.info.pod === pod && known.nodeName === nodeName) return
    if (known) this.#unplace(known)
    this.denominate(uid)
    const placed = { info: podInfoOf(pod), nodeName }
    this.#placed.set(uid, placed)
    this.#place(placed)
  }

  removePod(uid: string): void {
    const known = this.#placed.get(uid)
    this.#assumed.delete(uid)
    if (!known) return
    this.#placed.delete(uid)
    this.#unplace(known)
  }

  /** Counts a pod as being on the node while its binding is under way. */
  assume(info: PodInfo, nodeName: string): void {
    this.denominate(info.uid)
    const placed = { info, nodeName }
    this.#placed.set(info.uid, placed)
    this.#assumed.add(info.uid)
    this.#place(placed)
  }

  /** The binding failed. Does nothing when the API has meanwhile said that the pod is bound. */
  forget(uid: string): void {
    if (this.#assumed.has(uid)) this.removePod(uid)
  }

  /** Room is being made for this pod on the node: pods that matter less must not take it. */
  nominate(info: PodInfo, nodeName: string): void {
    this.denominate(info.uid)
    const pods = this.#nominated.get(nodeName) ?? new Map<string, PodInfo>()
    this.#nominated.set(nodeName, pods.set(info.uid, info))
  }

  denominate(uid: string): void {
    for (const [nodeName, pods] of this.#nominated) {
      if (pods.delete(uid) && pods.size === 0) this.#nominated.delete(nodeName)
    }
  }

  /** The other pods nominated for the node that matter at least as much as this one. */
  nominatedBefore(info: PodInfo, node: NodeInfo): PodInfo[] {
    const pods = this.#nominated.get(node.name)
    if (!pods) return []
    return [...pods.values()].filter(
      (other) => other.uid !== info.uid && other.priority >= info.priority && !node.pods.has(other.uid),
    )
  }

  /** The pods nominated for the node that matter less than this one: room for it is no room for them. */
  nominatedAfter(info: PodInfo, nodeName: string): PodInfo[] {
    return [...(this.#nominated.get(nodeName)?.values() ?? [])].filter(({ priority }) => priority < info.priority)
  }

  isAssumed(uid: string): boolean {
    return this.#assumed.has(uid)
  }

  /** Takes a pod away, or puts it back, for a trial within one cycle. */
  trialRemove(info: PodInfo, node: NodeInfo): void {
    node.removePod(info.uid)
    this.topology.podRemoved(info, node)
  }

  trialAdd(info: PodInfo, node: NodeInfo): void {
    node.addPod(info)
    this.topology.podAdded(info, node)
  }

  #place({ info, nodeName }: Placed): void {
    const node = this.#nodes.get(nodeName)
    if (!node || node.pods.has(info.uid)) return
    node.addPod(info)
    this.topology.podAdded(info, node)
  }

  #unplace({ info, nodeName }: Placed): void {
    const node = this.#nodes.get(nodeName)
    if (!node?.pods.has(info.uid)) return
    node.removePod(info.uid)
    this.topology.podRemoved(info, node)
  }

  #countImages(node: NodeInfo, sign: 1 | -1): void {
    for (const image of node.images.keys()) this.#imageNodes.set(image, (this.#imageNodes.get(image) ?? 0) + sign)
  }

  #forgetShape(): void {
    this.#list = undefined
    this.#domains.clear()
  }
}

function sameLabels(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  const keys = Object.keys(a)
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key])
}

function mixZones(nodes: readonly NodeInfo[]): NodeInfo[] {
  const zones = new Map<string, NodeInfo[]>()
  for (const node of nodes) {
    const zone = `${node.labels['topology.kubernetes.io/region'] ?? ''}/${node.labels['topology.kubernetes.io/zone'] ?? ''}`
    const list = zones.get(zone)
    if (list) list.push(node)
    else zones.set(zone, [node])
  }
  if (zones.size <= 1) return [...nodes]
  const mixed: NodeInfo[] = []
  for (let i = 0; mixed.length < nodes.length; i++) {
    for (const list of zones.values()) {
      const node = list[i]
      if (node) mixed.push(node)
    }
  }
  return mixed
}
