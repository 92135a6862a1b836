import { stringifyJson } from '../../apimachinery/codec/json/encode.ts'
import type {
  CustomResourceColumnDefinition,
  CustomResourceDefinition,
  CustomResourceDefinitionNames,
  CustomResourceDefinitionVersion,
} from '../../api/generated/types/apiextensions/v1.ts'
import { configMaps } from '../../api/core/v1/configmap.ts'
import { ageOf } from '../../apimachinery/duration/human.ts'
import type { Frozen, KubeObject } from '../../apimachinery/meta.ts'
import { type Column, completeResource, type ResourceDefinition } from '../../apimachinery/resource.ts'
import type { FieldSchema } from '../../apimachinery/schema.ts'
import { fillDefaults, hasDefaults } from '../../apimachinery/structural/defaulting.ts'
import type { JsonSchema } from '../../apimachinery/structural/json-schema.ts'
import { finalizerWarnings } from '../registry/finalizers.ts'
import { compileObject, type ObjectFields } from './compile.ts'
import { compileJsonPath } from './json-path.ts'
import { ObjectValidator } from './validate-object.ts'

type Crd = Frozen<CustomResourceDefinition>
type Version = Frozen<CustomResourceDefinitionVersion>

/** The definitions of every served version of a custom resource, which take the same path as built-in ones. */
export function definitionsOf(crd: Crd, names: Frozen<CustomResourceDefinitionNames>): ResourceDefinition[] {
  const storage = crd.spec.versions.find((version) => version.storage)
  if (!storage) return []
  const kept = definitionOf(crd, names, storage, undefined)
  return crd.spec.versions
    .filter(({ served }) => served)
    .map((version) => (version === storage ? kept : definitionOf(crd, names, version, kept)))
}

/** The openAPIV3Schema of a served version, for OpenAPI documents. */
export function publishedSchema(crd: Crd, version: string): Record<string, unknown> | undefined {
  const found = crd.spec.versions.find(({ name }) => name === version)
  return found?.schema?.openAPIV3Schema as Record<string, unknown> | undefined
}

function definitionOf(
  crd: Crd,
  names: Frozen<CustomResourceDefinitionNames>,
  version: Version,
  kept: ResourceDefinition | undefined,
): ResourceDefinition {
  const { group, scope } = crd.spec
  const schema = version.schema?.openAPIV3Schema as JsonSchema | undefined
  const { status, scale } = version.subresources ?? {}
  const filled = schema && withoutMetadata(schema)
  const scaled = scale && scaleOf(scale)
  const validator = new ObjectValidator({ schema, scale: scaled })
  const deprecation = deprecationOf(crd, names.kind, version)
  return completeResource<KubeObject>({
    group,
    version: version.name,
    kind: names.kind,
    listKind: names.listKind || `${names.kind}List`,
    plural: names.plural,
    singular: names.singular || names.kind.toLowerCase(),
    shortNames: names.shortNames ?? [],
    categories: names.categories ?? [],
    scope: scope === 'Namespaced' ? 'Namespaced' : 'Cluster',
    schema: compileObject(schema, objectFields()),
    storagePrefix: `/registry/${group}/${names.plural}`,
    status: status !== undefined,
    hasGeneration: true,
    requireResourceVersionOnUpdate: true,
    warnings: finalizerWarnings,
    columns: columnsOf(version.additionalPrinterColumns),
    selectableFields: selectableFields(version),
    ...(scaled && { scale: scaled }),
    ...(kept && { storedAs: { definition: kept, toStored: same, fromStored: same } }),
    ...(deprecation && { deprecation }),
    defaults: (draft) => fillDefaults(draft, filled),
    ...(hasDefaults(filled) && { onRead: (draft) => fillDefaults(draft, filled) }),
    validateCreate: (object) => validator.validateNew(object),
    validateUpdate: (object, old) => validator.validateChanged(object, old),
    validateStatusUpdate: (object, old) => validator.validateStatus(object, old),
  })
}

function same(object: Frozen<KubeObject>): KubeObject {
  return object as KubeObject
}

/** apiVersion, kind and metadata are those of any object. */
function objectFields(): ObjectFields {
  const field = (name: string): FieldSchema => {
    const found = configMaps.schema.fields.get(name)
    if (!found) throw new Error(`no object has a field ${name}`)
    return found
  }
  return { apiVersion: field('apiVersion'), kind: field('kind'), metadata: field('metadata') }
}

/** Metadata has no defaults of a schema. */
function withoutMetadata(schema: JsonSchema): JsonSchema {
  const { metadata: _metadata, ...properties } = schema.properties ?? {}
  return { ...schema, properties }
}

function deprecationOf(crd: Crd, kind: string, version: Version): string | undefined {
  if (!version.deprecated) return undefined
  return version.deprecationWarning ?? `${crd.spec.group}/${version.name} ${kind} is deprecated`
}

function scaleOf(
  scale: Frozen<{ specReplicasPath: string; statusReplicasPath: string; labelSelectorPath?: string }>,
): NonNullable<ResourceDefinition['scale']> {
  return {
    replicas: scale.specReplicasPath,
    statusReplicas: scale.statusReplicasPath,
    ...(scale.labelSelectorPath && { selector: scale.labelSelectorPath }),
  }
}

function selectableFields({ selectableFields: fields = [] }: Version): ResourceDefinition['selectableFields'] {
  return Object.fromEntries(
    fields.map(({ jsonPath }) => {
      const find = compileJsonPath(jsonPath)
      const read = (object: Frozen<KubeObject>): string => text(find?.(object)[0])
      return [jsonPath.replace(/^\./, ''), read]
    }),
  )
}

const NAME: Column<KubeObject> = {
  name: 'Name',
  type: 'string',
  format: 'name',
  value: ({ metadata }) => metadata.name ?? '',
}

const AGE: CustomResourceColumnDefinition = { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' }

function columnsOf(columns: readonly Frozen<CustomResourceColumnDefinition>[] | undefined): Column<KubeObject>[] {
  return [NAME, ...(columns?.length ? columns : [AGE]).map(columnOf)]
}

const TYPES = ['string', 'integer', 'number', 'boolean', 'date'] as const

function columnOf(column: Frozen<CustomResourceColumnDefinition>): Column<KubeObject> {
  const { name, type, format, priority, jsonPath } = column
  const find = compileJsonPath(jsonPath)
  const known = TYPES.find((one) => one === type) ?? 'string'
  return {
    name,
    type: known,
    ...(format && { format }),
    description: column.description || `Custom resource definition column (in JSONPath format): ${jsonPath}`,
    ...(priority && { priority }),
    value: (object, now) => cell(known, find?.(object)[0], now),
  }
}

function cell(type: (typeof TYPES)[number], value: unknown, now: number): string | number | boolean | null {
  if (value === undefined || value === null) return null
  switch (type) {
    case 'integer':
      return typeof value === 'number' ? Math.trunc(value) : null
    case 'number':
      return typeof value === 'number' ? value : null
    case 'boolean':
      return typeof value === 'boolean' ? value : null
    case 'date':
      return typeof value === 'string' ? ageOf(value, now) : null
    case 'string':
      return text(value)
  }
}

function text(value: unknown): string {
  if (value === undefined || value === null) return ''
  return typeof value === 'object' ? stringifyJson(value) : String(value as string | number | boolean)
}
