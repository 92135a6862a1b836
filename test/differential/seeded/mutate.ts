import type { Chance } from '../../fuzz/chance.ts'
import { WORDS } from '../../fuzz/words.ts'

type Json = Record<string, unknown>

/** Tokens that JSON.stringify does not write: they stand as strings until the text is made. */
const RAW = (token: string): string => `@raw:${token}@`
const NUMBERS = [
  '1e400',
  '1.5',
  '1.0',
  '1e2',
  '-0',
  '0.0',
  '9223372036854775808',
  '-9223372036854775809',
  '01',
  '.5',
  '2147483648',
  '4294967296',
  '1E+2',
  '12345678901234567890123',
  'NaN',
  '-1',
  '0',
].map(RAW)
const SCALARS: readonly unknown[] = [null, true, false, 'x', '', {}, [], [null], { a: null }, [[]], [''], { '': '' }]

/** Any value that stands where it should not. */
export const wrongValue = (chance: Chance): unknown => {
  const kind = chance.below(10)
  if (kind < 4) return structuredClone(chance.pick(SCALARS))
  if (kind < 6) return chance.pick(NUMBERS)
  if (kind < 7) return nested(chance.pick([3, 40, 200]), chance.is(0.5))
  return chance.pick(WORDS).toWellFormed()
}

/** Lists or maps within each other. */
function nested(depth: number, lists: boolean): unknown {
  let value: unknown = 1
  for (let left = depth; left > 0; left--) value = lists ? [value] : { a: value }
  return value
}

/** A copy with a few things changed, at places chosen evenly among all. */
export function mutate(value: unknown, chance: Chance, changes = 1 + chance.below(3)): unknown {
  const root = { value: structuredClone(value) }
  for (let left = changes; left > 0; left--) {
    const places = [...placesOf(root.value)]
    const place = places.length > 0 ? chance.pick(places) : undefined
    if (place) change(place, chance)
  }
  return root.value
}

interface Place {
  readonly parent: Json | unknown[]
  readonly key: string
}

function* placesOf(value: unknown): Generator<Place> {
  if (typeof value !== 'object' || value === null) return
  for (const key of Object.keys(value)) {
    yield { parent: value as Json, key }
    yield* placesOf((value as Json)[key])
  }
}

function change({ parent, key }: Place, chance: Chance): void {
  const of = parent as Json
  switch (chance.below(8)) {
    case 0:
      if (Array.isArray(parent)) parent.splice(Number(key), 1)
      else Reflect.deleteProperty(parent, key)
      return
    case 1:
      if (Array.isArray(parent)) parent.push(structuredClone(of[key]))
      else set(of, `@dup:${key}@`, chance.is(0.5) ? of[key] : wrongValue(chance))
      return
    case 2:
      if (Array.isArray(parent)) parent.push(wrongValue(chance))
      else set(of, chance.pick([...WORDS, 'unknown', key.toUpperCase(), `${key}s`]).toWellFormed(), wrongValue(chance))
      return
    case 3:
      if (typeof of[key] === 'object' && of[key] !== null) of[key] = Array.isArray(of[key]) ? [] : {}
      else of[key] = null
      return
    case 4:
      if (typeof of[key] === 'number') of[key] = chance.pick([-1, 0, 2, 65_536, 2 ** 31, 1.5, ...NUMBERS])
      else of[key] = chance.pick(WORDS).toWellFormed()
      return
    default:
      of[key] = wrongValue(chance)
  }
}

function set(object: Json, key: string, value: unknown): void {
  Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true })
}

/** JSON as it is sent: raw numbers and fields that stand twice included. */
export function textOf(value: unknown): string {
  return (JSON.stringify(value, (_key, of: unknown) => (typeof of === 'bigint' ? RAW(String(of)) : of)) ?? '')
    .replaceAll(/"@raw:([^@"]*)@"/g, '$1')
    .replaceAll(/"(?:@dup:)+((?:[^"\\]|\\.)*?)@+":/g, '"$1":')
}
