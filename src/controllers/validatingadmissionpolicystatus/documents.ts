import { type CelSchema, type DeclType, declTypeOf } from '../../apimachinery/cel/index.ts'
import type { Transport } from '../../client/transport.ts'
import { isJsonObject } from '../../lib/json-value.ts'

/** An OpenAPI v3 document of a group's version, as far as types need it. */
export interface OpenApiDocument {
  readonly paths?: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  readonly components?: { readonly schemas?: Readonly<Record<string, OpenApiSchema>> }
}

/** `$ref` stands alone, or in `allOf` where it comes with a description. */
interface OpenApiSchema extends Omit<CelSchema, 'properties' | 'items' | 'additionalProperties'> {
  readonly $ref?: string
  readonly allOf?: readonly OpenApiSchema[]
  readonly properties?: Readonly<Record<string, OpenApiSchema>>
  readonly items?: OpenApiSchema
  readonly additionalProperties?: OpenApiSchema | boolean
  readonly 'x-kubernetes-group-version-kind'?: readonly GroupVersionKind[]
}

interface GroupVersionKind {
  readonly group: string
  readonly version: string
  readonly kind: string
}

/** By group and version, as in `stable.example.com/v1`. */
export type Documents = ReadonlyMap<string, OpenApiDocument>

/** Reads what the server says of these groups' versions; those that it does not serve are left out. */
export async function readDocuments(names: Iterable<string>, transport: Transport): Promise<Documents> {
  const read = async (name: string): Promise<[string, OpenApiDocument] | undefined> => {
    const path = `/openapi/v3/apis/${name}`
    const { status, body } = await transport.request({ method: 'GET', path, headers: { accept: 'application/json' } })
    return status < 400 && isJsonObject(body) ? [name, body as OpenApiDocument] : undefined
  }
  const found = await Promise.all(Array.from(names, read))
  return new Map(found.filter((one) => one !== undefined))
}

/** The kind of a resource, found at the operations on its path. */
export function kindOfResource({ paths = {} }: OpenApiDocument, plural: string): string | undefined {
  const path = Object.keys(paths).find((one) => one.endsWith(`/${plural}`))
  for (const operation of Object.values(path === undefined ? {} : (paths[path] ?? {}))) {
    const { kind } = ((operation as Record<string, unknown>)['x-kubernetes-group-version-kind'] ?? {}) as {
      kind?: string
    }
    if (kind !== undefined) return kind
  }
  return undefined
}

/** What a kind declares, under `name`. */
export function declaredType(
  { components: { schemas = {} } = {} }: OpenApiDocument,
  wanted: GroupVersionKind,
  name: string,
): DeclType | undefined {
  const schema = Object.values(schemas).find((one) =>
    one['x-kubernetes-group-version-kind']?.some(
      ({ group, version, kind }) => group === wanted.group && version === wanted.version && kind === wanted.kind,
    ),
  )
  return schema && declTypeOf(withoutRefs(schema, { all: schemas, left: MAX_SCHEMAS }, []), true, name)
}

/** Documents come from others' servers, too: a few references to references can stand for more than there is room for. */
const MAX_SCHEMAS = 20_000

interface Resolving {
  readonly all: Readonly<Record<string, OpenApiSchema>>
  /** How many schemas may be looked at still. */
  left: number
}

/** What refers to itself is an object of unknown fields there; so is what lies beyond the limit, of which nothing is said. */
function withoutRefs(schema: OpenApiSchema, resolving: Resolving, within: readonly string[]): CelSchema {
  if (resolving.left-- <= 0) return { 'x-kubernetes-preserve-unknown-fields': true }
  const { $ref = schema.allOf?.[0]?.$ref, properties, items, additionalProperties, ...rest } = schema
  if ($ref !== undefined) {
    const target = $ref.slice($ref.lastIndexOf('/') + 1)
    const found = within.includes(target) ? undefined : resolving.all[target]
    return found ? withoutRefs(found, resolving, [...within, target]) : { type: 'object' }
  }
  const inner = (one: OpenApiSchema): CelSchema => withoutRefs(one, resolving, within)
  return {
    ...rest,
    ...(properties && { properties: Object.fromEntries(Object.entries(properties).map(([k, v]) => [k, inner(v)])) }),
    ...(items && { items: inner(items) }),
    ...(additionalProperties !== undefined && {
      additionalProperties:
        typeof additionalProperties === 'boolean' ? additionalProperties : inner(additionalProperties),
    }),
  }
}
