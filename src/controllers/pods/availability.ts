import type { Pod } from '../../api/generated/types/core/v1.ts'
import { conditionOf, isPodAvailable, isPodReady } from '../../api/core/v1/pod-conditions.ts'
import type { Frozen } from '../../apimachinery/meta.ts'

/** The ms until the next of these pods becomes available by being ready for `minReadySeconds`; undefined when none will by itself. */
export function nextAvailabilityMs(
  pods: readonly Frozen<Pod>[],
  minReadySeconds: number,
  now: number,
): number | undefined {
  if (minReadySeconds === 0) return undefined
  let next: number | undefined
  for (const pod of pods) {
    if (!isPodReady(pod) || isPodAvailable(pod, minReadySeconds, now)) continue
    const since = conditionOf(pod.status?.conditions, 'Ready')?.lastTransitionTime
    if (since === undefined) continue
    const inMs = Date.parse(since) + minReadySeconds * 1000 - now
    if (next === undefined || inMs < next) next = inMs
  }
  return next
}
