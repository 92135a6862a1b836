import { sortKeys } from '../../../lib/json-value.ts'
import type { StructSchema } from '../../schema.ts'
import { DecodeError } from '../errors.ts'
import { decodeAny, decodeJson } from '../json/decode.ts'
import type { Decoded, FieldValidation } from '../json/decode.ts'
import { stringifyJson } from '../json/encode.ts'
import { parseYaml } from './parse.ts'

export { printYaml as encodeYaml } from './print.ts'

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** Whether a text is JSON by upstream's guess: its first character is an open brace. */
export const looksLikeJson = (body: Uint8Array): boolean => {
  const start = body.find((byte) => ![0x20, 0x09, 0x0a, 0x0d].includes(byte))
  return start === 0x7b
}

/**
 * Decodes a YAML body along its schema. JSON is YAML, and is read as such where it can be. With `violations` come keys
 * that stand twice, in one message. Throws DecodeError.
 */
export function decodeYaml(schema: StructSchema, body: Uint8Array, validation: FieldValidation): Decoded {
  const { json, duplicates } = yamlToJson(body)
  const { object, violations } = decodeJson(schema, json, validation)
  if (!duplicates || validation === 'Ignore') return { object, violations }
  return { object, violations: [...told(duplicates, validation), ...violations] }
}

/** In a warning upstream tells each finding by itself. */
const told = (duplicates: string, validation: FieldValidation): string[] =>
  validation === 'Warn' ? duplicates.split('\n  ').slice(1) : [duplicates]

/** Parses a YAML body of no schema. Told are keys that stand twice. Throws DecodeError. */
export function decodeAnyYaml(
  body: Uint8Array,
  validation: FieldValidation,
): { readonly value: unknown; readonly violations: readonly string[] } {
  const { json, duplicates } = yamlToJson(body)
  const { value, violations } = decodeAny(json, validation)
  return {
    value,
    violations: duplicates && validation !== 'Ignore' ? [...told(duplicates, validation), ...violations] : violations,
  }
}

function yamlToJson(body: Uint8Array): { json: Uint8Array; duplicates: string } {
  if (looksLikeJson(body)) {
    try {
      // Of keys that stand twice it is told in YAML's words.
      if (decodeAny(body, 'Warn').violations.length === 0) return { json: body, duplicates: '' }
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
    }
  }
  const { value, duplicates } = parseYaml(decoder.decode(body))
  // Upstream's way from YAML to JSON sorts keys, and findings come in that order.
  return { json: encoder.encode(stringifyJson(sortKeys(value))), duplicates }
}

/**
 * Splits a YAML stream at its `---` lines, as upstream's reader does; documents without content are left out. Throws
 * DecodeError for a separator with something behind it.
 */
export function splitYamlDocuments(text: string): string[] {
  const documents: string[] = []
  let lines: string[] = []
  for (const line of text.split('\n')) {
    const rest = line.startsWith('---') ? line.slice(3).trim() : undefined
    if (rest === undefined) lines.push(line)
    else if (rest !== '' && !rest.startsWith('#'))
      throw new DecodeError(`invalid Yaml document separator: ${rest}`, { unrecognized: true })
    else {
      documents.push(lines.join('\n'))
      lines = []
    }
  }
  documents.push(lines.join('\n'))
  return documents.filter((document) => /^[^\S\n]*[^\s#]/m.test(document))
}
