import { stringifyJson } from '../../apimachinery/codec/json/encode.ts'
import type {
  CustomResourceColumnDefinition,
  CustomResourceDefinition,
  CustomResourceDefinitionNames,
  CustomResourceDefinitionVersion,
} from '../../api/generated/types/apiextensions/v1.ts'
import { configMaps } from '../../api/core/v1/configmap.ts'
import { pruneObject } from '../../apimachinery/codec/json/prune.ts'
import { ageOf } from '../../apimachinery/duration/human.ts'
import type { Frozen, KubeObject } from '../../apimachinery/meta.ts'
import { type Column, completeResource, type ResourceDefinition } from '../../apimachinery/resource.ts'
import type { FieldSchema, StructSchema } from '../../apimachinery/schema.ts'
import { fillDefaults } from '../../apimachinery/structural/defaulting.ts'
import type { JsonSchema } from '../../apimachinery/structural/json-schema.ts'
import { finalizerWarnings } from '../registry/finalizers.ts'
import { compileObject, type ObjectFields } from './compile.ts'
import { compileJsonPath } from './json-path.ts'
import { ObjectValidator } from './validate-object.ts'

type Crd = Frozen<CustomResourceDefinition>
type Version = Frozen<CustomResourceDefinitionVersion>

/** One version of a custom resource, served or not. */
export interface CompiledVersion {
  readonly served: boolean
  readonly storage: boolean
  /** Takes the same path as that of a built-in kind. */
  readonly definition: ResourceDefinition
  /** Brings an object that was kept in this version to what its schema says now, in place: fields that are gone, defaults that came. */
  refresh(draft: KubeObject): void
}

/** All versions of a custom resource. */
export function compileVersions(crd: Crd, names: Frozen<CustomResourceDefinitionNames>): CompiledVersion[] {
  const storageVersion = crd.spec.versions.find(({ storage }) => storage)?.name ?? ''
  return crd.spec.versions.map((version) => compileVersion(crd, names, version, storageVersion))
}

/** The openAPIV3Schema of a served version, for OpenAPI documents. */
export function publishedSchema(crd: Crd, version: string): Record<string, unknown> | undefined {
  const found = crd.spec.versions.find(({ name }) => name === version)
  return found?.schema?.openAPIV3Schema as Record<string, unknown> | undefined
}

function compileVersion(
  crd: Crd,
  names: Frozen<CustomResourceDefinitionNames>,
  version: Version,
  storageVersion: string,
): CompiledVersion {
  const { group, scope } = crd.spec
  const schema = version.schema?.openAPIV3Schema as JsonSchema | undefined
  const { status, scale } = version.subresources ?? {}
  const filled = schema && withoutMetadata(schema)
  const scaled = scale && scaleOf(scale)
  const validator = new ObjectValidator({ schema, scale: scaled })
  const deprecation = deprecationOf(crd, names.kind, version)
  const shape = compileObject(schema, objectFields())
  const refresh = (draft: KubeObject): void => {
    prune(draft, shape)
    fillDefaults(draft, filled)
  }
  const definition = completeResource<KubeObject>({
    group,
    version: version.name,
    kind: names.kind,
    listKind: names.listKind || `${names.kind}List`,
    plural: names.plural,
    singular: names.singular || names.kind.toLowerCase(),
    shortNames: names.shortNames ?? [],
    categories: names.categories ?? [],
    scope: scope === 'Namespaced' ? 'Namespaced' : 'Cluster',
    schema: shape,
    storageVersion,
    storagePrefix: `/registry/${group}/${names.plural}`,
    status: status !== undefined,
    hasGeneration: true,
    requireResourceVersionOnUpdate: true,
    warnings: (object, old) => [...finalizerWarnings(object, old), ...validator.warningsOf(object)],
    columns: columnsOf(version.additionalPrinterColumns),
    selectableFields: selectableFields(version),
    ...(scaled && { scale: scaled }),
    ...(deprecation && { deprecation }),
    defaults: (draft) => fillDefaults(draft, filled),
    // What was written under the first and only schema is as it says.
    ...((crd.metadata.generation ?? 0) !== 1 && { onRead: refresh }),
    validateCreate: (object) => validator.validateNew(object),
    validateUpdate: (object, old) => validator.validateChanged(object, old),
    validateStatusUpdate: (object, old) => validator.validateStatus(object, old),
  })
  return { served: version.served, storage: version.storage, definition, refresh }
}

/** Takes away, in place, what the schema does not know. */
function prune(draft: KubeObject, shape: StructSchema): void {
  const { object } = pruneObject(shape, draft)
  if (object === (draft as object)) return
  for (const name of Object.keys(draft)) {
    if (!Object.hasOwn(object, name)) delete (draft as unknown as Record<string, unknown>)[name]
  }
  Object.assign(draft, object)
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
      return typeof value === 'string' ? (Number.isNaN(Date.parse(value)) ? '<invalid>' : ageOf(value, now)) : null
    case 'string':
      return text(value)
  }
}

function text(value: unknown): string {
  if (value === undefined || value === null) return ''
  return typeof value === 'object' ? stringifyJson(value) : String(value as string | number | boolean)
}
