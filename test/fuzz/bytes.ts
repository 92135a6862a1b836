import type { Chance } from './chance.ts'

const encoder = new TextEncoder()

/** Pieces of JSON, YAML and protobuf that change what follows them. */
const PIECES: readonly Uint8Array[] = [
  '{',
  '}',
  '[',
  ']',
  '"',
  ',',
  ':',
  '\\',
  '\\ud800',
  '\\u0000',
  'null',
  '1e999',
  '-0',
  '99999999999999999999',
  '&a ',
  '*a',
  '<<: ',
  '? ',
  '- ',
  '|',
  '>',
  '---\n',
  '%YAML 9.9\n',
  '!!binary ',
  '\t',
  '#',
  "'",
  '"__proto__":{},',
].map((text) => encoder.encode(text))
const BYTES: readonly Uint8Array[] = [
  [0xff, 0xff, 0xff, 0xff, 0x0f],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
  [0x80],
  [0x00],
  [0x07],
  [0xc3, 0x28],
  [0xed, 0xa0, 0x80],
  [0xef, 0xbb, 0xbf],
].map((bytes) => Uint8Array.from(bytes))

/** The same bytes with a few things done to them. */
export function mutated(bytes: Uint8Array, chance: Chance): Uint8Array {
  let out = bytes
  for (let left = 1 + chance.below(4); left > 0; left--) out = mutateOnce(out, chance)
  return out
}

function mutateOnce(bytes: Uint8Array, chance: Chance): Uint8Array {
  const at = chance.below(bytes.length + 1)
  const length = chance.below(Math.min(16, bytes.length - at) + 1)
  const rest = bytes.subarray(at + length)
  switch (chance.below(6)) {
    case 0: {
      const copy = bytes.slice()
      if (at < copy.length) copy[at] = chance.below(256)
      return copy
    }
    case 1:
      return join(bytes.subarray(0, at), rest)
    case 2:
      return join(bytes.subarray(0, at), chance.pick(PIECES), bytes.subarray(at))
    case 3:
      return join(bytes.subarray(0, at), chance.pick(BYTES), rest)
    case 4: {
      const from = chance.below(bytes.length + 1)
      return join(bytes.subarray(0, at), bytes.subarray(from, from + chance.below(40)), bytes.subarray(at))
    }
    default:
      return bytes.subarray(0, at)
  }
}

/** Bytes with no sense, of up to `limit`. */
export function noise(chance: Chance, limit: number): Uint8Array {
  return chance.random.bytes(chance.below(limit))
}

export function join(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts))
}
