import type { ReplicaSet } from '../../generated/types/apps/v1.ts'
import { defineResource } from '../../define.ts'

/** Everything the system knows about ReplicaSet. */
export const replicaSets = defineResource<ReplicaSet>({
  group: 'apps',
  version: 'v1',
  kind: 'ReplicaSet',
  plural: 'replicasets',
  shortNames: ['rs'],
  categories: ['all'],
  scope: 'Namespaced',
  storagePrefix: '/registry/replicasets',
  schema: 'io.k8s.api.apps.v1.ReplicaSet',
  status: true,
  scale: { replicas: '.spec.replicas', statusReplicas: '.status.replicas', selector: '.spec.selector' },
  hasGeneration: true,
})
