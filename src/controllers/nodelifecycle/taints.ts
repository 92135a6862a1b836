import { conditionOf, isConditionTrue } from '../../api/core/v1/pod-conditions.ts'
import type { Node, Taint } from '../../api/generated/types/core/v1.ts'
import { timestamp, type Frozen } from '../../apimachinery/meta.ts'

export const NOT_READY = 'node.kubernetes.io/not-ready'
export const UNREACHABLE = 'node.kubernetes.io/unreachable'
const UNSCHEDULABLE = 'node.kubernetes.io/unschedulable'

/** Conditions that keep new pods away when they are true. */
const PRESSURES: Readonly<Record<string, string>> = {
  MemoryPressure: 'node.kubernetes.io/memory-pressure',
  DiskPressure: 'node.kubernetes.io/disk-pressure',
  PIDPressure: 'node.kubernetes.io/pid-pressure',
  NetworkUnavailable: 'node.kubernetes.io/network-unavailable',
}
const MANAGED = [NOT_READY, UNREACHABLE, UNSCHEDULABLE, ...Object.values(PRESSURES)]

/** The taint that says why a node isn't ready; undefined when it is, or has said nothing yet. */
export function healthTaint({ status }: Frozen<Node>): string | undefined {
  const ready = conditionOf(status?.conditions, 'Ready')
  if (!ready || ready.status === 'True') return undefined
  return ready.status === 'False' ? NOT_READY : UNREACHABLE
}

/**
 * The taints that the node should have. Those by which its conditions keep new pods away change at once. Those that drive pods
 * away follow its health only where `evict` says so: they are set when 'add', taken away when the node is healthy or 'none'.
 */
export function plannedTaints(
  node: Frozen<Node>,
  evict: 'add' | 'keep' | 'none',
  now: number,
): readonly Frozen<Taint>[] {
  const { taints = [], unschedulable } = node.spec
  const health = healthTaint(node)
  const pressures = Object.entries(PRESSURES).filter(([type]) => isConditionTrue(node.status?.conditions, type))
  const noSchedule = [
    ...(health ? [health] : []),
    ...pressures.map(([, key]) => key),
    ...(unschedulable ? [UNSCHEDULABLE] : []),
  ]
  const present = (key: string): boolean => taints.some((taint) => taint.key === key && taint.effect === 'NoExecute')
  const isMarked = present(NOT_READY) || present(UNREACHABLE)
  // Once marked, the mark follows from not ready to unreachable and back.
  const marks = health && (evict === 'add' || (evict === 'keep' && isMarked)) ? [health] : []
  const wanted: Taint[] = [
    ...noSchedule.map((key): Taint => ({ key, effect: 'NoSchedule' })),
    ...marks.map((key): Taint => ({ key, effect: 'NoExecute' })),
  ]
  const others = taints.filter(({ key, effect }) => {
    if (effect === 'NoSchedule') return !MANAGED.includes(key)
    return effect !== 'NoExecute' || (key !== NOT_READY && key !== UNREACHABLE)
  })
  const kept = wanted.map((taint) => taints.find((old) => old.key === taint.key && old.effect === taint.effect))
  return [...others, ...wanted.map((taint, at) => kept[at] ?? { ...taint, timeAdded: timestamp(now) })]
}
