import { semanticEqual } from '../../../apimachinery/equality.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'
import { type FieldError, invalid, required } from '../../../apimachinery/status.ts'
import { isDns1035Label, isDns1123Subdomain } from '../../../apimachinery/validation/names.ts'
import { immutableField, oneOf } from '../../checks.ts'
import { isConditionTrue } from '../../core/v1/pod-conditions.ts'
import type {
  CustomResourceDefinition,
  CustomResourceDefinitionVersion,
} from '../../generated/types/apiextensions/v1.ts'
import { validateApproval } from './crd-approval.ts'
import { validateConversion } from './crd-conversion.ts'
import { validateNames } from './crd-names.ts'
import { validateVersionParts, validateVersionRules } from './crd-parts.ts'
import { capitalized, goSchema } from './go-schema.ts'

type Crd = Frozen<CustomResourceDefinition>

/** What every definition must be, but for what its rules are, which depends on what was there before. */
function* validateDefinition(crd: Crd): Iterable<FieldError> {
  const { spec, status } = crd
  yield* validateGroup(spec.group)
  yield* oneOf('spec.scope', spec.scope, ['Cluster', 'Namespaced'])
  yield* validateVersions(spec.versions)
  for (const field of ['plural', 'singular', 'kind', 'listKind'] as const) {
    if (!spec.names[field]) yield required(`spec.names.${field}`)
  }
  yield* validateNames(spec.names, 'spec.names')
  yield* validateVersionParts(spec.versions ?? [])
  if (spec.conversion) yield* validateConversion(spec.conversion, 'spec.conversion')
  yield* validateDefinitionStatus(crd)
  yield* validateStoredVersions(spec.versions ?? [], status?.storedVersions)
}

/** What a new definition must be. */
export function* validateNewDefinition(crd: Crd): Iterable<FieldError> {
  const { metadata, spec } = crd
  const name = metadata.name ?? ''
  if (name && name !== `${spec.names.plural}.${spec.group}`) {
    yield invalid('metadata.name', name, 'must be spec.names.plural+"."+spec.group')
  }
  yield* validateDefinition(crd)
  yield* validateVersionRules(spec.versions ?? [])
  yield* validateApproval(crd)
  yield* validatePreserving(crd)
}

/** What a changed definition must be. What stays: the group and the plural name; with the kind and the scope once the names are accepted. */
export function* validateDefinitionUpdate(crd: Crd, old: Crd): Iterable<FieldError> {
  const { spec } = crd
  yield* validateDefinition(crd)
  yield* validateVersionRules(spec.versions ?? [], old.spec.versions ?? [])
  if (isConditionTrue(old.status?.conditions, 'Established')) {
    yield* immutableField('spec.scope', spec.scope, old.spec.scope)
    yield* immutableField('spec.names.kind', spec.names.kind, old.spec.names.kind)
  }
  yield* immutableField('spec.group', spec.group, old.spec.group)
  yield* immutableField('spec.names.plural', spec.names.plural, old.spec.names.plural)
  yield* validateApproval(crd, old)
  if (!old.spec.preserveUnknownFields) yield* validatePreserving(crd)
}

/** ValidateCustomResourceDefinitionStatus. */
export function* validateDefinitionStatus({ status }: Crd): Iterable<FieldError> {
  if (status?.acceptedNames) yield* validateNames(status.acceptedNames, 'status.acceptedNames')
}

function* validatePreserving({ spec }: Crd): Iterable<FieldError> {
  if (!spec.preserveUnknownFields) return
  const text = 'cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead'
  yield invalid('spec.preserveUnknownFields', true, text)
}

function* validateGroup(group: string): Iterable<FieldError> {
  const wrong = isDns1123Subdomain(group)
  if (!group) yield required('spec.group')
  else if (wrong.length > 0) yield invalid('spec.group', group, wrong.join(','))
  else if (!group.includes('.')) yield invalid('spec.group', group, 'should be a domain with at least one dot')
}

type Version = Frozen<CustomResourceDefinitionVersion>

function* validateVersions(given: readonly Version[] | undefined): Iterable<FieldError> {
  const versions = given ?? []
  for (const [index, { schema }] of versions.entries()) {
    if (!schema?.openAPIV3Schema) yield required(`spec.versions[${index}].schema.openAPIV3Schema`)
  }
  for (const [index, { name }] of versions.entries()) {
    const wrong = isDns1035Label(name)
    if (wrong.length > 0) yield invalid(`spec.versions[${index}].name`, name, wrong.join(','))
    // Upstream keeps the first name once more.
    if (wrong.length > 0 && index === 0 && name) yield invalid('spec.version', name, wrong.join(','))
  }
  const path = 'spec.versions'
  if (new Set(versions.map(({ name }) => name)).size < versions.length) {
    yield invalid(path, versions.map(shown(versions)), 'must contain unique version names')
  }
  if (versions.filter(({ storage }) => storage).length !== 1) {
    yield invalid(
      path,
      given ? versions.map(shown(versions)) : null,
      'must have exactly one version marked as storage version',
    )
  }
}

/** As upstream's own form of a version prints: what all versions share is kept elsewhere. */
const shown =
  (versions: readonly Version[]) =>
  (version: Version): object => {
    const own = <K extends keyof Version>(field: K): Version[K] | null =>
      versions.every((other) => semanticEqual(other[field], versions[0]?.[field])) ? null : version[field]
    return {
      Name: version.name,
      Served: version.served,
      Storage: version.storage,
      Deprecated: version.deprecated ?? false,
      DeprecationWarning: version.deprecationWarning ?? null,
      Schema: capitalized(own('schema'), (schema) => ({ OpenAPIV3Schema: goSchema(schema.openAPIV3Schema) })),
      Subresources: capitalized(own('subresources')),
      AdditionalPrinterColumns: capitalized(own('additionalPrinterColumns')),
      SelectableFields: capitalized(own('selectableFields')),
    }
  }

function* validateStoredVersions(
  versions: readonly Version[],
  storedVersions: readonly string[] | undefined,
): Iterable<FieldError> {
  const path = 'status.storedVersions'
  const stored = storedVersions ?? []
  if (stored.length === 0) return yield invalid(path, storedVersions, 'must have at least one stored version')
  const left = new Set(stored)
  for (const { name, storage } of versions) {
    const isKept = left.delete(name)
    if (storage && !isKept) yield invalid(path, stored, `must have the storage version ${name}`)
  }
  for (const [index, name] of stored.entries()) {
    if (versions.some((version) => version.name === name)) continue
    const text = `missing from spec.versions; ${name} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in ${name} and removes ${name} from status.storedVersions`
    yield invalid(`${path}[${index}]`, name, text)
  }
}
