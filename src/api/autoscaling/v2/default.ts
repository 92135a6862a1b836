import type { HorizontalPodAutoscaler, HPAScalingRules, MetricSpec } from '../../generated/types/autoscaling/v2.ts'

/** CPU at this share of requests, when nothing else is asked for. */
const CPU_UTILIZATION = 80

/** The metric of an autoscaler that names none. */
export const defaultMetric = (): MetricSpec => ({
  type: 'Resource',
  resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: CPU_UTILIZATION } },
})

/** SetDefaults_HorizontalPodAutoscaler. */
export function defaultAutoscaler(autoscaler: HorizontalPodAutoscaler): void {
  const spec = (autoscaler.spec ??= { scaleTargetRef: { kind: '', name: '' }, maxReplicas: 0 })
  spec.minReplicas ??= 1
  if ((spec.metrics ?? []).length === 0) spec.metrics = [defaultMetric()]
  if (!spec.behavior) return
  spec.behavior.scaleUp = { ...scaleUp(), ...present(spec.behavior.scaleUp) }
  spec.behavior.scaleDown = { ...scaleDown(), ...present(spec.behavior.scaleDown) }
}

/** As fast as doubling, or four pods, every 15 s. */
const scaleUp = (): HPAScalingRules => ({
  stabilizationWindowSeconds: 0,
  selectPolicy: 'Max',
  policies: [
    { type: 'Pods', value: 4, periodSeconds: 15 },
    { type: 'Percent', value: 100, periodSeconds: 15 },
  ],
})

/** All at once; the window is the controller's own. */
const scaleDown = (): HPAScalingRules => ({
  selectPolicy: 'Max',
  policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }],
})

function present(rules: HPAScalingRules | undefined): HPAScalingRules {
  return Object.fromEntries(Object.entries(rules ?? {}).filter(([, value]) => value != null))
}
