import type { Chance } from '../../fuzz/chance.ts'
import { type Case, get, patch, post, put, type Step } from '../case.ts'
import { mutate, textOf } from './mutate.ts'
import { anyAccept, anyQuery } from './wishes.ts'

type Json = Record<string, unknown>
const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'

/** A schema of some type, structural as custom resources' must be. */
function anySchema(chance: Chance, depth: number): Json {
  const common = { ...(chance.is(0.1) && { nullable: true }), ...(chance.is(0.05) && { description: 'd' }) }
  switch (chance.below(depth > 0 ? 10 : 6)) {
    case 0:
      return {
        type: 'string',
        ...common,
        ...chance.pick<Json>([
          {},
          { enum: ['a', 'b'] },
          { pattern: '^a' },
          { minLength: 1, maxLength: 3 },
          { format: 'date-time' },
          { format: 'ipv4' },
          { format: 'uuid' },
          { format: 'duration' },
          { format: 'byte' },
          { default: 'x' },
          { format: 'none' },
          { format: 'k8s-short-name' },
        ]),
      }
    case 1:
      return {
        type: 'integer',
        ...common,
        ...chance.pick<Json>([
          {},
          { minimum: 0, maximum: 5 },
          { format: 'int32' },
          { format: 'int64' },
          { multipleOf: 2 },
          { default: 3 },
          { minimum: 0, exclusiveMinimum: true },
          { enum: [1, 2] },
        ]),
      }
    case 2:
      return {
        type: 'number',
        ...common,
        ...chance.pick<Json>([
          {},
          { format: 'float' },
          { format: 'double' },
          { minimum: 0.5 },
          { multipleOf: 0.1 },
          { default: 1.5 },
        ]),
      }
    case 3:
      return { type: 'boolean', ...common, ...(chance.is(0.3) && { default: true }) }
    case 4:
      return {
        'x-kubernetes-int-or-string': true,
        ...common,
        ...(chance.is(0.3) && { anyOf: [{ type: 'integer' }, { type: 'string' }] }),
        ...(chance.is(0.2) && { pattern: '^1' }),
      }
    case 5:
      return chance.pick<Json>([
        { 'x-kubernetes-preserve-unknown-fields': true },
        { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
        { type: 'object', 'x-kubernetes-embedded-resource': true, 'x-kubernetes-preserve-unknown-fields': true },
        {
          type: 'object',
          'x-kubernetes-embedded-resource': true,
          properties: { spec: { type: 'object', properties: { a: { type: 'string' } } } },
        },
      ])
    case 6:
      return {
        type: 'array',
        ...common,
        items: anySchema(chance, depth - 1),
        ...chance.pick<Json>([
          {},
          { maxItems: 2 },
          { minItems: 1 },
          { 'x-kubernetes-list-type': 'atomic' },
          { default: [] },
        ]),
      }
    case 7:
      return chance.is(0.5)
        ? { type: 'array', 'x-kubernetes-list-type': 'set', items: { type: chance.pick(['string', 'integer']) } }
        : {
            type: 'array',
            'x-kubernetes-list-type': 'map',
            'x-kubernetes-list-map-keys': ['k'],
            items: {
              type: 'object',
              required: ['k'],
              properties: { k: { type: 'string' }, v: anySchema(chance, depth - 2) },
            },
          }
    case 8:
      return {
        type: 'object',
        ...common,
        additionalProperties: chance.is(0.9) ? anySchema(chance, depth - 1) : chance.is(0.5),
        ...(chance.is(0.2) && { maxProperties: 2 }),
      }
    default:
      return structure(chance, depth - 1)
  }
}

function structure(chance: Chance, depth: number): Json {
  const properties = Object.fromEntries(['a', 'b', 'c', 'd'].map((name) => [name, anySchema(chance, depth)]))
  return {
    type: 'object',
    properties,
    ...(chance.is(0.3) && { required: [chance.pick(['a', 'b', 'z'])] }),
    ...(chance.is(0.15) && { default: {} }),
    ...(chance.is(0.1) && { 'x-kubernetes-map-type': chance.pick(['atomic', 'granular']) }),
    ...chance.pick<Json>([
      {},
      {},
      {},
      {},
      { oneOf: [{ required: ['a'] }, { required: ['b'] }] },
      { anyOf: [{ properties: { a: { enum: ['x'] } } }, { required: ['c'] }] },
      { not: { required: ['d'] } },
      { allOf: [{ minProperties: 1 }] },
    ]),
  }
}

/** A value that a schema takes, now and then. */
function valueOf(schema: Json, chance: Chance): unknown {
  if (Array.isArray(schema['enum'])) return chance.pick(schema['enum'])
  switch (schema['type']) {
    case 'string':
      return chance.pick(['a', 'ab', '2026-01-01T00:00:00Z', '10.0.0.1', '1h', 'aGk='])
    case 'integer':
      return chance.pick([0, 1, 2, 4, 5])
    case 'number':
      return chance.pick([0.5, 1, 2.5, 1e3])
    case 'boolean':
      return true
    case 'array':
      return chance.times(chance.below(3), () => valueOf(schema['items'] as Json, chance))
    case 'object': {
      const properties = Object.entries((schema['properties'] ?? {}) as Record<string, Json>).filter(() =>
        chance.is(0.75),
      )
      const own = Object.fromEntries(properties.map(([name, of]) => [name, valueOf(of, chance)]))
      if (schema['x-kubernetes-embedded-resource'])
        return { apiVersion: 'v1', kind: 'X', metadata: { name: 'n' }, ...own }
      if (typeof schema['additionalProperties'] === 'object')
        return { x: valueOf(schema['additionalProperties'] as Json, chance), ...own }
      return own
    }
    default:
      return chance.pick<unknown>([1, '10%', { a: [1, { b: null }] }, 'x'])
  }
}

const definition = (schema: Json, chance: Chance): Json => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'things.$id.example.com' },
  spec: {
    group: '$id.example.com',
    scope: 'Namespaced',
    names: { plural: 'things', singular: 'thing', kind: 'Thing', listKind: 'ThingList' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: {
              spec: schema,
              status: { type: 'object', properties: { replicas: { type: 'integer' }, s: { type: 'string' } } },
            },
          },
        },
        ...(chance.is(0.5) && {
          subresources: { status: {}, scale: { specReplicasPath: '.spec.a', statusReplicasPath: '.status.replicas' } },
        }),
        ...(chance.is(0.3) && {
          additionalPrinterColumns: [
            { name: 'A', type: chance.pick(['string', 'integer', 'number', 'boolean', 'date']), jsonPath: '.spec.a' },
          ],
        }),
        ...(chance.is(0.2) && { selectableFields: [{ jsonPath: '.spec.a' }] }),
      },
    ],
  },
})

