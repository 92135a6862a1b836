import { goQuote } from '../../../lib/quote.ts'
import { additionalSchema, type JsonSchema } from '../json-schema.ts'

/** A rule's fieldPath as upstream's path syntax, or what is wrong with it. */
export type FieldPath =
  | { readonly valid: true; readonly path: string; readonly schema: JsonSchema }
  | { readonly valid: false; readonly problem: string }

const MISSING = 'does not refer to a valid field'

/** Reads `.spec.list['key']`: fields and keys of maps, each of which the schema must know. */
export function validFieldPath(text: string, root: JsonSchema): FieldPath {
  const tokens = tokensOf(text)
  let schema = root
  let path = ''
  let at = 0
  while (at < tokens.length) {
    const open = tokens[at++]
    if (open !== '[' && open !== '.') return wrong(`expected [ or . but got: ${open ?? ''}`)
    const token = tokens[at++]
    if (token === undefined) return wrong('unexpected end of JSON path')
    const name = open === '.' ? token : keyOf(token)
    if (typeof name !== 'string') return wrong(name.problem)
    const step = stepInto(schema, name)
    if (step === undefined) return wrong(MISSING)
    path = step.named ? (path === '' ? name : `${path}.${name}`) : `${path}[${name}]`
    ;({ schema } = step)
    if (open === '.') continue
    const close = tokens[at++]
    if (close === undefined) return wrong('unexpected end of JSON path')
    if (close !== ']') return wrong(`expected ] but got ${close}`)
  }
  return { valid: true, path, schema }
}

function wrong(problem: string): FieldPath {
  return { valid: false, problem }
}

/** Dots and brackets, and what is between them; quotes keep them inside. */
function tokensOf(text: string): string[] {
  return text.match(/'(?:[^']|(?<=\\)')*'|[.[\]]|[^.[\]]+/gs) ?? []
}

const ESCAPES: Readonly<Record<string, string>> = {
  a: '\u0007',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  "'": "'",
  '\\': '\\',
}

function keyOf(token: string): string | { problem: string } {
  if (token.length < 2 || !token.startsWith("'") || !token.endsWith("'")) {
    return { problem: `expected single quoted string but got ${token}` }
  }
  const body = token.slice(1, -1)
  const bad = /\\(.)/gs
  for (let match = bad.exec(body); match !== null; match = bad.exec(body)) {
    if (!Object.hasOwn(ESCAPES, match[1] ?? '')) {
      return { problem: `invalid string literal: invalid escape char ${goQuote(match[0]).slice(1, -1)}` }
    }
  }
  return body.replace(/\\(.)/gs, (_all, c: string) => ESCAPES[c] ?? '')
}

function stepInto(schema: JsonSchema, name: string): { schema: JsonSchema; named: boolean } | undefined {
  if (schema.properties !== undefined) {
    const property = Object.hasOwn(schema.properties, name) ? schema.properties[name] : undefined
    return property && { schema: property, named: true }
  }
  const values = additionalSchema(schema)
  return values && { schema: values, named: false }
}
