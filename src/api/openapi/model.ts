import type { ResourceDefinition } from '../../apimachinery/resource.ts'

/** The version that built-in documents say they are of. */
export const API_VERSION = '1.36'

/** A JSON object of a document under construction. */
export type Json = Record<string, unknown>

/** A kind that the documents describe. */
export interface PublishedResource {
  readonly definition: ResourceDefinition
  /** For a custom resource: the openAPIV3Schema of its version, or undefined when it has none. */
  readonly custom?: { readonly openAPIV3Schema: Json | undefined }
}

/** Texts for models and their fields, which come from outside the repository; see README.md. */
export interface Descriptions {
  /** What the model with this name is, or what one of its fields is for. */
  of(model: string, field?: string): string | undefined
}

/** The two versions of OpenAPI, which write the same facts differently. */
export type Dialect = 2 | 3

export interface GroupVersionKind {
  readonly group: string
  readonly version: string
  readonly kind: string
}

export const META = 'io.k8s.apimachinery.pkg.apis.meta.v1'

/** A reference to a model. */
export function refTo(dialect: Dialect, model: string): Json {
  const escaped = model.replaceAll('~', '~0').replaceAll('/', '~1')
  return { $ref: `${dialect === 2 ? '#/definitions/' : '#/components/schemas/'}${escaped}` }
}

/** The object with its keys in alphabetical order, as Go's encoder writes maps. */
export function sorted<T>(entries: Iterable<readonly [string, T]>): Record<string, T> {
  return Object.fromEntries([...entries].sort(([a], [b]) => (a < b ? -1 : 1)))
}
