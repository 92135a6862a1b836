import { ageColumn, flag, nameColumn, text } from '../../columns.ts'
import type { VolumeAttachment } from '../../generated/types/storage/v1.ts'
import { validateAttachment, validateAttachmentUpdate } from './attachment-validate.ts'
import { defaultAttachedSource } from '../../core/v1/pod-spec/default-volume.ts'
import { roundUpQuantities } from '../../core/v1/resource-list.ts'
import { defineResource } from '../../define.ts'

/** Everything the system knows about VolumeAttachment. */
export const volumeAttachments = defineResource<VolumeAttachment>({
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'VolumeAttachment',
  plural: 'volumeattachments',
  scope: 'Cluster',
  storagePrefix: '/registry/volumeattachments',
  schema: 'io.k8s.api.storage.v1.VolumeAttachment',
  returnsDeletedObject: true,
  status: true,
  statusResets: ['metadata'],
  defaults({ spec }) {
    const inline = spec?.source?.inlineVolumeSpec
    if (!inline) return
    roundUpQuantities(inline.capacity)
    defaultAttachedSource(inline)
  },
  requireResourceVersionOnUpdate: true,
  validate: validateAttachment,
  validateUpdate: validateAttachmentUpdate,
  validateStatusUpdate: validateAttachment,
  columns: [
    nameColumn,
    { ...text('Attacher', ({ spec }) => spec.attacher ?? ''), format: 'name' },
    text('PV', ({ spec }) => spec.source?.persistentVolumeName ?? ''),
    text('Node', ({ spec }) => spec.nodeName ?? ''),
    flag('Attached', ({ status }) => status?.attached),
    ageColumn,
  ],
})
