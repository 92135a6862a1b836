import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeObject } from '../apimachinery/meta.ts'
import type { ResourceDefinition, WriteContext } from '../apimachinery/resource.ts'
import { systemClock } from '../lib/clock.ts'
import { silentLogger } from '../lib/log.ts'
import { seededRandom } from '../lib/random.ts'
import { builtInResources } from './index.ts'

const env = { clock: systemClock, random: seededRandom(1), log: silentLogger }
const context: WriteContext = { env, user: '', dryRun: false, subresource: '' }
const kind = (name: string): ResourceDefinition =>
  builtInResources.find((one) => one.kind === name) ?? assert.fail(`no ${name}`)
const metadata = { name: 'a', generation: 1 }

test('what an update drops counts as a change of a ResourceSlice and an EndpointSlice', () => {
  const slice = (attribute: object): KubeObject =>
    structuredClone({ metadata, spec: { devices: [{ name: 'd', attributes: { a: attribute } }] } })
  const changed = slice({ int: 1, ints: [1] })
  kind('ResourceSlice').prepareForUpdate?.(changed, slice({ int: 1 }), context)
  assert.deepEqual(changed, { ...slice({ int: 1 }), metadata: { name: 'a', generation: 2 } })

  const endpoints = (endpoint: object): KubeObject => structuredClone({ metadata, endpoints: [endpoint] })
  const moved = endpoints({ addresses: ['10.0.0.1'], deprecatedTopology: { a: 'b' } })
  kind('EndpointSlice').prepareForUpdate?.(moved, endpoints({ addresses: ['10.0.0.1'] }), context)
  assert.equal(moved.metadata.generation, 2)
})

test('a PriorityClass is of one generation', () => {
  const made: KubeObject = { metadata: { name: 'a' } }
  kind('PriorityClass').prepareForCreate?.(made, context)
  assert.equal(made.metadata.generation, 1)
  assert.equal(kind('PriorityClass').hasGeneration, false)
})
