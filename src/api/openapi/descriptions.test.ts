import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseDescriptions } from './descriptions.ts'

const descriptions = parseDescriptions(
  JSON.stringify({
    'io.k8s.api.core.v1.Pod': { '': 'a pod', spec: 'what is wanted' },
    'io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions': { kind: 'which kind' },
  }),
)

test('a model, its field, and the kind of every kind', () => {
  assert.equal(descriptions.of('io.k8s.api.core.v1.Pod'), 'a pod')
  assert.equal(descriptions.of('io.k8s.api.core.v1.Pod', 'spec'), 'what is wanted')
  assert.equal(descriptions.of('io.k8s.api.core.v1.Pod', 'kind'), 'which kind')
  assert.equal(descriptions.of('io.k8s.api.core.v1.Pod', 'status'), undefined)
  assert.equal(descriptions.of('nonsense', 'spec'), undefined)
})