function anyStep(schema: Json, chance: Chance): Step {
  const path = '/apis/$id.example.com/v1/namespaces/$ns/things'
  const own = `${path}/a${chance.is(0.15) ? chance.pick(['/status', '/scale']) : ''}`
  const thing = {
    apiVersion: '$id.example.com/v1',
    kind: 'Thing',
    metadata: { name: 'a', labels: { x: 'y' } },
    spec: valueOf(schema, chance),
  }
  const sent = textOf(chance.is(0.5) ? mutate(thing, chance, 1 + chance.below(2)) : thing)
  const query = anyQuery(chance, 1, ['dryRun', 'fieldManager', 'fieldValidation', 'pretty'])
  const headers = chance.is(0.1) ? { headers: { accept: anyAccept(chance) } } : {}
  switch (chance.below(8)) {
    case 0:
    case 1:
      return post(path + query, sent, headers)
    case 2:
    case 3:
      return put(own + query, sent, headers)
    case 4:
      return get(
        `${chance.pick([path, own])}${anyQuery(chance, 1, ['labelSelector', 'fieldSelector', 'limit', 'pretty', 'resourceVersionMatch'])}`,
        { headers: { accept: anyAccept(chance) } },
      )
    case 5:
      return patch('merge', own + query, sent)
    case 6:
      return patch(
        'apply',
        `${own}?fieldManager=${chance.pick(['one', 'two'])}${chance.is(0.4) ? '&force=true' : ''}`,
        sent,
      )
    default:
      return { method: 'DELETE', path: own + query, ...headers }
  }
}

/** A definition, sometimes wrong, and custom resources of it. */
export function custom(chance: Chance): Case {
  const schema = structure(chance, 2)
  const whole = definition(schema, chance)
  const remove: Step = { method: 'DELETE', path: `${definitions}/things.$id.example.com`, compare: ['status'] }
  const tried = chance.times(3, () => post(`${definitions}?dryRun=All`, textOf(mutate(whole, chance))))
  return {
    name: 'custom',
    steps: [
      ...tried,
      post(definitions, whole),
      get('/apis/$id.example.com/v1/namespaces/$ns/things', { until: '"items"' }),
      ...chance.times(10, () => anyStep(schema, chance)),
      remove,
    ],
  }
}
