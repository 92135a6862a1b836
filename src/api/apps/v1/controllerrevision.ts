import type { ControllerRevision } from '../../generated/types/apps/v1.ts'
import { defineResource } from '../../define.ts'

/** Everything the system knows about ControllerRevision. */
export const controllerRevisions = defineResource<ControllerRevision>({
  group: 'apps',
  version: 'v1',
  kind: 'ControllerRevision',
  plural: 'controllerrevisions',
  scope: 'Namespaced',
  storagePrefix: '/registry/controllerrevisions',
  schema: 'io.k8s.api.apps.v1.ControllerRevision',
})
