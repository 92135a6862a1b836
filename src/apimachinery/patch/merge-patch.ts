import { isJsonObject } from '../../lib/json-value.ts'
import { getOwn, setOwn } from '../../lib/own.ts'

type JsonObject = Record<string, unknown>

/**
 * JSON merge patch (RFC 7386). `document` is changed in place and returned; parts of `patch` become parts of it. As
 * upstream, and unlike the RFC, members that are null are also dropped from objects within a list, unless the list
 * takes the place of an object.
 */
export function applyMergePatch(document: JsonObject, patch: Readonly<JsonObject>): JsonObject {
  for (const key of Object.keys(patch)) {
    const change = patch[key]
    const current = getOwn<unknown>(document, key)
    if (change === null) delete document[key]
    else if (!isJsonObject(current)) setOwn<unknown>(document, key, withoutNulls(change))
    else if (isJsonObject(change)) applyMergePatch(current, change)
    else setOwn<unknown>(document, key, change)
  }
  return document
}

function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) value.forEach(withoutNulls)
  else if (isJsonObject(value)) {
    for (const key of Object.keys(value)) {
      if (value[key] === null) delete value[key]
      else withoutNulls(value[key])
    }
  }
  return value
}
