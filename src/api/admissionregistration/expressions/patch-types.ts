import {
  ArrayList,
  CelError,
  CelList,
  CelMap,
  type CelType,
  type CelValue,
  Duration,
  DYN,
  type EnvironmentOptions,
  equal,
  fn,
  Opaque,
  overload,
  rawOf,
  STRING,
  type StructDecl,
  structType,
  textOf,
  Timestamp,
  Uint,
} from '../../../apimachinery/cel/index.ts'
import { goQuote } from '../../../lib/quote.ts'
import { setOwn } from '../../../lib/own.ts'

/** The type of an apply configuration; the types of its fields are named by their paths, `Object.spec.template`. */
export const OBJECT_TYPE = structType('Object')
/** The type of one operation of a JSON Patch. */
export const JSON_PATCH_TYPE = structType('JSONPatch')

/** A value made by `Object.path{field: value}` or `JSONPatch{op: …}`. */
export class ObjectValue extends Opaque {
  readonly type: CelType
  readonly fields: ReadonlyMap<string, CelValue>

  constructor(type: CelType, fields: ReadonlyMap<string, CelValue>) {
    super()
    this.type = type
    this.fields = fields
  }

  equals(other: CelValue): boolean {
    if (!(other instanceof ObjectValue) || other.type.name !== this.type.name) return false
    if (other.fields.size !== this.fields.size) return false
    return [...this.fields].every(([name, value]) => {
      const its = other.fields.get(name)
      return its !== undefined && equal(value, its) === true
    })
  }
}

function objectStruct(name: string): StructDecl {
  const type = structType(name)
  return { type, field: () => DYN, construct: (fields) => new ObjectValue(type, fields) }
}

const OPERATION: Readonly<Record<string, CelType>> = { op: STRING, path: STRING, from: STRING, value: DYN }

/** Of a field that there is not: nothing fits it. */
const NO_TYPE = structType('')

const jsonPatchStruct: StructDecl = {
  type: JSON_PATCH_TYPE,
  field: (name) => (Object.hasOwn(OPERATION, name) ? OPERATION[name] : NO_TYPE),
  construct: (fields) => new ObjectValue(JSON_PATCH_TYPE, fields),
}

const ESCAPES: Readonly<Record<string, string>> = { '/': '~1', '~': '~0' }

const escapeKey = fn(
  'jsonpatch.escapeKey',
  overload('string_jsonpatch_escapeKey_string', [STRING], STRING, (key) =>
    typeof key === 'string'
      ? key.replaceAll(/[/~]/g, (char) => ESCAPES[char] ?? char)
      : new CelError('no such overload'),
  ),
)

/** What only mutations know. */
export const patchTypes: Pick<EnvironmentOptions, 'functions' | 'resolveStruct'> = {
  functions: [escapeKey],
  resolveStruct(name) {
    if (name === 'JSONPatch') return jsonPatchStruct
    return name === 'Object' || name.startsWith('Object.') ? objectStruct(name) : undefined
  },
}

/** A value as JSON. Throws where it cannot be told in JSON. */
export function patchJson(value: CelValue): unknown {
  if (value instanceof ObjectValue) {
    const object: Record<string, unknown> = {}
    for (const [name, field] of value.fields) setOwn(object, name, patchJson(field))
    return object
  }
  if (value instanceof CelList) return [...value].map(patchJson)
  if (value instanceof CelMap) return mapJson(value)
  if (value instanceof Uint) return Number(value.value)
  if (value instanceof Timestamp || value instanceof Duration) return textOf(value)
  return rawOf(value)
}

function mapJson(map: CelMap): Record<string, unknown> {
  const object: Record<string, unknown> = {}
  for (const key of map.keys()) {
    if (typeof key !== 'string') throw new Error(`map key ${goQuote(String(rawOf(key)))} is not a string`)
    setOwn(object, key, patchJson(map.find(key) ?? null))
  }
  return object
}

/** Complaints about objects whose type is not named by the path of the field they are in. */
export function typeNameProblems(value: CelValue, path: string = OBJECT_TYPE.name): string[] {
  if (value instanceof ObjectValue) {
    const { name } = value.type
    const expected = `expected ${goQuote(path)}, which matches field name path from root Object type`
    const own = name === path ? [] : [`unexpected type name ${goQuote(name)}, ${expected}`]
    return [...own, ...[...value.fields].flatMap(([field, part]) => typeNameProblems(part, `${path}.${field}`))]
  }
  if (value instanceof ArrayList) return value.items.flatMap((item) => typeNameProblems(item, path))
  if (value instanceof CelMap)
    return [...value.keys()].flatMap((key) => typeNameProblems(value.find(key) ?? null, path))
  return []
}
