import { isPodAvailable, isPodReady } from '../../api/core/v1/pod-conditions.ts'
import type { DaemonSet, DaemonSetStatus } from '../../api/generated/types/apps/v1.ts'
import type { Node, Pod } from '../../api/generated/types/core/v1.ts'
import { scaledValue } from '../../apimachinery/intstr/intstr.ts'
import type { Frozen } from '../../apimachinery/meta.ts'
import { judgeNode } from './nodes.ts'

export const HASH_LABEL = 'controller-revision-hash'

/** What a pass starts from. */
export interface Scene {
  readonly set: Frozen<DaemonSet>
  readonly nodes: readonly Frozen<Node>[]
  /** By the node they are on or meant for. */
  readonly podsByNode: ReadonlyMap<string, readonly Frozen<Pod>[]>
  /** The hash of the present template. */
  readonly hash: string
  readonly now: number
}

export interface DaemonPlan {
  /** Nodes that need a daemon. */
  readonly create: readonly string[]
  readonly remove: readonly Frozen<Pod>[]
  /** Daemons that have ended, to be removed (and replaced) with back-off. */
  readonly ended: readonly { readonly pod: Frozen<Pod>; readonly node: string }[]
}

/** One daemon on each node that is to have one, none elsewhere. */
export function planDaemons(scene: Scene): DaemonPlan {
  const create: string[] = []
  const remove: Frozen<Pod>[] = []
  const ended: { pod: Frozen<Pod>; node: string }[] = []
  const known = new Set<string>()
  for (const node of scene.nodes) {
    const name = node.metadata.name ?? ''
    known.add(name)
    const { start, goOn } = judgeNode(scene.set, node)
    const pods = scene.podsByNode.get(name) ?? []
    const alive = pods.filter(isNotDeleting)
    if (start && pods.length === 0) create.push(name)
    else if (!goOn) remove.push(...alive)
    else {
      ended.push(...alive.filter(hasEnded).map((pod) => ({ pod, node: name })))
      remove.push(
        ...surplusOf(
          scene,
          alive.filter((pod) => !hasEnded(pod)),
        ),
      )
    }
  }
  // Meant for nodes that are gone, and never bound: nobody else removes these.
  for (const [name, pods] of scene.podsByNode)
    if (!known.has(name)) remove.push(...pods.filter((pod) => !pod.spec.nodeName && isNotDeleting(pod)))
  return { create, remove, ended }
}

/** Of several daemons on a node the oldest stays. With maxSurge an old and a new one may stand side by side until the new one is available. */
function surplusOf(scene: Scene, running: readonly Frozen<Pod>[]): readonly Frozen<Pod>[] {
  if (maxSurge(scene) === 0) return running.toSorted(oldestFirst).slice(1)
  const [fresh, ...current] = running.filter((pod) => isCurrent(pod, scene)).toSorted(oldestFirst)
  const [old, ...outdated] = running.filter((pod) => !isCurrent(pod, scene)).toSorted(oldestFirst)
  const isReplaced = fresh && old && isAvailable(fresh, scene)
  return [...current, ...outdated, ...(isReplaced ? [old] : [])]
}

export interface UpdatePlan {
  readonly remove: readonly Frozen<Pod>[]
  /** Nodes that get a new daemon beside the old one. */
  readonly create: readonly string[]
}

/** The next step of a rolling update: outdated daemons go as far as maxUnavailable allows, or new ones are set beside them as far as maxSurge does. */
export function planUpdate(scene: Scene): UpdatePlan {
  return maxSurge(scene) > 0 ? planSurge(scene) : planReplacement(scene)
}

function planReplacement(scene: Scene): UpdatePlan {
  const { wanted, unavailable, limit } = availability(scene)
  const remove: Frozen<Pod>[] = []
  const candidates: Frozen<Pod>[] = []
  for (const name of wanted) {
    const outdated = (scene.podsByNode.get(name) ?? []).filter((pod) => !isCurrent(pod, scene) && isNotDeleting(pod))
    // What isn't available costs nothing.
    for (const pod of outdated) (isAvailable(pod, scene) ? candidates : remove).push(pod)
  }
  return { remove: [...remove, ...candidates.slice(0, Math.max(0, limit - unavailable))], create: [] }
}

