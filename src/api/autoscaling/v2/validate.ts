import type { Frozen } from '../../../apimachinery/meta.ts'
import { type FieldError, invalid, notSupported, required } from '../../../apimachinery/status.ts'
import { nonNegative, nonNegativeQuantity } from '../../checks.ts'
import type {
  HorizontalPodAutoscaler,
  HPAScalingPolicy,
  HPAScalingRules,
} from '../../generated/types/autoscaling/v2.ts'
import { validateReference } from './reference.ts'
import { validateMetrics } from './validate-metrics.ts'

const MAX_PERIOD = 1800
const MAX_WINDOW = 3600

/** ValidateHorizontalPodAutoscaler; `old` for an update. */
export function* validateAutoscaler(
  { spec }: Frozen<HorizontalPodAutoscaler>,
  old?: Frozen<HorizontalPodAutoscaler>,
): Iterable<FieldError> {
  const { minReplicas, maxReplicas, scaleTargetRef: target, behavior } = spec
  // The feature gate HPAScaleToZero is off: only what was zero may be.
  const lowest = old?.spec.minReplicas === 0 ? 0 : 1
  if (minReplicas !== undefined && minReplicas < lowest) {
    yield invalid('spec.minReplicas', minReplicas, `must be greater than or equal to ${lowest}`)
  }
  if (maxReplicas === 0) yield required('spec.maxReplicas', 'must be set and greater than 0')
  else if (maxReplicas < 0) yield invalid('spec.maxReplicas', maxReplicas, 'must be greater than or equal to 1')
  if (minReplicas !== undefined && maxReplicas < minReplicas) {
    yield invalid('spec.maxReplicas', maxReplicas, 'must be greater than or equal to `minReplicas`')
  }
  const before = old?.spec.scaleTargetRef
  const isKept = before?.apiVersion === target.apiVersion && before?.kind === target.kind
  const version = isKept ? 'any' : target.kind === 'ReplicationController' ? 'group may be empty' : 'group'
  yield* validateReference(target, 'spec.scaleTargetRef', version)
  yield* validateMetrics(spec, 'spec.metrics')
  yield* validateScaling(behavior?.scaleUp, 'spec.behavior.scaleUp')
  yield* validateScaling(behavior?.scaleDown, 'spec.behavior.scaleDown')
}

function* validateScaling(rules: Frozen<HPAScalingRules> | undefined, path: string): Iterable<FieldError> {
  if (!rules) return
  const { stabilizationWindowSeconds: window = 0, selectPolicy, policies = [], tolerance } = rules
  const field = `${path}.stabilizationWindowSeconds`
  if (window < 0) yield invalid(field, window, 'must be greater than or equal to zero')
  if (window > MAX_WINDOW) yield invalid(field, window, `must be less than or equal to ${MAX_WINDOW}`)
  const known = ['Disabled', 'Max', 'Min']
  if (selectPolicy !== undefined && !known.includes(selectPolicy)) {
    yield notSupported(`${path}.selectPolicy`, selectPolicy, known)
  }
  if (policies.length === 0) yield required(`${path}.policies`, 'must specify at least one Policy')
  for (const [index, policy] of policies.entries()) yield* validatePolicy(policy, `${path}.policies[${index}]`)
  yield* nonNegativeQuantity(`${path}.tolerance`, tolerance)
}

function* validatePolicy(policy: Frozen<HPAScalingPolicy>, path: string): Iterable<FieldError> {
  const { type, value, periodSeconds } = policy
  const known = ['Percent', 'Pods']
  if (!known.includes(type)) yield notSupported(`${path}.type`, type, known)
  if (value <= 0) yield invalid(`${path}.value`, value, 'must be greater than zero')
  const field = `${path}.periodSeconds`
  if (periodSeconds <= 0) yield invalid(field, periodSeconds, 'must be greater than zero')
  if (periodSeconds > MAX_PERIOD) yield invalid(field, periodSeconds, `must be less than or equal to ${MAX_PERIOD}`)
}

/** ValidateHorizontalPodAutoscalerStatusUpdate. */
export function* validateAutoscalerStatus({ status }: Frozen<HorizontalPodAutoscaler>): Iterable<FieldError> {
  yield* nonNegative('status.currentReplicas', status?.currentReplicas)
  yield* nonNegative('status.desiredReplicas', status?.desiredReplicas)
}
