import type { HorizontalPodAutoscaler } from '../../generated/types/autoscaling/v2.ts'
import { defineResource } from '../../define.ts'

/** Everything the system knows about HorizontalPodAutoscaler. */
export const horizontalPodAutoscalers = defineResource<HorizontalPodAutoscaler>({
  group: 'autoscaling',
  version: 'v2',
  kind: 'HorizontalPodAutoscaler',
  plural: 'horizontalpodautoscalers',
  shortNames: ['hpa'],
  categories: ['all'],
  scope: 'Namespaced',
  storagePrefix: '/registry/horizontalpodautoscalers',
  schema: 'io.k8s.api.autoscaling.v2.HorizontalPodAutoscaler',
  status: true,
})
