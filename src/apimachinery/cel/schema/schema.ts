/**
 * The parts of a structural (OpenAPI v3) schema that CEL looks at. A CustomResourceDefinition's schema is one as it
 * stands; those of built-in kinds are made into one.
 */
export interface CelSchema {
  readonly type?: string
  readonly format?: string
  readonly nullable?: boolean
  readonly properties?: Readonly<Record<string, CelSchema>>
  readonly additionalProperties?: CelSchema | boolean
  readonly items?: CelSchema
  readonly required?: readonly string[]
  readonly enum?: readonly unknown[]
  readonly default?: unknown
  readonly maxLength?: number
  readonly maxItems?: number
  readonly maxProperties?: number
  readonly 'x-kubernetes-int-or-string'?: boolean
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean
  readonly 'x-kubernetes-embedded-resource'?: boolean
  readonly 'x-kubernetes-list-type'?: string
  readonly 'x-kubernetes-list-map-keys'?: readonly string[]
}

/** The schema of a map's values, if the schema is one of a map. */
export function valueSchema(schema: CelSchema): CelSchema | undefined {
  return typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined
}

const STRING: CelSchema = { type: 'string' }
const METADATA: CelSchema = { type: 'object', properties: { name: STRING, generateName: STRING } }

/** The schema of a resource's root: rules may always look at its kind, apiVersion and two names of its metadata. */
export function withTypeAndObjectMeta(schema: CelSchema): CelSchema {
  const { kind, apiVersion, metadata } = schema.properties ?? {}
  const { name, generateName } = metadata?.properties ?? {}
  const strings = [kind, apiVersion, name, generateName]
  if (metadata?.type === 'object' && strings.every((property) => property?.type === 'string')) return schema
  return { ...schema, properties: { ...schema.properties, kind: STRING, apiVersion: STRING, metadata: METADATA } }
}
