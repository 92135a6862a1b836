import { DecodeError, strictDecodingError } from '../../apimachinery/codec/errors.ts'
import { decodeAnyYaml, decodeYaml } from '../../apimachinery/codec/yaml/yaml.ts'
import type { StructSchema } from '../../apimachinery/schema.ts'
import { isJsonObject } from '../../lib/json-value.ts'

/** What a configuration file may hold. */
export interface ConfigKinds {
  /** As upstream's errors name where it looks for kinds: `pkg/apis/audit/install/install.go:30` and the like. */
  readonly scheme: string
  /** The shape of each kind in each version, by `group/version`, then kind. */
  readonly versions: Readonly<Record<string, Readonly<Record<string, StructSchema>>>>
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
export function decodeConfig(body: Uint8Array, { scheme, versions }: ConfigKinds): ConfigDocument {
  const { value } = decodeAnyYaml(body, 'Ignore')
  const { apiVersion, kind } = typeOf(value)
  const kinds = Object.hasOwn(versions, apiVersion) ? versions[apiVersion] : undefined
  const schema = kinds && Object.hasOwn(kinds, kind) ? kinds[kind] : undefined
  if (!schema) {
    const [what, version, where] = [kind, apiVersion, scheme].map((text) => JSON.stringify(text))
    throw new DecodeError(`no kind ${what} is registered for version ${version} in scheme ${where}`)
  }
  const { object, violations } = decodeYaml(schema, body, 'Strict')
  if (violations.length > 0) throw strictDecodingError(violations)
  return { apiVersion, kind, object }
}

function typeOf(value: unknown): { apiVersion: string; kind: string } {
  if (value !== null && !isJsonObject(value)) {
    throw new DecodeError(
      `couldn't get version/kind; json parse error: json: cannot unmarshal ${goName(value)} into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }`,
    )
  }
  const { apiVersion, kind } = value ?? {}
  const text = JSON.stringify(value)
  if (typeof kind !== 'string' || kind === '') throw new DecodeError(`Object 'Kind' is missing in '${text}'`)
  if (typeof apiVersion !== 'string' || apiVersion === '')
    throw new DecodeError(`Object 'apiVersion' is missing in '${text}'`)
  return { apiVersion, kind }
}

function goName(value: unknown): string {
  if (Array.isArray(value)) return 'array'
  return typeof value === 'boolean' ? 'bool' : typeof value
}
