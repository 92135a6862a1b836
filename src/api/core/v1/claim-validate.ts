import { semanticEqual } from '../../../apimachinery/equality.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'
import { type FieldError, fieldForbidden, invalid, notSupported } from '../../../apimachinery/status.ts'
import { IMMUTABLE, qualifiedName } from '../../checks.ts'
import type { PersistentVolumeClaim, PersistentVolumeClaimSpec } from '../../generated/types/core/v1.ts'
import { validateClaimSpec } from './claim-spec.ts'
import { STORAGE_CLASS_ANNOTATION } from './storage-class-annotation.ts'
import { difference } from '../../internal-form.ts'
import { amount, compareAmounts } from './resource-list.ts'
import { isNativeResource } from './resource-names.ts'

type Claim = Frozen<PersistentVolumeClaim>
type Spec = { -readonly [K in keyof PersistentVolumeClaimSpec]: Frozen<PersistentVolumeClaimSpec>[K] }

/** ValidatePersistentVolumeClaim. */
export const validateClaim = ({ spec }: Claim): Iterable<FieldError> => validateClaimSpec(spec, 'spec')

/** ValidatePersistentVolumeClaimUpdate: a claim may be bound, and a bound one may grow. */
export function* validateClaimUpdate(claim: Claim, old: Claim): Iterable<FieldError> {
  yield* validateClaimSpec(claim.spec, 'spec', old.spec)
  const now: Spec = { ...claim.spec }
  const before: Spec = { ...old.spec }
  const bound = claim.status?.phase === 'Bound'
  if (!before.volumeName && now.volumeName !== undefined) before.volumeName = now.volumeName
  yield* validateClass(claim, old, now)
  if (bound) allowBoundChanges(now, before)
  if (!semanticEqual(now, before)) {
    const text =
      'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims'
    yield fieldForbidden('spec', `${text}\n${difference('io.k8s.api.core.v1.PersistentVolumeClaimSpec', before, now)}`)
  }
  yield* validateSize(claim, old)
  if (claim.spec.volumeMode !== old.spec.volumeMode) yield invalid('volumeMode', claim.spec.volumeMode, IMMUTABLE)
  const attributes = claim.spec.volumeAttributesClassName
  if (attributes === old.spec.volumeAttributesClassName) return
  if (old.status?.currentVolumeAttributesClassName === undefined || attributes) return
  const what = attributes === undefined ? 'nil' : 'empty string'
  const text = `update to ${what} is forbidden when status.currentVolumeAttributesClassName is not nil`
  yield fieldForbidden('spec.volumeAttributesClassName', text)
}

/** The class may move from the old annotation to the field, and an empty field may be filled (KEP-3333). */
function* validateClass(claim: Claim, old: Claim, now: Spec): Iterable<FieldError> {
  const oldAnnotation = old.metadata.annotations?.[STORAGE_CLASS_ANNOTATION]
  const annotation = claim.metadata.annotations?.[STORAGE_CLASS_ANNOTATION]
  const { storageClassName } = claim.spec
  const filled = old.spec.storageClassName === undefined && storageClassName !== undefined
  const moved = oldAnnotation !== undefined && filled && storageClassName === oldAnnotation
  if (moved && (annotation === undefined || annotation === oldAnnotation)) {
    delete now.storageClassName
    return
  }
  if ((annotation ?? '') !== (oldAnnotation ?? '')) {
    yield invalid(`metadata.annotations.${STORAGE_CLASS_ANNOTATION}`, annotation ?? '', IMMUTABLE)
  }
  if (filled && (oldAnnotation === undefined || storageClassName === oldAnnotation)) delete now.storageClassName
}

function allowBoundChanges(now: Spec, before: Spec): void {
  const storage = before.resources?.requests?.['storage']
  const requests = now.resources?.requests
  if (requests && storage !== undefined) {
    now.resources = { ...now.resources, requests: { ...requests, storage } }
  }
  if (before.volumeAttributesClassName === undefined) delete now.volumeAttributesClassName
  else now.volumeAttributesClassName = before.volumeAttributesClassName
}

function* validateSize(claim: Claim, old: Claim): Iterable<FieldError> {
  const size = claim.spec.resources?.requests?.['storage'] ?? '0'
  const oldSize = old.spec.resources?.requests?.['storage'] ?? '0'
  if (compareAmounts(size, oldSize) >= 0) return
  if (compareAmounts(size, old.status?.capacity?.['storage'] ?? '0') > 0) return
  yield fieldForbidden('spec.resources.requests.storage', 'field can not be less than status.capacity')
}

const RESIZE_STATUSES = [
  'ControllerResizeInProgress',
  'ControllerResizeInfeasible',
  'NodeResizeInProgress',
  'NodeResizeInfeasible',
  'NodeResizePending',
].sort()

/** ValidatePersistentVolumeClaimStatusUpdate. */
export function* validateClaimStatus({ status }: Claim): Iterable<FieldError> {
  for (const [name, value] of Object.entries(status?.capacity ?? {})) {
    yield* validateAmount(`status.capacity[${name}]`, value)
  }
  const field = 'status.allocatedResourceStatuses'
  for (const [name, value] of Object.entries(status?.allocatedResourceStatuses ?? {})) {
    yield* validateResourceKey(field, name)
    if (!RESIZE_STATUSES.includes(value)) yield notSupported(field, name, RESIZE_STATUSES)
  }
  for (const [name, value] of Object.entries(status?.allocatedResources ?? {})) {
    const wrong = validateResourceKey('status.allocatedResources', name)
    yield* wrong
    if (wrong.length === 0) yield* validateAmount(`status.allocatedResources[${name}]`, value)
  }
}

/** validateBasicResource: not below zero; whole units are told. */
function validateAmount(field: string, value: string | number): FieldError[] {
  const whole = amount(value).nanos / 1_000_000_000n
  return whole < 0n ? [invalid(field, Number(whole), 'must be a valid resource quantity')] : []
}

function validateResourceKey(field: string, name: string): FieldError[] {
  const errors = qualifiedName(field, name)
  if (errors.length > 0 || !isNativeResource(name) || name === 'storage') return errors
  return [notSupported(field, name, ['storage'])]
}
