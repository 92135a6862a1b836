import { isPodReady } from '../../api/core/v1/pod-conditions.ts'
import type { Pod } from '../../api/generated/types/core/v1.ts'
import type { PodDisruptionBudget, PodDisruptionBudgetStatus } from '../../api/generated/types/policy/v1.ts'
import { scaledValue } from '../../apimachinery/intstr/intstr.ts'
import { timestamp, type Frozen } from '../../apimachinery/meta.ts'

/** An eviction that was granted must have led to a deletion by then, or it no longer counts. */
export const DELETION_TIMEOUT_MS = 2 * 60_000

/** Whether the number of pods that there should be matters: for percentages and for maxUnavailable. */
export function needsScale({ spec }: Frozen<PodDisruptionBudget>): boolean {
  return spec.maxUnavailable !== undefined || typeof spec.minAvailable === 'string'
}

/** How many pods the budget reckons with, and how many of them must be healthy. `scale` is what their controllers want. */
export function expectation(
  { spec }: Frozen<PodDisruptionBudget>,
  podCount: number,
  scale: number,
): { readonly expectedPods: number; readonly desiredHealthy: number } {
  if (spec.maxUnavailable !== undefined) {
    const unavailable = scaledValue(spec.maxUnavailable, scale, 'up')
    return { expectedPods: scale, desiredHealthy: Math.max(0, scale - unavailable) }
  }
  const { minAvailable } = spec
  if (minAvailable === undefined) return { expectedPods: 0, desiredHealthy: 0 }
  if (typeof minAvailable === 'number') return { expectedPods: podCount, desiredHealthy: minAvailable }
  return { expectedPods: scale, desiredHealthy: scaledValue(minAvailable, scale, 'up') }
}

/** The evictions that were granted and whose pods are still there, and those that came to nothing in time. */
export function openEvictions(
  { status }: Frozen<PodDisruptionBudget>,
  pods: readonly Frozen<Pod>[],
  now: number,
): {
  readonly disrupted: Record<string, string>
  readonly failed: readonly Frozen<Pod>[]
  readonly nextMs: number | undefined
} {
  const disrupted: Record<string, string> = {}
  const failed: Frozen<Pod>[] = []
  let nextMs: number | undefined
  for (const [name, since] of Object.entries(status?.disruptedPods ?? {})) {
    const pod = pods.find(({ metadata }) => metadata.name === name)
    if (!pod || pod.metadata.deletionTimestamp) continue
    const leftMs = Date.parse(since) + DELETION_TIMEOUT_MS - now
    if (leftMs <= 0) failed.push(pod)
    else {
      disrupted[name] = since
      nextMs = Math.min(nextMs ?? Infinity, leftMs)
    }
  }
  return { disrupted, failed, nextMs }
}

/** The status of a budget over these pods. */
export function budgetStatus(
  pdb: Frozen<PodDisruptionBudget>,
  pods: readonly Frozen<Pod>[],
  {
    expectedPods,
    desiredHealthy,
    disrupted,
    now,
  }: {
    readonly expectedPods: number
    readonly desiredHealthy: number
    readonly disrupted: Record<string, string>
    readonly now: number
  },
): Frozen<PodDisruptionBudgetStatus> {
  const healthy = pods
    .filter(({ metadata }) => !metadata.deletionTimestamp && !((metadata.name ?? '') in disrupted))
    .filter(isPodReady)
  const currentHealthy = healthy.length
  const disruptionsAllowed = expectedPods <= 0 ? 0 : Math.max(0, currentHealthy - desiredHealthy)
  const reason = disruptionsAllowed > 0 ? 'SufficientPods' : 'InsufficientPods'
  return {
    observedGeneration: pdb.metadata.generation ?? 0,
    ...(Object.keys(disrupted).length > 0 && { disruptedPods: disrupted }),
    disruptionsAllowed,
    currentHealthy,
    desiredHealthy,
    expectedPods,
    conditions: withAllowed(pdb, disruptionsAllowed > 0, reason, '', now),
  }
}

/** The status when the pods could not be counted: then nothing may be evicted. */
export function failedStatus(
  pdb: Frozen<PodDisruptionBudget>,
  message: string,
  now: number,
): Frozen<PodDisruptionBudgetStatus> {
  return { ...pdb.status, disruptionsAllowed: 0, conditions: withAllowed(pdb, false, 'SyncFailed', message, now) }
}

type Conditions = NonNullable<Frozen<PodDisruptionBudgetStatus>['conditions']>

function withAllowed(
  { metadata, status }: Frozen<PodDisruptionBudget>,
  isAllowed: boolean,
  reason: string,
  message: string,
  now: number,
): Conditions {
  const type = 'DisruptionAllowed'
  const is = isAllowed ? 'True' : 'False'
  const before = status?.conditions ?? []
  const old = before.find((condition) => condition.type === type)
  const lastTransitionTime = old?.status === is ? old.lastTransitionTime : timestamp(now)
  const next = {
    type,
    status: is,
    observedGeneration: metadata.generation ?? 0,
    lastTransitionTime,
    reason,
    message,
  } as Conditions[number]
  return [...before.filter((condition) => condition.type !== type), next]
}
