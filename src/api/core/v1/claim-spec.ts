import { lenientAs, validateLabelSelector } from '../../../apimachinery/labels/label-selector.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'
import { type FieldError, fieldForbidden, invalid, notSupported, required } from '../../../apimachinery/status.ts'
import { isDns1123Subdomain, nameIsDnsLabel } from '../../../apimachinery/validation/names.ts'
import { dns1123Subdomain, present, problems, supported } from '../../checks.ts'
import type {
  PersistentVolumeClaimSpec,
  PersistentVolumeClaimTemplate,
  TypedObjectReference,
} from '../../generated/types/core/v1.ts'
import { validateTemplateMeta } from '../../template-meta.ts'
import { validateQuantityValue } from './pod-spec/resources.ts'
import { compareAmounts } from './resource-list.ts'

const ACCESS_MODES = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod']

/** How a volume may be mounted; once by one pod goes with no other mode. */
export function* validateAccessModes(modes: readonly string[], field: string): Iterable<FieldError> {
  for (const mode of modes) if (!ACCESS_MODES.includes(mode)) yield notSupported(field, mode, ACCESS_MODES)
  const others = modes.some((mode) => mode !== 'ReadWriteOncePod' && ACCESS_MODES.includes(mode))
  if (modes.includes('ReadWriteOncePod') && others) {
    yield fieldForbidden(field, 'may not use ReadWriteOncePod with other access modes')
  }
}

/** Filesystem or Block. */
export const validateVolumeMode = (field: string, mode: string | undefined): FieldError[] =>
  supported(field, mode, ['Block', 'Filesystem'])

/** ValidatePersistentVolumeClaimSpec. On an update a claim that has a source may have one of whatever group: groups were not always looked at. */
export function* validateClaimSpec(
  spec: Frozen<PersistentVolumeClaimSpec>,
  path: string,
  old?: Frozen<PersistentVolumeClaimSpec>,
): Iterable<FieldError> {
  const { accessModes = [], storageClassName, volumeAttributesClassName } = spec
  if (accessModes.length === 0) yield required(`${path}.accessModes`, 'at least 1 access mode is required')
  yield* validateLabelSelector(spec.selector, `${path}.selector`, lenientAs(old?.selector))
  yield* validateAccessModes(accessModes, `${path}.accessModes`)
  yield* validateStorage(spec.resources?.requests?.['storage'], `${path}.resources[storage]`)
  if (storageClassName) yield* dns1123Subdomain(`${path}.storageClassName`, storageClassName)
  yield* validateVolumeMode(`${path}.volumeMode`, spec.volumeMode)
  yield* validateDataSources(spec, path, hasGroup(old?.dataSource) || hasGroup(old?.dataSourceRef))
  if (volumeAttributesClassName) {
    yield* dns1123Subdomain(`${path}.volumeAttributesClassName`, volumeAttributesClassName)
  }
}

function* validateStorage(storage: string | number | undefined, field: string): Iterable<FieldError> {
  if (storage === undefined) yield required(field)
  else if (compareAmounts(storage, '0') <= 0) yield invalid(field, String(storage), 'must be greater than zero')
  else yield* validateQuantityValue(field, 'storage', storage)
}

const hasGroup = (source: Frozen<TypedObjectReference> | undefined): boolean => source?.apiGroup !== undefined

function* validateDataSources(
  { dataSource, dataSourceRef }: Frozen<PersistentVolumeClaimSpec>,
  path: string,
  anyGroup: boolean,
): Iterable<FieldError> {
  if (dataSource) yield* validateDataSource(dataSource, `${path}.dataSource`, anyGroup)
  if (dataSourceRef) {
    yield* validateDataSource(dataSourceRef, `${path}.dataSourceRef`, anyGroup)
    const { namespace } = dataSourceRef
    if (namespace) yield* problems(`${path}.dataSourceRef.namespace`, namespace, nameIsDnsLabel(namespace, false))
  }
  if (!dataSource || !dataSourceRef) return
  if (dataSourceRef.namespace) {
    yield invalid(path, {}, 'may not be specified when dataSourceRef.namespace is specified')
  } else if (
    dataSource.apiGroup !== dataSourceRef.apiGroup ||
    dataSource.kind !== dataSourceRef.kind ||
    dataSource.name !== dataSourceRef.name
  ) {
    yield invalid(path, {}, 'must match dataSourceRef')
  }
}

function* validateDataSource(
  { name, kind, apiGroup }: Frozen<TypedObjectReference>,
  path: string,
  anyGroup: boolean,
): Iterable<FieldError> {
  yield* present(`${path}.name`, name)
  yield* present(`${path}.kind`, kind)
  if (apiGroup && !anyGroup) yield* problems(`${path}.apiGroup`, apiGroup, isDns1123Subdomain(apiGroup))
  if (!apiGroup && kind !== 'PersistentVolumeClaim') {
    yield invalid(path, kind, "must be 'PersistentVolumeClaim' when referencing the default apiGroup")
  }
}

/** ValidatePersistentVolumeClaimTemplate, of ephemeral volumes. */
export function* validateClaimTemplate(
  { metadata = {}, spec }: Frozen<PersistentVolumeClaimTemplate>,
  path: string,
): Iterable<FieldError> {
  yield* validateTemplateMeta(metadata, `${path}.metadata`)
  yield* validateClaimSpec(spec, `${path}.spec`)
}
