import type { HorizontalPodAutoscaler } from '../../generated/types/autoscaling/v1.ts'
import { defineResource } from '../../define.ts'

/** Everything the system knows about HorizontalPodAutoscaler. */
export const horizontalPodAutoscalersV1 = defineResource<HorizontalPodAutoscaler>({
  group: 'autoscaling',
  version: 'v1',
  kind: 'HorizontalPodAutoscaler',
  plural: 'horizontalpodautoscalers',
  shortNames: ['hpa'],
  categories: ['all'],
  scope: 'Namespaced',
  storagePrefix: '/registry/horizontalpodautoscalers',
  schema: 'io.k8s.api.autoscaling.v1.HorizontalPodAutoscaler',
  status: true,
})
