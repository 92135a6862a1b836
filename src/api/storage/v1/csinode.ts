import { ageColumn, integer, nameColumn } from '../../columns.ts'
import type { CSINode } from '../../generated/types/storage/v1.ts'
import { validateCsiNode, validateCsiNodeUpdate } from './csi-validate.ts'
import { defineResource } from '../../define.ts'

/** Everything the system knows about CSINode. */
export const csiNodes = defineResource<CSINode>({
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'CSINode',
  plural: 'csinodes',
  scope: 'Cluster',
  storagePrefix: '/registry/csinodes',
  schema: 'io.k8s.api.storage.v1.CSINode',
  returnsDeletedObject: true,
  requireResourceVersionOnUpdate: true,
  validate: validateCsiNode,
  validateUpdate: validateCsiNodeUpdate,
  columns: [nameColumn, integer('Drivers', ({ spec }) => spec.drivers?.length), ageColumn],
})
