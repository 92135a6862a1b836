import type { Definitions } from './definitions.ts'
import { META, refTo, type Descriptions, type Dialect, type Json, type PublishedResource } from './model.ts'
import { customModel } from './naming.ts'
import type { ResourceModels } from './operations/index.ts'

/** Adds the models of a custom resource, as apiextensions-apiserver's OpenAPI builder has them, and returns their names. */
export function addCustomModels(
  definitions: Definitions,
  dialect: Dialect,
  resource: PublishedResource,
  descriptions: Descriptions | undefined,
): ResourceModels {
  const { definition, custom } = resource
  const models = {
    object: customModel(definition, definition.kind),
    list: customModel(definition, definition.listKind),
  }
  definitions.ref(`${META}.ObjectMeta`)
  definitions.ref(`${META}.ListMeta`)
  const texts = new Texts(descriptions)
  const extensions = (kind: string): Json => ({
    'x-kubernetes-group-version-kind': [{ group: definition.group, kind, version: definition.version }],
    ...selectableFields(resource),
  })
  const object = objectDefinition(custom?.openAPIV3Schema, dialect, texts)
  definitions.add(models.object, { ...object, ...extensions(definition.kind) })
  definitions.add(models.list, {
    ...listDefinition(resource, models, dialect, texts),
    ...extensions(definition.listKind),
  })
  return models
}

function selectableFields({ definition }: PublishedResource): Json {
  const paths = Object.keys(definition.selectableFields)
  return paths.length > 0 ? { 'x-kubernetes-selectable-fields': paths.map((fieldPath) => ({ fieldPath })) } : {}
}

function objectDefinition(schema: Json | undefined, dialect: Dialect, texts: Texts): Json {
  if (!schema || (dialect === 2 && schema['x-kubernetes-preserve-unknown-fields'] === true)) return { type: 'object' }
  const published = dialect === 2 ? toV2(schema, texts) : toV3(schema, texts)
  return { ...published, properties: { ...(published.properties as Json), ...objectProperties(dialect, texts) } }
}

/** apiVersion, kind and metadata, which the schema of a custom resource only implies. */
function objectProperties(dialect: Dialect, texts: Texts): Json {
  return { ...texts.typeMeta(), metadata: described(dialect, `${META}.ObjectMeta`, texts.metadata()) }
}

function listDefinition(resource: PublishedResource, models: ResourceModels, dialect: Dialect, texts: Texts): Json {
  const { kind, listKind, plural } = resource.definition
  return {
    description: `${listKind} is a list of ${kind}`,
    properties: {
      ...texts.typeMeta(),
      items: { description: `List of ${plural}.`, items: refTo(dialect, models.object), type: 'array' },
      metadata: described(dialect, `${META}.ListMeta`, texts.listMetadata()),
    },
    required: ['items'],
    type: 'object',
  }
}

function described(dialect: Dialect, model: string, description: Json): Json {
  const ref = refTo(dialect, model)
  if (dialect === 2 || Object.keys(description).length === 0) return { ...description, ...ref }
  return { allOf: [ref], ...description }
}

/** The schema as it stands, with embedded objects' own fields and int-or-string spelt out. */
function toV3(schema: Json, texts: Texts): Json {
  const published = mapNested(schema, (nested) => toV3(nested, texts))
  if (published['x-kubernetes-int-or-string'] === true) unfoldIntOrString(published)
  return published['x-kubernetes-embedded-resource'] === true ? withEmbedded(published, 3, texts) : published
}

const INT_OR_STRING = [{ type: 'integer' }, { type: 'string' }]

function unfoldIntOrString(schema: Json): void {
  const first = (schema.allOf as Json[] | undefined)?.[0]
  if (isIntOrString(schema.anyOf) || isIntOrString(first?.anyOf)) return
  if (schema.anyOf === undefined) schema.anyOf = INT_OR_STRING
  else schema.allOf = [{ anyOf: INT_OR_STRING }, ...((schema.allOf as Json[] | undefined) ?? [])]
}

function isIntOrString(anyOf: unknown): boolean {
  if (!Array.isArray(anyOf) || anyOf.length !== 2) return false
  return anyOf.map((one: Json) => one.type).join() === 'integer,string'
}

/** What OpenAPI v2 cannot say is left out, in the ways that kubectl can read (apiextensions' ToStructuralOpenAPIV2). */
function toV2(schema: Json, texts: Texts): Json {
  const published = mapNested(schema, (nested) => toV2(nested, texts))
  for (const key of ['allOf', 'oneOf', 'anyOf', 'not', 'default', 'nullable']) delete published[key]
  const preserves = schema['x-kubernetes-preserve-unknown-fields'] === true
  if (schema.nullable === true || preserves) {
    delete published.items
    delete published.properties
  }
  const untyped = schema.nullable === true || (preserves && published.type === 'object')
  if (untyped || (published.type === 'array' && published.items === undefined)) delete published.type
  dropNullableRequired(published, schema)
  return published['x-kubernetes-embedded-resource'] === true && !preserves
    ? withEmbedded(published, 2, texts)
    : published
}

function dropNullableRequired(published: Json, { properties, required }: Json): void {
  const isNullable = (name: string): boolean =>
    ((properties as Json | undefined)?.[name] as Json | undefined)?.nullable === true
  const left = ((required as string[] | undefined) ?? []).filter((name) => !isNullable(name))
  if (left.length > 0) published.required = left
  else delete published.required
}

function withEmbedded(schema: Json, dialect: Dialect, texts: Texts): Json {
  const required = new Set([...((schema.required as string[] | undefined) ?? []), 'kind', 'apiVersion'])
  const properties = { ...(schema.properties as Json), ...objectProperties(dialect, texts) }
  return { ...schema, properties, required: [...required] }
}

/** A copy in which the schemas of properties, items and additional properties are mapped. */
function mapNested(schema: Json, map: (nested: Json) => Json): Json {
  const copy = { ...schema }
  if (schema.properties !== undefined) {
    const entries = Object.entries(schema.properties as Record<string, Json>)
    copy.properties = Object.fromEntries(entries.map(([name, nested]) => [name, map(nested)]))
  }
  if (schema.items !== undefined) copy.items = map(schema.items as Json)
  if (typeof schema.additionalProperties === 'object')
    copy.additionalProperties = map(schema.additionalProperties as Json)
  return copy
}

/** Descriptions of what every object has, taken from a built-in kind's. */
class Texts {
  readonly #descriptions: Descriptions | undefined

  constructor(descriptions: Descriptions | undefined) {
    this.#descriptions = descriptions
  }

  typeMeta(): Json {
    const model = 'io.k8s.api.core.v1.ConfigMap'
    return {
      apiVersion: { ...this.#text(model, 'apiVersion'), type: 'string' },
      kind: { ...this.#text(model, 'kind'), type: 'string' },
    }
  }

  metadata(): Json {
    return this.#text('io.k8s.api.core.v1.ConfigMap', 'metadata')
  }

  listMetadata(): Json {
    return this.#text('io.k8s.api.core.v1.PodList', 'metadata')
  }

  #text(model: string, field: string): Json {
    const description = this.#descriptions?.of(model, field)
    return description ? { description } : {}
  }
}
