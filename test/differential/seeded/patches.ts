import { schemaFor } from '../../../src/api/schema-for.ts'
import { builtInResources } from '../../../src/api/index.ts'
import type { Chance } from '../../fuzz/chance.ts'
import { jsonPatch } from '../../fuzz/patches.ts'
import { type Case, patch, type Step } from '../case.ts'
import type { Base } from '../kinds/recorded.ts'
import { anyBase, bases, isNamespaced } from './bases.ts'
import { mutate, textOf, wrongValue } from './mutate.ts'
import { anyQuery } from './wishes.ts'

type Json = Record<string, unknown>

const isMap = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)

/** A part of an object: some of its fields, deeper and deeper. */
function partOf(value: unknown, chance: Chance, depth = 0): unknown {
  if (Array.isArray(value)) return value.filter(() => chance.is(0.8)).map((item) => partOf(item, chance, depth + 1))
  if (!isMap(value)) return value
  const kept = Object.entries(value).filter(([key]) =>
    chance.is(['name', 'apiVersion', 'kind'].includes(key) ? 0.9 : 0.5),
  )
  return Object.fromEntries(kept.map(([key, of]) => [key, chance.is(0.1) ? null : partOf(of, chance, depth + 1)]))
}

/** Directives of strategic merge patches, at some lists and maps. */
function directed(value: unknown, chance: Chance): unknown {
  if (Array.isArray(value)) {
    const items = value.map((item) => directed(item, chance))
    if (chance.is(0.15)) items.push({ $patch: chance.pick(['replace', 'merge', 'delete', 'x', 1]) })
    return items
  }
  if (!isMap(value)) return value
  const made: Json = Object.fromEntries(Object.entries(value).map(([key, of]) => [key, directed(of, chance)]))
  if (chance.is(0.12)) made['$patch'] = chance.pick(['replace', 'delete', 'merge', 'x', null, 1])
  if (chance.is(0.08)) made['$retainKeys'] = chance.pick([Object.keys(value), [], 'x', [1], ['none']])
  for (const [key, of] of Object.entries(value)) {
    if (!Array.isArray(of)) continue
    if (chance.is(0.15))
      made[`$setElementOrder/${key}`] = chance.pick([of.toReversed().map(keysOf), [], 'x', [{}], of.map(keysOf)])
    if (chance.is(0.1)) made[`$deleteFromPrimitiveList/${key}`] = chance.pick([of.slice(0, 1), [], 'x', ['none']])
  }
  return made
}

const keysOf = (item: unknown): unknown => (isMap(item) ? Object.fromEntries(Object.entries(item).slice(0, 1)) : item)

const QUERY = ['fieldManager', 'fieldValidation', 'dryRun', 'pretty', 'force']

function anyPatch(base: Base, path: string, chance: Chance): Step {
  const { object } = base
  const type = chance.pick(['json', 'merge', 'strategic', 'apply', 'apply'] as const)
  const query = anyQuery(chance, 1, QUERY)
  if (type === 'json')
    return patch(
      type,
      path + query,
      chance.is(0.3) ? textOf(jsonPatch(definitionOf(object), chance)) : textOf(smallJsonPatch(object, chance)),
    )
  if (type === 'apply') {
    const force = chance.is(0.3) ? '&force=true' : ''
    const part = {
      apiVersion: object.apiVersion,
      kind: object.kind,
      ...(partOf(object, chance) as Json),
      ...(chance.is(0.8) && { apiVersion: object.apiVersion, kind: object.kind }),
    }
    const manager = chance.is(0.95) ? `?fieldManager=${chance.pick(['one', 'two'])}${force}` : query
    return patch(type, path + manager, textOf(chance.is(0.4) ? mutate(part, chance) : part))
  }
  const part = partOf(object, chance)
  const shaped = type === 'strategic' ? directed(part, chance) : part
  return patch(type, path + query, textOf(chance.is(0.5) ? mutate(shaped, chance) : shaped))
}

const definitionOf = ({ apiVersion, kind }: Base['object']) =>
  builtInResources.find(
    (one) => one.kind === kind && (one.group === '' ? one.version : `${one.group}/${one.version}`) === apiVersion,
  ) ?? {
    ...(builtInResources[0] as (typeof builtInResources)[number]),
    schema: schemaFor('io.k8s.api.core.v1.ConfigMap'),
  }

/** Operations at places that the object has. */
function smallJsonPatch(object: object, chance: Chance): unknown {
  const places = [...pointers(object)]
  return chance.times(1 + chance.below(3), () => {
    const path = chance.pick(places)
    const op = chance.pick(['add', 'replace', 'remove', 'test', 'copy', 'move', 'Add', ''])
    return {
      op,
      path: chance.is(0.85)
        ? path
        : chance.pick([
            `${path}/x`,
            `${path}/-`,
            `${path}/0`,
            path.slice(1),
            `${path}/`,
            '',
            '/',
            `${path}~`,
            `${path}/-1`,
          ]),
      ...(chance.is(0.9) && { value: chance.is(0.5) ? wrongValue(chance) : at(object, chance.pick(places)) }),
      ...((op === 'copy' || op === 'move') && { from: chance.pick(places) }),
    }
  })
}

function* pointers(value: unknown, from = ''): Generator<string> {
  if (typeof value !== 'object' || value === null) return
  for (const [key, of] of Object.entries(value)) {
    const path = `${from}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`
    yield path
    yield* pointers(of, path)
  }
}

const at = (object: object, pointer: string): unknown => {
  let value: unknown = object
  for (const key of pointer.slice(1).split('/'))
    value = (value as Json)[key.replaceAll('~1', '/').replaceAll('~0', '~')]
  return value
}

/** An object and patches of all types, one after another. */
export function patches(chance: Chance): Case {
  let base = anyBase(chance)
  if (!isNamespaced(base)) base = chance.pick(bases.filter(isNamespaced))
  const { path, object } = base
  const own = `${path}/${object.metadata.name}`
  const made: Step = chance.is(0.8)
    ? { method: 'POST', path, body: object }
    : patch('apply', `${own}?fieldManager=one`, object)
  return {
    name: `patches: ${object.apiVersion} ${object.kind}`,
    steps: [made, ...chance.times(8, () => anyPatch(base, own, chance))],
  }
}
