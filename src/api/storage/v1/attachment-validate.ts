import type { Frozen } from '../../../apimachinery/meta.ts'
import { type FieldError, fieldForbidden, invalid, required, tooLong } from '../../../apimachinery/status.ts'
import { byteLength } from '../../../apimachinery/validation/names.ts'
import { dns1123Subdomain, immutableField, inclusiveRange } from '../../checks.ts'
import { validateDriverName } from '../../core/v1/pod-spec/attached-sources.ts'
import { validateVolumeSpec } from '../../core/v1/volume-validate.ts'
import type { VolumeAttachment, VolumeAttachmentSource, VolumeError } from '../../generated/types/storage/v1.ts'
import { mapBytes } from './parameters.ts'

const MAX_METADATA = 256 * 1024
const MAX_ERROR = 1024

/** ValidateVolumeAttachment. */
export function* validateAttachment({ spec, status }: Frozen<VolumeAttachment>): Iterable<FieldError> {
  yield* validateDriverName('spec.attacher', spec.attacher)
  yield* validateSource(spec.source)
  yield* dns1123Subdomain('spec.nodeName', spec.nodeName)
  if (status) {
    if (mapBytes(status.attachmentMetadata ?? {}) > MAX_METADATA) {
      yield tooLong('status.attachmentMetadata', MAX_METADATA)
    }
    yield* validateError(status.attachError, 'status.attachError')
    yield* validateError(status.detachError, 'status.detachError')
  }
  const volume = spec.source.persistentVolumeName
  if (volume !== undefined) yield* dns1123Subdomain('spec.source.persistentVolumeName', volume)
}

function* validateSource(source: Frozen<VolumeAttachmentSource>): Iterable<FieldError> {
  const { inlineVolumeSpec, persistentVolumeName: name } = source
  const text = 'must specify exactly one of inlineVolumeSpec and persistentVolumeName'
  if (!inlineVolumeSpec && name === undefined) yield required('spec.source', text)
  else if (inlineVolumeSpec && name !== undefined) yield fieldForbidden('spec.source', text)
  else if (inlineVolumeSpec) {
    const place = { name: '', path: 'spec.source.inlineVolumeSpec', inline: true }
    yield* validateVolumeSpec(inlineVolumeSpec, place)
  } else if (name === '')
    yield required('spec.source.persistentVolumeName', 'must specify non empty persistentVolumeName')
}

function* validateError(error: Frozen<VolumeError> | undefined, path: string): Iterable<FieldError> {
  // Upstream names the wrong limit.
  if (byteLength(error?.message ?? '') > MAX_ERROR) yield tooLong(`${path}.message`, MAX_METADATA)
  const code = error?.errorCode ?? 0
  if (code < 0) yield invalid(`${path}.errorCode`, code, inclusiveRange(0, 2_147_483_647))
}

/** What is attached to which node never changes. */
export const validateAttachmentUpdate = (now: Frozen<VolumeAttachment>, old: Frozen<VolumeAttachment>): FieldError[] =>
  immutableField('spec', now.spec, old.spec, 'io.k8s.api.storage.v1.VolumeAttachmentSpec')
