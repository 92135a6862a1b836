import type { Frozen } from '../../apimachinery/meta.ts'
import type { Node, Taint } from '../../api/generated/types/core/v1.ts'
import type { HostPortClaim, PodInfo } from './pod-info.ts'
import { addTo, noResources, resourcesOf, unitsOf, type Resources } from './resources.ts'

/** A node with what runs on it, or is about to, summed up as pods come and go. */
export class NodeInfo {
  readonly name: string
  node: Frozen<Node>
  readonly pods = new Map<string, PodInfo>()
  readonly requested: Resources = noResources()
  readonly nonZeroRequested = { milliCpu: 0, memory: 0 }
  allocatable: Readonly<Resources> = noResources()
  allowedPods = 0
  taints: readonly Frozen<Taint>[] = []
  labels: Readonly<Record<string, string>> = {}
  /** Image name → size in bytes. */
  images: ReadonlyMap<string, number> = new Map()
  readonly #ports = new Map<string, Set<string>>()

  constructor(node: Frozen<Node>) {
    this.name = node.metadata.name ?? ''
    this.node = node
    this.setNode(node)
  }

  setNode(node: Frozen<Node>): void {
    this.node = node
    this.labels = node.metadata.labels ?? {}
    this.taints = node.spec?.taints ?? []
    this.allocatable = resourcesOf(node.status?.allocatable)
    this.allowedPods = unitsOf(String(node.status?.allocatable?.pods ?? '0'))
    this.images = new Map(
      (node.status?.images ?? []).flatMap(({ names = [], sizeBytes = 0 }) => names.map((name) => [name, sizeBytes])),
    )
  }

  addPod(info: PodInfo): void {
    if (this.pods.has(info.uid)) return
    this.pods.set(info.uid, info)
    this.#count(info, 1)
    for (const claim of info.hostPorts) {
      const key = portKey(claim)
      const ips = this.#ports.get(key) ?? new Set()
      this.#ports.set(key, ips.add(claim.ip))
    }
  }

  removePod(uid: string): void {
    const info = this.pods.get(uid)
    if (!info) return
    this.pods.delete(uid)
    this.#count(info, -1)
    for (const claim of info.hostPorts) {
      const ips = this.#ports.get(portKey(claim))
      ips?.delete(claim.ip)
      if (ips?.size === 0) this.#ports.delete(portKey(claim))
    }
  }

  /** Whether a pod here already has this port, on this address or on all of them. */
  hasPortConflict(claim: HostPortClaim): boolean {
    const ips = this.#ports.get(portKey(claim))
    if (!ips) return false
    return claim.ip === '0.0.0.0' || ips.has('0.0.0.0') || ips.has(claim.ip)
  }

  #count(info: PodInfo, sign: 1 | -1): void {
    addTo(this.requested, info.requests, sign)
    this.nonZeroRequested.milliCpu += sign * info.nonZero.milliCpu
    this.nonZeroRequested.memory += sign * info.nonZero.memory
  }
}

function portKey({ protocol, port }: HostPortClaim): string {
  return `${protocol} ${port}`
}
