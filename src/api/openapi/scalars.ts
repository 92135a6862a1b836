import type { ScalarSchema } from '../../apimachinery/schema.ts'
import { META, type Dialect, type Json } from './model.ts'

/** Scalars that are models of their own, by kind. */
export const SCALAR_MODELS: Partial<Record<ScalarSchema['kind'], string>> = {
  time: `${META}.Time`,
  microTime: `${META}.MicroTime`,
  duration: `${META}.Duration`,
  fieldsV1: `${META}.FieldsV1`,
  quantity: 'io.k8s.apimachinery.pkg.api.resource.Quantity',
  intOrString: 'io.k8s.apimachinery.pkg.util.intstr.IntOrString',
  rawExtension: 'io.k8s.apimachinery.pkg.runtime.RawExtension',
  any: 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON',
  schemaOrArray: 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrArray',
  schemaOrBool: 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrBool',
  schemaOrStrings: 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrStringArray',
}

/** metav1.Patch, the body of every PATCH, has no struct of its own. */
export const PATCH_MODEL = `${META}.Patch`

const KIND_BY_MODEL = new Map(Object.entries(SCALAR_MODELS).map(([kind, model]) => [model, kind]))

/** The definition of a model that is no struct, or undefined. */
export function scalarDefinition(model: string, dialect: Dialect): Json | undefined {
  if (model === PATCH_MODEL) return { type: 'object' }
  const kind = KIND_BY_MODEL.get(model) as ScalarSchema['kind'] | undefined
  return kind && encodingOf(kind, dialect)
}

function encodingOf(kind: ScalarSchema['kind'], dialect: Dialect): Json {
  switch (kind) {
    case 'time':
    case 'microTime':
      return { format: 'date-time', type: 'string' }
    case 'duration':
      return { type: 'string' }
    case 'quantity':
      return dialect === 2 ? { type: 'string' } : { oneOf: [{ type: 'string' }, { type: 'number' }] }
    case 'intOrString':
      return dialect === 2
        ? { format: 'int-or-string', type: 'string' }
        : { format: 'int-or-string', oneOf: [{ type: 'integer' }, { type: 'string' }] }
    case 'fieldsV1':
    case 'rawExtension':
      return { type: 'object' }
    default:
      return {}
  }
}

/** The type and format of a scalar that is written in place. */
export function inPlace(schema: ScalarSchema): Json {
  switch (schema.kind) {
    case 'boolean':
      return { type: 'boolean' }
    case 'int32':
    case 'int64':
      return { format: schema.kind, type: 'integer' }
    case 'double':
      return { format: 'double', type: 'number' }
    case 'bytes':
      return { format: 'byte', type: 'string' }
    default:
      return { type: 'string', ...(schema.enum && { enum: [...schema.enum] }) }
  }
}
