import type { Frozen, ManagedFieldsEntry, ObjectMeta, OwnerReference } from '../meta.ts'
import { fieldForbidden, invalid, required, tooLong } from '../status.ts'
import type { FieldError } from '../status.ts'
import { byteLength, isLabelValue, isQualifiedName, nameIsDnsLabel } from './names.ts'
import type { NameCheck } from './names.ts'

const ANNOTATIONS_MAX_BYTES = 256 * 1024
const FIELD_MANAGER_MAX_BYTES = 128
const SUBRESOURCE_MAX_BYTES = 256

/** How a kind constrains its metadata. */
export interface MetaRules {
  readonly namespaced: boolean
  readonly name: NameCheck
}

/** Checks metadata on creation, after the name was generated (ValidateObjectMeta). */
export function validateObjectMeta(meta: Frozen<ObjectMeta>, rules: MetaRules, path = 'metadata'): FieldError[] {
  return [
    ...nameProblems(meta, rules.name, path),
    ...namespaceProblems(meta, rules.namespaced, path),
    ...(meta.generation !== undefined && meta.generation < 0
      ? [invalid(`${path}.generation`, meta.generation, 'must be greater than or equal to 0')]
      : []),
    ...validateLabels(meta.labels, `${path}.labels`),
    ...validateAnnotations(meta.annotations, `${path}.annotations`),
    ...validateOwnerReferences(meta.ownerReferences ?? [], `${path}.ownerReferences`),
    ...validateFinalizers(meta.finalizers ?? [], `${path}.finalizers`),
    ...validateManagedFields(meta.managedFields ?? [], `${path}.managedFields`),
  ]
}

function nameProblems(meta: Frozen<ObjectMeta>, check: NameCheck, path: string): FieldError[] {
  const { name = '', generateName = '' } = meta
  const problems = generateName
    ? check(generateName, true).map((problem) => invalid(`${path}.generateName`, generateName, problem))
    : []
  if (name === '') return [...problems, required(`${path}.name`, 'name or generateName is required')]
  return [...problems, ...check(name, false).map((problem) => invalid(`${path}.name`, name, problem))]
}

function namespaceProblems(meta: Frozen<ObjectMeta>, namespaced: boolean, path: string): FieldError[] {
  const { namespace = '' } = meta
  if (!namespaced) return namespace ? [fieldForbidden(`${path}.namespace`, 'not allowed on this type')] : []
  if (namespace === '') return [required(`${path}.namespace`)]
  return nameIsDnsLabel(namespace, false).map((problem) => invalid(`${path}.namespace`, namespace, problem))
}

/** Fields of metadata that an update may not change, in the order upstream reports them. */
const IMMUTABLE = [
  'name',
  'namespace',
  'uid',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
] as const

/** Checks metadata on update (ValidateObjectMetaUpdate). */
export function validateObjectMetaUpdate(
  meta: Frozen<ObjectMeta>,
  old: Frozen<ObjectMeta>,
  path = 'metadata',
): FieldError[] {
  const problems: FieldError[] = []
  if (old.deletionTimestamp) problems.push(...newFinalizers(meta, old, `${path}.finalizers`))
  if (!meta.resourceVersion)
    problems.push(invalid(`${path}.resourceVersion`, meta.resourceVersion ?? '', 'must be specified for an update'))
  if ((meta.generation ?? 0) < (old.generation ?? 0))
    problems.push(invalid(`${path}.generation`, meta.generation ?? 0, 'must not be decremented'))
  for (const field of IMMUTABLE) {
    const zero = field === 'name' || field === 'namespace' || field === 'uid' ? '' : undefined
    if ((meta[field] ?? zero) !== (old[field] ?? zero))
      problems.push(invalid(`${path}.${field}`, meta[field] ?? zero, 'field is immutable'))
  }
  return [
    ...problems,
    ...validateLabels(meta.labels, `${path}.labels`),
    ...validateAnnotations(meta.annotations, `${path}.annotations`),
    ...validateOwnerReferences(meta.ownerReferences ?? [], `${path}.ownerReferences`),
    ...validateManagedFields(meta.managedFields ?? [], `${path}.managedFields`),
  ]
}

function newFinalizers(meta: Frozen<ObjectMeta>, old: Frozen<ObjectMeta>, path: string): FieldError[] {
  const added = (meta.finalizers ?? []).filter((finalizer) => !old.finalizers?.includes(finalizer))
  if (added.length === 0) return []
  const names = [...new Set(added)].sort().map((finalizer) => JSON.stringify(finalizer))
  return [
    fieldForbidden(
      path,
      `no new finalizers can be added if the object is being deleted, found new finalizers []string{${names.join(', ')}}`,
    ),
  ]
}

/** Keys and values of labels (ValidateLabels). */
export function validateLabels(labels: Readonly<Record<string, string>> | undefined, path: string): FieldError[] {
  const problems: FieldError[] = []
  for (const [key, value] of Object.entries(labels ?? {})) {
    problems.push(...validateLabelName(key, path))
    for (const problem of isLabelValue(value)) problems.push(invalid(path, value, problem))
  }
  return problems
}

