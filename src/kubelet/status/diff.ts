import type { Frozen } from '../../apimachinery/meta.ts'
import type { PodCondition, PodStatus } from '../../api/generated/types/core/v1.ts'
import { PASSING } from './conditions.ts'
import { semanticEqual } from '../../apimachinery/equality.ts'

/** Lists that a strategic merge patch would merge by a key, and that are to be replaced. */
const REPLACED = new Set(['podIPs', 'hostIPs'])

/** Fields that the node agent writes; the rest is others'. */
const OWNED = [
  'observedGeneration',
  'phase',
  'reason',
  'message',
  'hostIP',
  'hostIPs',
  'podIP',
  'podIPs',
  'startTime',
  'initContainerStatuses',
  'containerStatuses',
  'ephemeralContainerStatuses',
  'qosClass',
  'allocatedResources',
  'resources',
] as const satisfies readonly (keyof PodStatus)[]

/** The strategic merge patch that makes `old` say what `wanted` says; undefined when it does already. */
export function statusPatch(
  old: Frozen<PodStatus> | undefined,
  wanted: PodStatus,
): Record<string, unknown> | undefined {
  const patch: Record<string, unknown> = {}
  for (const field of OWNED) {
    const [before, after] = [old?.[field], wanted[field]]
    if (semanticEqual(before, after)) continue
    if (after === undefined) patch[field] = null
    else if (REPLACED.has(field) && Array.isArray(after) && before !== undefined)
      patch[field] = [{ $patch: 'replace' }, ...(after as object[])]
    else patch[field] = after
  }
  const conditions = changedConditions(old?.conditions ?? [], wanted.conditions ?? [])
  if (conditions.length > 0) patch.conditions = conditions
  return Object.keys(patch).length > 0 ? patch : undefined
}

/** Whether a patch says no more than that a newer generation has been seen: nobody waits for that alone. */
export function isOnlyGeneration(old: Frozen<PodStatus> | undefined, patch: Record<string, unknown>): boolean {
  const {
    observedGeneration: _,
    conditions = [],
    ...rest
  } = patch as { observedGeneration?: number; conditions?: PodCondition[] }
  if (Object.keys(rest).length > 0) return false
  return conditions.every((condition) => {
    const before = old?.conditions?.find(({ type }) => type === condition.type)
    return (
      before !== undefined &&
      semanticEqual({ ...before, observedGeneration: 0 }, { ...condition, observedGeneration: 0 })
    )
  })
}

/** Conditions are merged by their type; what a changed one no longer says has to be taken away by name. */
function changedConditions(old: readonly Frozen<PodCondition>[], wanted: readonly PodCondition[]): object[] {
  const over = old.filter(({ type }) => PASSING.includes(type) && !wanted.some((condition) => condition.type === type))
  const changed = wanted.flatMap((condition) => {
    const before = old.find(({ type }) => type === condition.type)
    if (semanticEqual(before, condition)) return []
    const gone = Object.keys(before ?? {}).filter((key) => !(key in condition) && key !== 'lastProbeTime')
    return [{ ...condition, ...Object.fromEntries(gone.map((key) => [key, null])) }]
  })
  return [...changed, ...over.map(({ type }) => ({ $patch: 'delete', type }))]
}
