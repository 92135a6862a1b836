import type { ResourceDefinition } from '../../src/apimachinery/resource.ts'
import type { Schema } from '../../src/apimachinery/schema.ts'
import type { Chance } from './chance.ts'
import { anyJson, NASTY, valueOf } from './values.ts'
import { WORDS } from './words.ts'

const OPERATIONS = ['add', 'add', 'remove', 'replace', 'move', 'copy', 'test', 'x']

/** A JSON patch, mostly of places that the kind has. */
export function jsonPatch(definition: ResourceDefinition, chance: Chance): unknown {
  if (chance.is(0.03)) return anyJson(chance, 3)
  return chance.times(chance.below(6), () => {
    const { pointer, schema } = place(definition.schema, chance)
    return {
      op: chance.pick(OPERATIONS),
      path: pointer,
      ...(chance.is(0.5) && { from: place(definition.schema, chance).pointer }),
      ...(chance.is(0.9) && { value: schema ? valueOf(schema, chance, NASTY, 5) : anyJson(chance, 3) }),
      ...(chance.is(0.02) && { [chance.pick(WORDS)]: 1 }),
    }
  })
}

/** A JSON pointer into a value of a schema, and what stands there. */
function place(schema: Schema, chance: Chance): { pointer: string; schema: Schema | undefined } {
  let pointer = ''
  let at: Schema | undefined = schema
  for (let left = 1 + chance.below(5); left > 0; left--) {
    const [segment, next]: [string, Schema | undefined] = step(at, chance)
    pointer += `/${chance.is(0.9) ? segment.replaceAll('~', '~0').replaceAll('/', '~1') : segment}`
    at = next
  }
  return { pointer: chance.is(0.02) ? chance.pick(WORDS) : pointer, schema: at }
}

function step(schema: Schema | undefined, chance: Chance): [string, Schema | undefined] {
  if (!schema || chance.is(0.05)) return [chance.pick(WORDS), undefined]
  switch (schema.kind) {
    case 'struct': {
      const fields = [...schema.fields.values()]
      if (fields.length === 0) return [chance.pick(WORDS), undefined]
      const field = chance.pick(fields)
      return [field.name, field.schema]
    }
    case 'map':
      return [chance.pick(WORDS), schema.values]
    case 'list':
      return [chance.pick(['0', '1', '-', '-1', '01', '99999999999', '1e3', '0x1']), schema.items]
    default:
      return [chance.pick(WORDS), undefined]
  }
}
