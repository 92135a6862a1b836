import type { FieldSchema, Schema, StructSchema } from '../../apimachinery/schema.ts'
import { builtInSchemas } from '../schema-for.ts'
import { gvksOf } from './group-version-kinds.ts'
import { refTo, sorted, type Descriptions, type Dialect, type Json } from './model.ts'
import { inPlace, scalarDefinition, SCALAR_MODELS } from './scalars.ts'

/**
 * Collects the definitions of models, and of all that they refer to, in one dialect. What kube-openapi's generator and builders do
 * from Go types, this does from schemas.
 */
export class Definitions {
  readonly #dialect: Dialect
  readonly #descriptions: Descriptions | undefined
  readonly #only: ReadonlySet<string> | undefined
  readonly #models = new Map<string, Json>()

  /** `only` are the versions, as `group/version`, that kinds of all groups are said to be of; all unless told. */
  constructor(dialect: Dialect, descriptions: Descriptions | undefined, only?: readonly string[]) {
    this.#dialect = dialect
    this.#descriptions = descriptions
    this.#only = only && new Set(only)
  }

  /** Adds a built-in model and returns a reference to it. */
  ref(model: string): Json {
    if (!this.#models.has(model)) this.#models.set(model, this.#definition(model))
    return refTo(this.#dialect, model)
  }

  /** Adds a model as it stands, such as a custom resource's. */
  add(model: string, definition: Json): void {
    this.#models.set(model, definition)
  }

  /** All definitions so far, by model name, sorted. */
  all(): Record<string, Json> {
    return sorted(this.#models)
  }

  #definition(model: string): Json {
    const scalar = scalarDefinition(model, this.#dialect)
    if (scalar) return { ...this.#description(model), ...scalar }
    const schema = builtInSchemas.find(model)
    if (!schema) throw new Error(`OpenAPI: no schema for ${model}`)
    // Entered before its fields are, so that a recursive type ends.
    const definition: Json = { ...this.#description(model) }
    this.#models.set(model, definition)
    return Object.assign(definition, this.#struct(schema))
  }

  #struct(schema: StructSchema): Json {
    const fields = [...schema.fields.values()]
    const required = fields.filter((field) => field.required).map((field) => field.name)
    const all = gvksOf(schema.name)
    // A kind of one group is never left out: it is in a document because that has need of it.
    const gvks = all.length > 1 ? all.filter((gvk) => this.#only?.has(`${gvk.group}/${gvk.version}`) ?? true) : all
    return {
      ...(fields.length > 0 && {
        properties: sorted(fields.map((field) => [field.name, this.#property(schema, field)] as const)),
      }),
      ...(required.length > 0 && { required }),
      type: 'object',
      ...(gvks.length > 0 && { 'x-kubernetes-group-version-kind': gvks }),
      ...(schema.mapType && { 'x-kubernetes-map-type': schema.mapType }),
      ...(schema.unions && { 'x-kubernetes-unions': schema.unions.map(union) }),
    }
  }

  #property(owner: StructSchema, field: FieldSchema): Json {
    const { patchStrategy, patchMergeKey } = field
    return this.#wrapped({
      ...this.#description(owner.name, field.name),
      ...this.#default(field),
      ...this.#type(field.schema),
      ...listExtensions(field.schema),
      ...mapExtension(field.schema),
      ...(patchMergeKey && { 'x-kubernetes-patch-merge-key': patchMergeKey }),
      ...(patchStrategy && { 'x-kubernetes-patch-strategy': patchStrategy.join(',') }),
    })
  }

  #type(schema: Schema): Json {
    if (schema.kind === 'struct') return this.ref(schema.name)
    if (schema.kind === 'list') return { items: this.#element(schema.items), type: 'array' }
    if (schema.kind === 'map') return { additionalProperties: this.#element(schema.values), type: 'object' }
    const model = SCALAR_MODELS[schema.kind]
    return model ? this.ref(model) : inPlace(schema)
  }

  #element(schema: Schema): Json {
    const zero = this.#dialect === 3 ? zeroOf(schema) : undefined
    return this.#wrapped({ ...(zero !== undefined && { default: zero }), ...this.#type(schema) })
  }

  /** OpenAPI v2 as it is served has no defaults; v3 also has the zero of what Go always writes. */
  #default(field: FieldSchema): Json {
    if (this.#dialect === 2) return {}
    if (field.default !== undefined) return { default: field.default }
    if (field.pointer || (!field.alwaysWritten && field.schema.kind !== 'struct')) return {}
    const zero = zeroOf(field.schema)
    return zero === undefined ? {} : { default: zero }
  }

  /** In OpenAPI v3 nothing may stand beside a $ref, so that it goes into an allOf. */
  #wrapped(property: Json): Json {
    const { $ref, ...rest } = property
    if (this.#dialect === 2 || $ref === undefined || Object.keys(rest).length === 0) return property
    return { allOf: [{ $ref }], ...rest }
  }

  #description(model: string, field?: string): Json {
    const description = this.#descriptions?.of(model, field)
    return description ? { description } : {}
  }
}

/** The default that kube-openapi gives a value that Go cannot leave out; undefined where that would be null. */
function zeroOf(schema: Schema): unknown {
  switch (schema.kind) {
    case 'struct':
      return {}
    case 'string':
      return ''
    case 'boolean':
      return false
    case 'int32':
    case 'int64':
    case 'double':
      return 0
    default:
      return undefined
  }
}

function listExtensions(schema: Schema): Json {
  if (schema.kind !== 'list') return {}
  const { listType, listMapKeys } = schema
  return {
    ...(listMapKeys && { 'x-kubernetes-list-map-keys': [...listMapKeys] }),
    ...(listType && { 'x-kubernetes-list-type': listType }),
  }
}

function mapExtension(schema: Schema): Json {
  if (schema.kind === 'map') return schema.mapType ? { 'x-kubernetes-map-type': schema.mapType } : {}
  if (schema.kind !== 'struct') return {}
  const own = builtInSchemas.find(schema.name)?.mapType
  return schema.mapType !== own ? { 'x-kubernetes-map-type': schema.mapType } : {}
}

/** Upstream's values are the Go names of the fields: their JSON names with a capital. */
function union({ discriminator, fields }: { discriminator?: string; fields: readonly string[] }): Json {
  const values = fields.map((name) => [name, name.charAt(0).toUpperCase() + name.slice(1)] as const)
  return { ...(discriminator && { discriminator }), 'fields-to-discriminateBy': sorted(values) }
}
