import type {
  HorizontalPodAutoscalerCondition,
  HorizontalPodAutoscalerStatus,
} from '../../api/generated/types/autoscaling/v2.ts'
import { timestamp } from '../../apimachinery/meta.ts'
import type { Reason } from './limits.ts'

/** Sets a condition of a status that is being made; its time changes with its status alone. */
export function setCondition(
  status: HorizontalPodAutoscalerStatus,
  type: 'AbleToScale' | 'ScalingActive' | 'ScalingLimited',
  isTrue: boolean,
  { reason, message }: Reason,
  now: number,
): void {
  const value = isTrue ? 'True' : 'False'
  const known = status.conditions?.find((condition) => condition.type === type)
  const lastTransitionTime = known?.status === value ? known.lastTransitionTime : timestamp(now)
  const condition: HorizontalPodAutoscalerCondition = {
    type,
    status: value,
    reason,
    message,
    ...(lastTransitionTime !== undefined && { lastTransitionTime }),
  }
  status.conditions = known
    ? (status.conditions?.map((other) => (other === known ? condition : other)) ?? [])
    : [...(status.conditions ?? []), condition]
}

/** Takes off a condition that only a feature sets which is not there. */
export function removeCondition(status: HorizontalPodAutoscalerStatus, type: string): void {
  if (status.conditions) status.conditions = status.conditions.filter((condition) => condition.type !== type)
}
