import type { HPAScalingRules, HorizontalPodAutoscalerSpec } from '../../api/generated/types/autoscaling/v2.ts'
import type { Frozen } from '../../apimachinery/meta.ts'

/** What was recommended, and what was done. Both are kept as long as any window or period may last. */
export interface History {
  readonly recommendations: readonly { readonly replicas: number; readonly at: number }[]
  readonly changes: readonly { readonly by: number; readonly at: number }[]
}

/** What a step of the way has to say of itself. */
export interface Reason {
  readonly reason: string
  readonly message: string
}

export interface Limited {
  readonly replicas: number
  /** Of the condition AbleToScale, which is true in any case. */
  readonly able: Reason
  /** Of the condition ScalingLimited. */
  readonly limited: Reason & { readonly isLimited: boolean }
}

export interface Step {
  readonly spec: Frozen<HorizontalPodAutoscalerSpec>
  readonly minReplicas: number
  readonly current: number
  /** What the metrics ask for. */
  readonly desired: number
  readonly now: number
}

/** The longest that an autoscaler may ask for. */
const LONGEST_MS = 3_600_000
const DOWNSCALE_STABILIZATION_MS = 300_000
const UP_FACTOR = 2
const UP_LEAST = 4

const READY: Reason = { reason: 'ReadyForNewScale', message: 'recommended size matches current size' }
const DOWN_STABILIZED: Reason = {
  reason: 'ScaleDownStabilized',
  message: 'recent recommendations were higher than current one, applying the highest recent recommendation',
}
const UP_STABILIZED: Reason = {
  reason: 'ScaleUpStabilized',
  message: 'recent recommendations were lower than current one, applying the lowest recent recommendation',
}
const WITHIN: Reason = { reason: 'DesiredWithinRange', message: 'the desired count is within the acceptable range' }
const TOO_FAST_UP: Reason = {
  reason: 'ScaleUpLimit',
  message: 'the desired replica count is increasing faster than the maximum scale rate',
}
const TOO_MANY: Reason = {
  reason: 'TooManyReplicas',
  message: 'the desired replica count is more than the maximum replica count',
}
const TOO_FAST_DOWN: Reason = {
  reason: 'ScaleDownLimit',
  message: 'the desired replica count is decreasing faster than the maximum scale rate',
}
const TOO_FEW: Reason = {
  reason: 'TooFewReplicas',
  message: 'the desired replica count is less than the minimum replica count',
}

/** A history with one recommendation more, without what is too old to matter. */
export function withRecommendation(history: History, replicas: number, at: number): History {
  const recommendations = history.recommendations.filter((known) => known.at >= at - LONGEST_MS)
  return { ...history, recommendations: [...recommendations, { replicas, at }] }
}

/** A history with one change more. */
export function withChange(history: History, by: number, at: number): History {
  return { ...history, changes: [...history.changes.filter((known) => known.at >= at - LONGEST_MS), { by, at }] }
}

/** How far the way to what the metrics ask for may be gone now. Pure: `history` does not have this recommendation yet. */
export function limit(step: Step, history: History): Limited {
  return step.spec.behavior ? byBehavior(step, history) : byRule(step, history)
}

/** Without `spec.behavior`: the highest recommendation of five minutes, at most twice as many pods or four. */
function byRule({ spec, minReplicas, current, desired, now }: Step, { recommendations }: History): Limited {
  const recent = recommendations.filter(({ at }) => at >= now - DOWNSCALE_STABILIZATION_MS)
  const stable = Math.max(desired, ...recent.map(({ replicas }) => replicas))
  const fastest = Math.max(UP_FACTOR * current, UP_LEAST)
  const most = Math.min(spec.maxReplicas, fastest)
  const able = stable === desired ? READY : DOWN_STABILIZED
  if (stable < minReplicas) return { replicas: minReplicas, able, limited: { ...TOO_FEW, isLimited: true } }
  if (stable > most) {
    const why = spec.maxReplicas > fastest ? TOO_FAST_UP : TOO_MANY
    return { replicas: most, able, limited: { ...why, isLimited: true } }
  }
  return { replicas: stable, able, limited: { ...WITHIN, isLimited: false } }
}

function byBehavior(step: Step, history: History): Limited {
  const stable = stabilized(step, history)
  const isUp = step.desired >= step.current
  const able = stable === step.desired ? READY : isUp ? UP_STABILIZED : DOWN_STABILIZED
  const { replicas, why } = atRate({ ...step, desired: stable }, history)
  return { replicas, able, limited: { ...why, isLimited: replicas !== stable } }
}

/** The recommendation that all of the windows agree on: the current number where they do not. */
function stabilized({ spec, current, desired, now }: Step, { recommendations }: History): number {
  const within = (windowMs: number): number[] =>
    recommendations.filter(({ at }) => at > now - windowMs).map(({ replicas }) => replicas)
  const upMs = (spec.behavior?.scaleUp?.stabilizationWindowSeconds ?? 0) * 1000
  const downSeconds = spec.behavior?.scaleDown?.stabilizationWindowSeconds
  const downMs = downSeconds === undefined ? DOWNSCALE_STABILIZATION_MS : downSeconds * 1000
  const least = Math.min(desired, ...within(upMs))
  const most = Math.max(desired, ...within(downMs))
  return Math.min(Math.max(current, least), most)
}

function atRate(
  { spec, minReplicas, current, desired, now }: Step,
  { changes }: History,
): { readonly replicas: number; readonly why: Reason } {
  if (desired > current) {
    const fastest = Math.max(rateLimit(current, changes, spec.behavior?.scaleUp, 'up', now), current)
    const most = Math.min(spec.maxReplicas, fastest)
    if (desired > most) return { replicas: most, why: spec.maxReplicas > fastest ? TOO_FAST_UP : TOO_MANY }
  } else if (desired < current) {
    const fastest = Math.min(rateLimit(current, changes, spec.behavior?.scaleDown, 'down', now), current)
    const least = Math.max(minReplicas, fastest)
    if (desired < least) return { replicas: least, why: minReplicas < fastest ? TOO_FAST_DOWN : TOO_FEW }
  }
  return { replicas: desired, why: WITHIN }
}

/** How many replicas the policies of one direction allow now. */
function rateLimit(
  current: number,
  changes: History['changes'],
  rules: Frozen<HPAScalingRules> | undefined,
  direction: 'up' | 'down',
  now: number,
): number {
  if (rules?.selectPolicy === 'Disabled') return current
  const limits = (rules?.policies ?? []).map(({ type, value, periodSeconds }) => {
    const recent = changes.filter(({ at }) => at > now - periodSeconds * 1000)
    const atStart = current - recent.reduce((sum, { by }) => sum + by, 0)
    if (type === 'Pods') return direction === 'up' ? atStart + value : atStart - value
    // Rounded up, or few replicas would never become more.
    return direction === 'up' ? Math.ceil(atStart * (1 + value / 100)) : Math.trunc(atStart * (1 - value / 100))
  })
  const takesMost = (rules?.selectPolicy !== 'Min') === (direction === 'up')
  return takesMost ? Math.max(...limits) : Math.min(...limits)
}
