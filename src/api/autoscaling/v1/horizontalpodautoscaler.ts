import type { Frozen } from '../../../apimachinery/meta.ts'
import type { HorizontalPodAutoscaler as Autoscaler } from '../../generated/types/autoscaling/v2.ts'
import { horizontalPodAutoscalers } from '../v2/horizontalpodautoscaler.ts'
import { validateAutoscaler, validateAutoscalerStatus } from '../v2/validate.ts'
import { fromV2, toV2 } from './convert.ts'
import type { HorizontalPodAutoscaler } from '../../generated/types/autoscaling/v1.ts'
import { defineResource } from '../../define.ts'

/** Everything the system knows about the first version of HorizontalPodAutoscaler. Autoscalers are kept as v2. */
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
  storedAs: {
    definition: horizontalPodAutoscalers,
    toStored: toV2,
    fromStored: (object) => fromV2(object as Frozen<Autoscaler>),
  },
  defaults(autoscaler) {
    const spec = (autoscaler.spec ??= { scaleTargetRef: { kind: '', name: '' }, maxReplicas: 0 })
    spec.minReplicas ??= 1
  },
  validateCreate: (autoscaler) => validateAutoscaler(toV2(autoscaler)),
  validateUpdate: (autoscaler, old) => validateAutoscaler(toV2(autoscaler), toV2(old)),
  validateStatusUpdate: (autoscaler) => validateAutoscalerStatus(toV2(autoscaler)),
  columns: horizontalPodAutoscalers.columns.map((column) => ({
    ...column,
    value: (autoscaler: Frozen<HorizontalPodAutoscaler>, now: number) => column.value(toV2(autoscaler), now),
  })),
})
