import type { Schema } from '../../apimachinery/schema.ts'
import { builtInSchemas } from '../schema-for.ts'
import { META } from './model.ts'

/** A parameter of a path or a query. */
export interface Parameter {
  readonly name: string
  readonly in: 'path' | 'query'
  readonly type: 'string' | 'integer' | 'boolean'
  /** The model and field whose description is the parameter's. */
  readonly source?: { readonly model: string; readonly field: string }
  readonly description?: string
}

export const NAMESPACE: Parameter = {
  name: 'namespace',
  in: 'path',
  type: 'string',
  description: 'object name and auth scope, such as for teams and projects',
}

export const PRETTY: Parameter = {
  name: 'pretty',
  in: 'query',
  type: 'string',
  description:
    "If 'true', then the output is pretty printed. Defaults to 'false' unless the user-agent indicates a browser or command-line HTTP tool (curl and wget).",
}

/** The `{name}` of an object of this kind. */
export function nameParameter(kind: string): Parameter {
  return { name: 'name', in: 'path', type: 'string', description: `name of the ${kind}` }
}

/** The query that a kind of options is sent as: its fields that are plain values or lists of them. */
export function optionsParameters(model: string): Parameter[] {
  const schema = builtInSchemas.find(model)
  if (!schema) throw new Error(`OpenAPI: no schema for ${model}`)
  return [...schema.fields.values()].flatMap(({ name, schema: type }) => {
    const plain = name === 'kind' || name === 'apiVersion' ? undefined : parameterType(type)
    return plain ? [{ name, in: 'query' as const, type: plain, source: { model, field: name } }] : []
  })
}

/** Those of metav1: `ListOptions`, `PatchOptions`. */
export function metaParameters(options: string): Parameter[] {
  return optionsParameters(`${META}.${options}`)
}

function parameterType(schema: Schema): Parameter['type'] | undefined {
  switch (schema.kind) {
    case 'string':
    case 'boolean':
      return schema.kind
    case 'int32':
    case 'int64':
      return 'integer'
    case 'list':
      return parameterType(schema.items)
    default:
      return undefined
  }
}
