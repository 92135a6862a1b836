import type { StatefulSet } from '../../generated/types/apps/v1.ts'
import { defineResource } from '../../define.ts'

/** Everything the system knows about StatefulSet. */
export const statefulSets = defineResource<StatefulSet>({
  group: 'apps',
  version: 'v1',
  kind: 'StatefulSet',
  plural: 'statefulsets',
  shortNames: ['sts'],
  categories: ['all'],
  scope: 'Namespaced',
  storagePrefix: '/registry/statefulsets',
  schema: 'io.k8s.api.apps.v1.StatefulSet',
  status: true,
  scale: { replicas: '.spec.replicas', statusReplicas: '.status.replicas', selector: '.spec.selector' },
  hasGeneration: true,
})
