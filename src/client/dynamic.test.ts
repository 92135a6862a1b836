import assert from 'node:assert/strict'
import test from 'node:test'
import { dynamicResource } from './dynamic.ts'

test('the same resource has one definition, another has its own', () => {
  const boats = { group: 'example.com', version: 'v1', kind: 'Boat', plural: 'boats', namespaced: true }
  assert.equal(dynamicResource(boats), dynamicResource({ ...boats }))
  assert.notEqual(dynamicResource(boats), dynamicResource({ ...boats, version: 'v2' }))
  assert.equal(dynamicResource({ ...boats, namespaced: false }).scope, 'Cluster')
})
