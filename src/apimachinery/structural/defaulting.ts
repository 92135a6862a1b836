import { copyJson } from '../../lib/json-value.ts'
import { setOwn } from '../../lib/own.ts'
import { additionalSchema, isObject, type JsonObject, type JsonSchema } from './json-schema.ts'

/**
 * Fills what is absent, in place (apiextensions' structural defaulting): a null where none is allowed takes the default, or goes when
 * there is none. Below metadata nothing is filled.
 */
export function fillDefaults(value: unknown, schema: JsonSchema | undefined): void {
  if (!schema) return
  if (Array.isArray(value)) fillItems(value, schema.items)
  else if (isObject(value)) fillObject(value, schema)
}

function fillItems(items: unknown[], schema: JsonSchema | undefined): void {
  if (!schema) return
  for (const [index, item] of items.entries()) {
    if (item === null && !schema.nullable && schema.default !== undefined) items[index] = copyJson(schema.default)
    fillDefaults(items[index], schema)
  }
}

function fillObject(object: JsonObject, schema: JsonSchema): void {
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    const value = Object.hasOwn(object, name) ? object[name] : undefined
    const isBare = value === undefined || (value === null && !property.nullable)
    if (isBare && property.default !== undefined) setOwn<unknown>(object, name, copyJson(property.default))
    else if (value === null && !property.nullable) delete object[name]
    fillDefaults(Object.hasOwn(object, name) ? object[name] : undefined, property)
  }
  const further = additionalSchema(schema)
  if (!further) return
  for (const name of Object.keys(object)) {
    if (schema.properties && Object.hasOwn(schema.properties, name)) continue
    if (object[name] === null && !further.nullable) {
      if (further.default === undefined) delete object[name]
      else setOwn<unknown>(object, name, copyJson(further.default))
    }
    fillDefaults(object[name], further)
  }
}
