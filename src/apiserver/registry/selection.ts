import { demandedField, type FieldSelector, selectsFields } from '../../apimachinery/fields/selector.ts'
import { type LabelSet, selects } from '../../apimachinery/labels/selector.ts'
import type { Frozen, KubeObject } from '../../apimachinery/meta.ts'
import type { ResourceDefinition } from '../../apimachinery/resource.ts'
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
  matches(object: Frozen<KubeObject>): boolean
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
    matches: (object) =>
      selects(labels, object.metadata.labels) && selectsFields(fields, (field) => fieldOf(definition, object, field)),
  }
}

function isKeyField(field: string): boolean {
  return field === 'metadata.name' || field === 'metadata.namespace'
}

function checkField(definition: ResourceDefinition, field: string): void {
  if (isKeyField(field) || Object.hasOwn(definition.selectableFields, field)) return
  throw badRequest(
    Object.keys(definition.selectableFields).length > 0
      ? `field label not supported: ${field}`
      : `${JSON.stringify(field)} is not a known field selector: only "metadata.name", "metadata.namespace"`,
  )
}

/** A selectable field's value; '' when unset. */
export function fieldOf(definition: ResourceDefinition, object: Frozen<KubeObject>, field: string): string {
  if (field === 'metadata.name') return object.metadata.name ?? ''
  if (field === 'metadata.namespace') return object.metadata.namespace ?? ''
  return definition.selectableFields[field]?.(object) ?? ''
}
