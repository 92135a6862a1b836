import { DecodeError, strictDecodingError } from '../../apimachinery/codec/errors.ts'
import { decodeAny, decodeJson } from '../../apimachinery/codec/json/decode.ts'
import { decodeAnyYaml, decodeYaml, looksLikeJson } from '../../apimachinery/codec/yaml/yaml.ts'
import type { StructSchema } from '../../apimachinery/schema.ts'
import { isJsonObject } from '../../lib/json-value.ts'

/** What a configuration file may hold. */
export interface ConfigKinds {
  /** As upstream's errors name where it looks for kinds: `pkg/runtime/scheme.go:111` and the like. */
  readonly scheme: string
  /** The shape of each kind in each version, by `group/version`, then kind. */
  readonly versions: Readonly<Record<string, Readonly<Record<string, StructSchema>>>>
  /** Upstream lets unknown fields and those that stand twice pass. */
  readonly isLenient?: boolean
}

/** A configuration file as it was decoded. */
export interface ConfigDocument {
  readonly apiVersion: string
  readonly kind: string
  /** With nothing that its shape does not have. Nothing is defaulted. */
  readonly object: Readonly<Record<string, unknown>>
}

/**
 * Decodes a configuration file, YAML or JSON, of one of `kinds`, in upstream's strict way: fields that nobody knows and fields that stand
 * twice are errors. Throws DecodeError in upstream's words.
 */
export function decodeConfig(body: Uint8Array, { scheme, versions, isLenient = false }: ConfigKinds): ConfigDocument {
  const isJson = looksLikeJson(body)
  const { apiVersion, kind } = typeMeta(body, isJson)
  if (apiVersion.split('/').length > 2) throw new DecodeError(`unexpected GroupVersion string: ${apiVersion}`)
  const kinds = Object.hasOwn(versions, apiVersion) ? versions[apiVersion] : undefined
  const schema = kinds && Object.hasOwn(kinds, kind) ? kinds[kind] : undefined
  if (!schema) {
    const [what, version, where] = [kind, apiVersion, scheme].map((text) => JSON.stringify(text))
    throw new DecodeError(`no kind ${what} is registered for version ${version} in scheme ${where}`)
  }
  const { object, violations } = (isJson ? decodeJson : decodeYaml)(schema, body, isLenient ? 'Ignore' : 'Strict')
  if (violations.length > 0) throw strictDecodingError(violations)
  return { apiVersion, kind, object }
}

const UNTOLD = "couldn't get version/kind; json parse error: "
const TYPE_META = `struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }`

function typeMeta(body: Uint8Array, isJson: boolean): { readonly apiVersion: string; readonly kind: string } {
  const value = (isJson ? parsed(body) : decodeAnyYaml(body, 'Ignore').value) ?? {}
  if (!isJsonObject(value)) throw notOfType(value, `Go value of type ${TYPE_META}`)
  const [apiVersion, kind] = [textOf(value, 'apiVersion'), textOf(value, 'kind')]
  const missing = kind === '' ? 'Kind' : apiVersion === '' ? 'apiVersion' : undefined
  if (missing === undefined) return { apiVersion, kind }
  throw new DecodeError(`Object '${missing}' is missing in '${new TextDecoder().decode(body)}'`)
}

function parsed(body: Uint8Array): unknown {
  try {
    return decodeAny(body, 'Ignore').value
  } catch (error) {
    throw error instanceof DecodeError ? new DecodeError(UNTOLD + error.message) : error
  }
}

function textOf(value: Readonly<Record<string, unknown>>, field: string): string {
  const given = value[field] ?? ''
  if (typeof given !== 'string') throw notOfType(given, `Go struct field .${field} of type string`)
  return given
}

function notOfType(value: unknown, wanted: string): DecodeError {
  const type = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value
  return new DecodeError(`${UNTOLD}json: cannot unmarshal ${type} into ${wanted}`)
}
