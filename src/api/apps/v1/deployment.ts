import type { Deployment } from '../../generated/types/apps/v1.ts'
import { defineResource } from '../../define.ts'

/** Everything the system knows about Deployment. */
export const deployments = defineResource<Deployment>({
  group: 'apps',
  version: 'v1',
  kind: 'Deployment',
  plural: 'deployments',
  shortNames: ['deploy'],
  categories: ['all'],
  scope: 'Namespaced',
  storagePrefix: '/registry/deployments',
  schema: 'io.k8s.api.apps.v1.Deployment',
  status: true,
  scale: { replicas: '.spec.replicas', statusReplicas: '.status.replicas', selector: '.spec.selector' },
  hasGeneration: true,
})
