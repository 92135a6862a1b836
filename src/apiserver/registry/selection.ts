import { demandedField, type FieldSelector, selectsFields } from '../../apimachinery/fields/selector.ts'
import { type LabelRequirement, type LabelSet, selects } from '../../apimachinery/labels/selector.ts'
import type { Frozen, KubeObject } from '../../apimachinery/meta.ts'
import type { ResourceDefinition } from '../../apimachinery/resource.ts'
import { byteSearch } from '../../lib/byte-search.ts'
import { badRequest } from '../../apimachinery/status.ts'

/** Which objects of a collection a list or watch wants. */
export interface Selection {
  /** Keeps all, so that nothing need be decoded. */
  readonly all: boolean
  /** The one name it wants, when the selector demands one. */
  readonly name: string | undefined
  /** The one namespace it wants. */
  readonly namespace: string
  /** The one node it wants: pods of a kubelet. */
  readonly fields: FieldSelector
  /** Whether `matches` looks at nothing but the metadata. */
  readonly byMetadata: boolean
  /** Looks for the selected values in an object's stored bytes: false when it cannot match, so that it need not be decoded. */
  mayMatch(stored: Uint8Array): boolean
  matches(object: Frozen<KubeObject>): boolean
}

/** Selects every object. */
export const EVERYTHING: Selection = {
  all: true,
  name: undefined,
  namespace: '',
  fields: [],
  byMetadata: true,
  mayMatch: () => true,
  matches: () => true,
}

/** Makes a selection; throws 400 for a field that the kind cannot be selected by. */
export function selectionOf(
  definition: ResourceDefinition,
  labels: LabelSet,
  fields: FieldSelector,
  namespace: string,
): Selection {
  for (const { field } of fields) checkField(definition, field)
  const anyLabels = labels.requirements.length === 0 && !labels.nothing
  const rest = fields.filter(({ field, operator }) => operator === '!=' || !isKeyField(field))
  const name = demandedField(fields, 'metadata.name')
  const demanded = demandedField(fields, 'metadata.namespace')
  return {
    all: anyLabels && fields.length === 0,
    name,
    namespace: namespace || (definition.scope === 'Namespaced' ? (demanded ?? '') : ''),
    fields: rest,
    byMetadata: fields.every(({ field }) => isKeyField(field)),
    mayMatch: byteTest(definition, labels, fields),
    matches: (object) =>
      selects(labels, object.metadata.labels) && selectsFields(fields, (field) => fieldOf(definition, object, field)),
  }
}

const encoder = new TextEncoder()

/** Each search may read all of an object, and a selector may have a hundred thousand requirements. */
const MAX_SEARCHES = 8

/** What must stand in the stored bytes of whatever is selected; they are canonical, so that each value stands there in one way. */
function byteTest(
  definition: ResourceDefinition,
  labels: LabelSet,
  fields: FieldSelector,
): (stored: Uint8Array) => boolean {
  // What is kept in another form may change its labels and fields on the way.
  if (definition.storedAs || definition.onRead) return () => true
  const searches = [
    ...labels.requirements.flatMap(labelText),
    ...fields.flatMap((field) => fieldText(definition, field)),
  ]
    .slice(0, MAX_SEARCHES)
    .map((text) => byteSearch(encoder.encode(text)))
  return (stored) => searches.every((found) => found(stored))
}

function labelText({ key, operator, values }: LabelRequirement): string[] {
  const [value] = values
  switch (operator) {
    case '=':
    case '==':
    case 'in':
      return [`${JSON.stringify(key)}:${values.length === 1 ? JSON.stringify(value) : ''}`]
    case 'exists':
    case 'gt':
    case 'lt':
      return [`${JSON.stringify(key)}:`]
    case 'notin':
    case '!=':
    case '!':
      return []
  }
}

/** Of built-in kinds, a field that holds a text is found as it stands in the object; numbers and booleans may be left out there. */
function fieldText({ schema }: ResourceDefinition, { operator, value }: FieldSelector[number]): string[] {
  const isText = /[a-zA-Z]/.test(value) && value !== 'true' && value !== 'false'
  return operator === '=' && isText && schema.name !== '' ? [JSON.stringify(value)] : []
}

function isKeyField(field: string): boolean {
  return field === 'metadata.name' || field === 'metadata.namespace'
}

function checkField(definition: ResourceDefinition, field: string): void {
  if (Object.hasOwn(definition.selectableFields, field)) return
  if (isKeyField(field) && !(field === 'metadata.namespace' && hasNoNamespaceField(definition))) return
  throw badRequest(
    Object.keys(definition.selectableFields).length > 0 || definition.schema.name === ''
      ? notSelectable(definition, field)
      : `${JSON.stringify(field)} is not a known field selector: only "metadata.name", "metadata.namespace"`,
  )
}

/** Each kind that names its fields itself has words of its own. */
function notSelectable({ group, version, kind }: ResourceDefinition, field: string): string {
  if (group === 'batch' && kind === 'Job') return `field label ${JSON.stringify(field)} not supported for Job`
  const of = group === 'resource.k8s.io' ? ` for ${group}/${version}, Kind=${kind}` : ''
  return `field label not supported${of}: ${field}`
}

/** Upstream's kinds outside namespaces that name their fields themselves do not name this one. */
function hasNoNamespaceField({ scope, schema, selectableFields }: ResourceDefinition): boolean {
  return scope === 'Cluster' && schema.name !== '' && Object.keys(selectableFields).length > 0
}

/** A selectable field's value; '' when unset. */
export function fieldOf(definition: ResourceDefinition, object: Frozen<KubeObject>, field: string): string {
  if (field === 'metadata.name') return object.metadata.name ?? ''
  if (field === 'metadata.namespace') return object.metadata.namespace ?? ''
  return definition.selectableFields[field]?.(object) ?? ''
}
