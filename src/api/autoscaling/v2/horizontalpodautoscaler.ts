import { ageColumn, nameColumn, text } from '../../columns.ts'
import { defaultAutoscaler } from './default.ts'
import { validateAutoscaler, validateAutoscalerStatus } from './validate.ts'
import { metricsCell } from './metrics-cell.ts'
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
  defaults: defaultAutoscaler,
  validateCreate: (autoscaler) => validateAutoscaler(autoscaler),
  validateUpdate: validateAutoscaler,
  validateStatusUpdate: validateAutoscalerStatus,
  columns: [
    nameColumn,
    text('Reference', ({ spec }) => `${spec.scaleTargetRef?.kind ?? ''}/${spec.scaleTargetRef?.name ?? ''}`),
    text('Targets', ({ spec, status }) => metricsCell(spec.metrics ?? [], status?.currentMetrics ?? [])),
    text('MinPods', ({ spec }) => String(spec.minReplicas ?? '<unset>')),
    text('MaxPods', ({ spec }) => spec.maxReplicas ?? 0),
    text('Replicas', ({ status }) => status?.currentReplicas ?? 0),
    ageColumn,
  ],
})