function planSurge(scene: Scene): UpdatePlan {
  const { wanted } = availability(scene)
  const create: string[] = []
  const waiting: string[] = []
  const remove: Frozen<Pod>[] = []
  let surging = 0
  for (const name of wanted) {
    const pods = (scene.podsByNode.get(name) ?? []).filter(isNotDeleting)
    const outdated = pods.filter((pod) => !isCurrent(pod, scene))
    const hasNew = pods.some((pod) => isCurrent(pod, scene))
    if (outdated.length === 0) continue
    if (hasNew) surging++
    else if (outdated.every((pod) => isAvailable(pod, scene))) waiting.push(name)
    else remove.push(...outdated)
  }
  create.push(...waiting.slice(0, Math.max(0, maxSurge(scene) - surging)))
  return { remove, create }
}

function availability(scene: Scene): {
  readonly wanted: readonly string[]
  readonly unavailable: number
  readonly limit: number
} {
  const wanted = scene.nodes
    .filter((node) => judgeNode(scene.set, node).start)
    .map(({ metadata }) => metadata.name ?? '')
  const isServed = (name: string): boolean => (scene.podsByNode.get(name) ?? []).some((pod) => isAvailable(pod, scene))
  const { maxUnavailable = 1 } = scene.set.spec.updateStrategy?.rollingUpdate ?? {}
  return {
    wanted,
    unavailable: wanted.filter((name) => !isServed(name)).length,
    limit: scaledValue(maxUnavailable, wanted.length, 'up'),
  }
}

function maxSurge({ set, nodes }: Scene): number {
  const { type, rollingUpdate } = set.spec.updateStrategy ?? {}
  if (type !== 'RollingUpdate' || !rollingUpdate?.maxSurge) return 0
  const wanted = nodes.filter((node) => judgeNode(set, node).start).length
  return scaledValue(rollingUpdate.maxSurge, wanted, 'up')
}

/** The status: how many nodes are to have a daemon, and how many have one, in which state. */
export function daemonStatus(scene: Scene, collisionCount: number): Frozen<DaemonSetStatus> {
  const counts = { current: 0, misscheduled: 0, desired: 0, ready: 0, updated: 0, available: 0 }
  for (const node of scene.nodes) {
    const pods = scene.podsByNode.get(node.metadata.name ?? '') ?? []
    if (!judgeNode(scene.set, node).start) {
      if (pods.length > 0) counts.misscheduled++
      continue
    }
    counts.desired++
    const [pod] = pods.toSorted(oldestFirst)
    if (!pod) continue
    counts.current++
    if (isPodReady(pod)) counts.ready++
    if (isAvailable(pod, scene)) counts.available++
    if (isCurrent(pod, scene)) counts.updated++
  }
  const { desired, available, updated } = counts
  return {
    currentNumberScheduled: counts.current,
    numberMisscheduled: counts.misscheduled,
    desiredNumberScheduled: desired,
    numberReady: counts.ready,
    observedGeneration: scene.set.metadata.generation ?? 0,
    ...(updated > 0 && { updatedNumberScheduled: updated }),
    ...(available > 0 && { numberAvailable: available }),
    ...(desired > available && { numberUnavailable: desired - available }),
    ...(collisionCount > 0 && { collisionCount }),
    ...(scene.set.status?.conditions && { conditions: scene.set.status.conditions }),
  }
}

function isCurrent({ metadata }: Frozen<Pod>, { hash }: Scene): boolean {
  return metadata.labels?.[HASH_LABEL] === hash
}

function isAvailable(pod: Frozen<Pod>, { set, now }: Scene): boolean {
  return isNotDeleting(pod) && isPodAvailable(pod, set.spec.minReadySeconds ?? 0, now)
}

function isNotDeleting({ metadata }: Frozen<Pod>): boolean {
  return metadata.deletionTimestamp === undefined
}

function hasEnded({ status }: Frozen<Pod>): boolean {
  return status?.phase === 'Failed' || status?.phase === 'Succeeded'
}

/** Bound ones first, then by age. */
function oldestFirst(a: Frozen<Pod>, b: Frozen<Pod>): number {
  if (!a.spec.nodeName !== !b.spec.nodeName) return a.spec.nodeName ? -1 : 1
  const [x, y] = [a.metadata.creationTimestamp ?? '', b.metadata.creationTimestamp ?? '']
  if (x !== y) return x < y ? -1 : 1
  return (a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1
}
