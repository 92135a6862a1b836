import type { Pod } from '../../api/generated/types/core/v1.ts'
import { conditionOf, isPodActive, isPodReady } from '../../api/core/v1/pod-conditions.ts'
import type { Frozen } from '../../apimachinery/meta.ts'

const DELETION_COST = 'controller.kubernetes.io/pod-deletion-cost'
const PHASE_ORDER: Readonly<Record<string, number>> = { Pending: 0, Unknown: 1, Running: 2 }

/**
 * The `count` pods that cost least to delete, in upstream's order (ActivePodsWithRanks): unassigned, pending, not ready, lower
 * deletion cost, more of its kind on its node, ready for a shorter time, more restarts, younger. Times count by their order of
 * magnitude only, and the uid decides between equals, so that not always the newest goes.
 * @param related all pods of the same application, to count those on each node
 */
export function cheapestToDelete(
  pods: readonly Frozen<Pod>[],
  count: number,
  related: readonly Frozen<Pod>[],
  now: number,
): readonly Frozen<Pod>[] {
  if (count >= pods.length) return pods
  const onNode = new Map<string, number>()
  for (const pod of related) {
    const node = pod.spec.nodeName ?? ''
    if (isPodActive(pod)) onNode.set(node, (onNode.get(node) ?? 0) + 1)
  }
  const ranked = pods.map((pod) => rank(pod, onNode.get(pod.spec.nodeName ?? '') ?? 0, now))
  return ranked
    .sort(compare)
    .slice(0, count)
    .map(({ pod }) => pod)
}

interface Ranked {
  readonly pod: Frozen<Pod>
  /** Compared one after another; the smaller goes first. */
  readonly keys: readonly number[]
}

function rank(pod: Frozen<Pod>, colocated: number, now: number): Ranked {
  const isReady = isPodReady(pod)
  const readySince = conditionOf(pod.status?.conditions, 'Ready')?.lastTransitionTime
  const keys = [
    pod.spec.nodeName ? 1 : 0,
    PHASE_ORDER[pod.status?.phase ?? 'Pending'] ?? 0,
    isReady ? 1 : 0,
    deletionCost(pod),
    -colocated,
    isReady ? magnitude(readySince, now) : 0,
    -maxRestarts(pod),
    magnitude(pod.metadata.creationTimestamp, now),
  ]
  return { pod, keys }
}

function compare(a: Ranked, b: Ranked): number {
  for (const [at, key] of a.keys.entries()) {
    const difference = key - (b.keys[at] ?? 0)
    if (difference !== 0) return difference
  }
  return (a.pod.metadata.uid ?? '') < (b.pod.metadata.uid ?? '') ? -1 : 1
}

/** How long ago, as a power of two of nanoseconds; -1 for no time at all. */
function magnitude(time: string | undefined, now: number): number {
  const agoMs = time === undefined ? 0 : now - Date.parse(time)
  return agoMs > 0 ? Math.floor(Math.log2(agoMs * 1e6)) : -1
}

function deletionCost({ metadata }: Frozen<Pod>): number {
  const text = metadata.annotations?.[DELETION_COST] ?? '0'
  return /^-?(0|[1-9]\d*)$/.test(text) ? Number(text) : 0
}

function maxRestarts({ status }: Frozen<Pod>): number {
  return Math.max(0, ...(status?.containerStatuses ?? []).map((container) => container.restartCount))
}