/** The key of one label (ValidateLabelName). */
export function validateLabelName(key: string, path: string): FieldError[] {
  return isQualifiedName(key).map((problem) => invalid(path, key, problem))
}

/** Keys of annotations, whatever their case, and their size in sum (ValidateAnnotations). */
export function validateAnnotations(
  annotations: Readonly<Record<string, string>> | undefined,
  path: string,
): FieldError[] {
  const problems: FieldError[] = []
  let total = 0
  for (const [key, value] of Object.entries(annotations ?? {})) {
    for (const problem of isQualifiedName(key.toLowerCase())) problems.push(invalid(path, key, problem))
    total += byteLength(key) + byteLength(value)
  }
  if (total > ANNOTATIONS_MAX_BYTES) problems.push(tooLong(path, ANNOTATIONS_MAX_BYTES))
  return problems
}

/** Owner references: complete, no Event, at most one controller. */
export function validateOwnerReferences(references: Frozen<OwnerReference[]>, path: string): FieldError[] {
  const problems = references.flatMap((reference) => ownerProblems(reference, path))
  let controller = ''
  for (const { controller: isController, kind, name } of references) {
    if (!isController) continue
    const here = `${kind}/${name}`
    if (controller === '') controller = here
    else
      problems.push(
        invalid(
          path,
          references,
          `Only one reference can have Controller set to true. Found "true" in references for ${controller} and ${here}`,
        ),
      )
  }
  return problems
}

function ownerProblems(reference: Readonly<Partial<OwnerReference>>, path: string): FieldError[] {
  const { apiVersion = '', kind = '', name = '', uid = '' } = reference
  const problems: FieldError[] = []
  const version = apiVersion.split('/').length <= 2 ? (apiVersion.split('/').at(-1) ?? '') : ''
  if (version === '') problems.push(invalid(`${path}.apiVersion`, apiVersion, 'version must not be empty'))
  if (kind === '') problems.push(invalid(`${path}.kind`, kind, 'must not be empty'))
  if (name === '') problems.push(invalid(`${path}.name`, name, 'must not be empty'))
  if (uid === '') problems.push(invalid(`${path}.uid`, uid, 'must not be empty'))
  if (apiVersion === 'v1' && kind === 'Event')
    problems.push(invalid(path, reference, '/v1, Kind=Event is disallowed from being an owner'))
  return problems
}

/** Finalizers: qualified names, and not both deletion policies. */
export function validateFinalizers(finalizers: readonly string[], path: string): FieldError[] {
  const problems = finalizers.flatMap((finalizer) =>
    isQualifiedName(finalizer).map((problem) => invalid(path, finalizer, problem)),
  )
  if (finalizers.includes('orphan') && finalizers.includes('foregroundDeletion'))
    problems.push(invalid(path, finalizers, 'finalizer orphan and foregroundDeletion cannot be both set'))
  return problems
}

/** The entries of managedFields, as a client may send them. */
export function validateManagedFields(entries: Frozen<ManagedFieldsEntry[]>, path: string): FieldError[] {
  return entries.flatMap((entry, index) => {
    const at = `${path}[${index}]`
    const problems: FieldError[] = []
    if (entry.operation !== 'Apply' && entry.operation !== 'Update')
      problems.push(invalid(`${at}.operation`, entry.operation ?? '', 'must be `Apply` or `Update`'))
    if (entry.fieldsType && entry.fieldsType !== 'FieldsV1')
      problems.push(invalid(`${at}.fieldsType`, entry.fieldsType, 'must be `FieldsV1`'))
    problems.push(...validateFieldManager(entry.manager ?? '', `${at}.manager`))
    if (byteLength(entry.subresource ?? '') > SUBRESOURCE_MAX_BYTES)
      problems.push(tooLong(`${at}.subresource`, SUBRESOURCE_MAX_BYTES))
    return problems
  })
}

/** The name of a field manager: at most 128 bytes, all printable. */
export function validateFieldManager(manager: string, path: string): FieldError[] {
  const problems: FieldError[] = []
  if (byteLength(manager) > FIELD_MANAGER_MAX_BYTES) problems.push(tooLong(path, FIELD_MANAGER_MAX_BYTES))
  let position = 0
  for (const char of manager) {
    if (!isPrintable(char))
      problems.push(invalid(path, manager, `invalid character ${runeName(char)} (at position ${position})`))
    position += byteLength(char)
  }
  return problems
}

/** Go's unicode.IsPrint: letters, marks, numbers, punctuation, symbols, and the ASCII space. */
function isPrintable(char: string): boolean {
  return char === ' ' || /^[\p{L}\p{M}\p{N}\p{P}\p{S}]$/u.test(char)
}

/** Go's `%#U`: U+0041 'A', without the character when it cannot be printed. */
function runeName(char: string): string {
  const hex = (char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')
  return isPrintable(char) ? `U+${hex} '${char}'` : `U+${hex}`
}
