import type { ReplicationController } from '../../generated/types/core/v1.ts'
import { defineResource } from '../../define.ts'

/** Everything the system knows about ReplicationController. */
export const replicationControllers = defineResource<ReplicationController>({
  group: '',
  version: 'v1',
  kind: 'ReplicationController',
  plural: 'replicationcontrollers',
  shortNames: ['rc'],
  categories: ['all'],
  scope: 'Namespaced',
  storagePrefix: '/registry/controllers',
  schema: 'io.k8s.api.core.v1.ReplicationController',
  status: true,
  scale: { replicas: '.spec.replicas', statusReplicas: '.status.replicas', selector: '.spec.selector' },
  hasGeneration: true,
  defaultPropagation: 'Orphan',
})
