import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeObject } from '../apimachinery/meta.ts'
import type { ResourceDefinition, WriteContext } from '../apimachinery/resource.ts'
import type { Schema, StructSchema } from '../apimachinery/schema.ts'
import { VirtualClock } from '../lib/clock.ts'
import { silentLogger } from '../lib/log.ts'
import { seededRandom, type Random } from '../lib/random.ts'
import { builtInResources } from './index.ts'

const env = { clock: new VirtualClock(), random: seededRandom(1), log: silentLogger }
const SUBRESOURCES = ['', 'status', 'resize', 'ephemeralcontainers', 'approval', 'finalize']

/** Words that mean something somewhere, so that random objects reach past the first check. */
const WORDS = [
  '',
  'a',
  'web',
  'None',
  'TCP',
  'SCTP',
  'Always',
  'Never',
  'ClusterIP',
  'ExternalName',
  'LoadBalancer',
  'Local',
  '10.0.0.1',
  '10.0.0.0/8',
  '::1',
  'RollingUpdate',
  'Recreate',
  'In',
  'Exists',
  'Gt',
  'Equal',
  'cpu',
  'hugepages-2Mi',
  'requests.cpu',
  'example.com/gpu',
  'Container',
  'Pod',
  '*/5 * * * *',
  'Indexed',
  'kubernetes.io/tls',
  '/abs/../path',
  '*.example.com',
  'Resource',
  'Utilization',
  'Exact',
  'Prefix',
  'Cluster',
  'Namespaced',
  'Queue',
  'Limited',
  'Exempt',
  'User',
  'windows',
  'linux',
  '../..',
  '2026-01-01T00:00:00Z',
]

function value(schema: Schema, random: Random, depth: number): unknown {
  const pick = <T>(all: readonly T[]): T => all[Math.floor(random.next() * all.length)] as T
  switch (schema.kind) {
    case 'struct':
      return struct(schema, random, depth)
    case 'list':
      return Array.from({ length: depth > 7 ? 0 : Math.floor(random.next() * 3) }, () =>
        value(schema.items, random, depth + 1),
      )
    case 'map':
      return Object.fromEntries(
        Array.from({ length: Math.floor(random.next() * 3) }, () => [
          pick(WORDS),
          value(schema.values, random, depth + 1),
        ]),
      )
    case 'string':
      return schema.enum && random.next() < 0.8 ? pick(schema.enum) : pick(WORDS)
    case 'boolean':
      return random.next() < 0.5
    case 'int32':
    case 'int64':
    case 'double':
      return pick([-1, 0, 1, 2, 80, 443, 65536, 2147483647])
    case 'quantity':
      return pick(['0', '1', '500m', '1Gi', '-1', '3Mi', '1n'])
    case 'intOrString':
      return pick([0, 1, 80, '25%', 'http', '', '-1', '300%'])
    case 'time':
    case 'microTime':
      return '2026-01-01T00:00:00Z'
    case 'duration':
      return '5s'
    case 'bytes':
      return 'aGVsbG8='
    default:
      return {}
  }
}

function struct(schema: StructSchema, random: Random, depth: number): Record<string, unknown> {
  const object: Record<string, unknown> = {}
  if (depth > 9) return object
  const chance = depth < 2 ? 0.9 : random.next()
  for (const field of schema.fields.values()) {
    if (random.next() < chance) object[field.name] = value(field.schema, random, depth + 1)
  }
  return object
}

/** As the API server does: what a definition is given has metadata, and its own kind. */
function anObject(definition: ResourceDefinition, random: Random): KubeObject {
  const object = struct(definition.schema, random, 0) as unknown as KubeObject
  object.metadata = { ...object.metadata, name: 'x', creationTimestamp: '2026-01-01T00:00:00Z' }
  return object
}

function deepFreeze<T>(object: T): T {
  if (typeof object === 'object' && object !== null && !Object.isFrozen(object)) {
    Object.freeze(object)
    Object.values(object).forEach(deepFreeze)
  }
  return object
}

function exercise(definition: ResourceDefinition, draft: KubeObject, old: KubeObject, subresource: string): void {
  const context: WriteContext = { env, user: 'admin', dryRun: false, subresource }
  for (const object of [draft, old]) {
    definition.defaults?.(object, context)
    definition.prepareForCreate?.(object, context)
  }
  const before = deepFreeze(old)
  definition.prepareForUpdate?.(draft, before, context)
  const object = deepFreeze(draft)
  for (const column of definition.columns) assert.notEqual(column.value(object, 0), undefined, column.name)
  for (const [name, read] of Object.entries(definition.selectableFields))
    assert.equal(typeof read(object), 'string', name)
  for (const found of [
    ...(definition.validate?.(object, context) ?? []),
    ...(definition.validateCreate?.(object, context) ?? []),
    ...(definition.validateUpdate?.(object, before, context) ?? []),
    ...(definition.validateStatusUpdate?.(object, before, context) ?? []),
  ]) {
    assert.equal(typeof found.field, 'string')
    // Upstream itself says `must be undefined` of schemas.
    assert.doesNotMatch(found.message, /(?<!must be |true or )undefined/, `${found.field}: ${found.message}`)
  }
  for (const text of definition.warnings?.(object, before) ?? []) assert.equal(typeof text, 'string')
  definition.gracePeriodSeconds?.(object, undefined)
  const stored = definition.storedAs?.toStored(object)
  if (stored) definition.storedAs?.fromStored(deepFreeze(stored))
}

for (const definition of builtInResources) {
  test(`no object of ${definition.group}/${definition.version} ${definition.kind} makes its definition throw`, () => {
    const random = seededRandom(definition.plural.length * 7919)
    exercise(definition, { metadata: {} }, { metadata: {} }, '')
    for (let round = 0; round < 150; round++) {
      const subresource = SUBRESOURCES[round % SUBRESOURCES.length] ?? ''
      const draft = anObject(definition, random)
      const snapshot = JSON.stringify(draft)
      try {
        exercise(definition, draft, anObject(definition, random), subresource)
      } catch (error) {
        assert.fail(`${error instanceof Error ? error.stack : String(error)}\nfor ${snapshot.slice(0, 3000)}`)
      }
    }
  })
}

test('defaults are stable: a second pass changes nothing', () => {
  const random = seededRandom(42)
  const context: WriteContext = { env, user: '', dryRun: false, subresource: '' }
  for (const definition of builtInResources) {
    for (let round = 0; round < 20; round++) {
      const object = anObject(definition, random)
      definition.defaults?.(object, context)
      const once = JSON.stringify(object)
      definition.defaults?.(object, context)
      assert.equal(JSON.stringify(object), once, definition.kind)
    }
  }
})
