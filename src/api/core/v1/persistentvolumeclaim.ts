import { goQuote } from '../../../lib/quote.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'
import { ageColumn, nameColumn, text, wide } from '../../columns.ts'
import { defineResource } from '../../define.ts'
import type { PersistentVolumeClaim, PersistentVolumeClaimSpec } from '../../generated/types/core/v1.ts'
import { validateClaim, validateClaimStatus, validateClaimUpdate } from './claim-validate.ts'
import { accessModesCell } from './persistentvolume.ts'
import { STORAGE_CLASS_ANNOTATION } from './storage-class-annotation.ts'
import { defaultClaimSpec } from './pod-spec/default-volume.ts'
import { amount, roundUpQuantities } from './resource-list.ts'

/** Everything the system knows about PersistentVolumeClaim. */
export const persistentVolumeClaims = defineResource<PersistentVolumeClaim>({
  group: '',
  version: 'v1',
  kind: 'PersistentVolumeClaim',
  plural: 'persistentvolumeclaims',
  shortNames: ['pvc'],
  scope: 'Namespaced',
  storagePrefix: '/registry/persistentvolumeclaims',
  schema: 'io.k8s.api.core.v1.PersistentVolumeClaim',
  returnsDeletedObject: true,
  status: true,
  defaults: defaultClaim,
  prepareForCreate(claim) {
    claim.status = { phase: 'Pending' }
    // The feature gate CrossNamespaceVolumeDataSource is off.
    if (claim.spec.dataSourceRef?.namespace) delete claim.spec.dataSourceRef
    dropForeignDataSource(claim.spec)
    mirrorDataSource(claim.spec)
  },
  prepareForUpdate(claim, old, { subresource }) {
    if (subresource !== '') return
    if (!old.spec.dataSourceRef && claim.spec.dataSourceRef?.namespace) delete claim.spec.dataSourceRef
    if (!old.spec.dataSource && !old.spec.dataSourceRef) dropForeignDataSource(claim.spec)
    mirrorDataSource(claim.spec)
  },
  validateCreate: validateClaim,
  validateUpdate: validateClaimUpdate,
  validateStatusUpdate: validateClaimStatus,
  *warnings({ metadata, spec }) {
    if (STORAGE_CLASS_ANNOTATION in (metadata.annotations ?? {})) {
      yield `metadata.annotations[${STORAGE_CLASS_ANNOTATION}]: deprecated since v1.8; use "storageClassName" attribute instead`
    }
    yield* claimSpecWarnings(spec, 'spec')
  },
  columns: [
    nameColumn,
    text('Status', ({ metadata, status }) => (metadata.deletionTimestamp ? 'Terminating' : (status?.phase ?? ''))),
    text('Volume', ({ spec }) => spec.volumeName ?? ''),
    text('Capacity', ({ spec, status }) => (spec.volumeName ? (status?.capacity?.['storage'] ?? '0') : '')),
    text('Access Modes', ({ spec, status }) => (spec.volumeName ? accessModesCell(status?.accessModes) : '')),
    text('StorageClass', claimClass),
    text('VolumeAttributesClass', ({ spec }) => spec.volumeAttributesClassName ?? '<unset>'),
    ageColumn,
    wide(text('VolumeMode', ({ spec }) => spec.volumeMode ?? '<unset>')),
  ],
})

/** SetDefaults_PersistentVolumeClaim; StatefulSets default their claim templates with it too. */
export function defaultClaim(claim: PersistentVolumeClaim): void {
  defaultClaimSpec((claim.spec ??= {}))
  const status = (claim.status ??= {})
  status.phase ||= 'Pending'
  roundUpQuantities(status.capacity)
  roundUpQuantities(status.allocatedResources)
}

/** The storage class asked for: the old annotation wins over the field. */
export function claimClass({ metadata, spec }: Frozen<PersistentVolumeClaim>): string {
  return metadata.annotations?.[STORAGE_CLASS_ANNOTATION] ?? spec.storageClassName ?? ''
}

/** Before dataSourceRef existed, a data source that was no claim or snapshot was silently ignored, and still is. */
function dropForeignDataSource(spec: PersistentVolumeClaimSpec): void {
  const { dataSource } = spec
  if (spec.dataSourceRef || !dataSource) return
  const { kind, apiGroup = '' } = dataSource
  const known =
    (kind === 'PersistentVolumeClaim' && apiGroup === '') ||
    (kind === 'VolumeSnapshot' && apiGroup === 'snapshot.storage.k8s.io')
  if (!known) delete spec.dataSource
}

/** KEP-1495: either field fills the other, unless the reference leads into another namespace. */
function mirrorDataSource(spec: PersistentVolumeClaimSpec): void {
  const { dataSource, dataSourceRef } = spec
  if (dataSource && !dataSourceRef) spec.dataSourceRef = { ...dataSource }
  else if (dataSourceRef && !dataSource && !dataSourceRef.namespace) {
    const { namespace: _, ...local } = dataSourceRef
    spec.dataSource = local
  }
}

/** An amount in thousandths of a byte was surely meant otherwise. */
export function* claimSpecWarnings(spec: Frozen<PersistentVolumeClaimSpec>, path: string): Iterable<string> {
  for (const field of ['requests', 'limits'] as const) {
    const storage = spec.resources?.[field]?.['storage']
    if (storage === undefined || amount(storage).nanos % 1_000_000_000n === 0n) continue
    const value = goQuote(String(storage))
    yield `${path}.resources.${field}[storage]: fractional byte value ${value} is invalid, must be an integer`
  }
}
