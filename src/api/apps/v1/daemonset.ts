import type { DaemonSet } from '../../generated/types/apps/v1.ts'
import { defineResource } from '../../define.ts'

/** Everything the system knows about DaemonSet. */
export const daemonSets = defineResource<DaemonSet>({
  group: 'apps',
  version: 'v1',
  kind: 'DaemonSet',
  plural: 'daemonsets',
  shortNames: ['ds'],
  categories: ['all'],
  scope: 'Namespaced',
  storagePrefix: '/registry/daemonsets',
  schema: 'io.k8s.api.apps.v1.DaemonSet',
  status: true,
  hasGeneration: true,
})
