import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod, Secret, ServiceAccount } from '../../api/generated/types/core/v1.ts'
import { isGeneratedFor, isMounted, isTracked, isUnused, nextStep } from './plan.ts'

const PERIOD = { nowMs: Date.parse('2026-06-15T12:00:00Z'), periodMs: 10 * 86_400_000 }
const LAST_USED = 'kubernetes.io/legacy-token-last-used'
const INVALID_SINCE = 'kubernetes.io/legacy-token-invalid-since'

const secret = (metadata: Secret['metadata'], type = 'kubernetes.io/service-account-token'): Secret => ({
  metadata: { name: 't', namespace: 'ns', creationTimestamp: '2026-01-01T00:00:00Z', ...metadata },
  type,
})

const UNUSED: readonly (readonly [what: string, secret: Secret, unused: boolean])[] = [
  ['never used since it is tracked', secret({}), true],
  ['used on the day before', secret({ labels: { [LAST_USED]: '2026-06-04' } }), true],
  ['used on the first day of the period', secret({ labels: { [LAST_USED]: '2026-06-05' } }), false],
  ['used on a day that cannot be read', secret({ labels: { [LAST_USED]: 'never' } }), false],
  ['used on a day that there is not', secret({ labels: { [LAST_USED]: '2026-13-01' } }), false],
  ['made when the period began', secret({ creationTimestamp: '2026-06-05T12:00:00Z' }), false],
  ['made just before', secret({ creationTimestamp: '2026-06-05T11:59:59Z' }), true],
  ['being deleted', secret({ deletionTimestamp: '2026-06-15T00:00:00Z' }), false],
  ['of another type', secret({}, 'Opaque'), false],
]
for (const [what, one, unused] of UNUSED) {
  test(`a token ${what} is ${unused ? '' : 'not '}unused`, () => assert.equal(isUnused(one, PERIOD), unused))
}

test('use must have been tracked for a whole period, from the day after it began', () => {
  assert.equal(isTracked('2026-06-04', PERIOD), true)
  assert.equal(isTracked('2026-06-05', PERIOD), false)
  assert.throws(() => isTracked(undefined, PERIOD), /configMap does not have since label/)
  assert.throws(() => isTracked('long ago', PERIOD), /error parsing trackedSince time/)
})

test('a token was made for an account when the account names its Secret, and is still the same', () => {
  const account: ServiceAccount = { metadata: { name: 'a', namespace: 'ns', uid: '1' }, secrets: [{ name: 't' }] }
  const of = (uid: string): Secret => secret({ annotations: { 'kubernetes.io/service-account.uid': uid } })
  assert.equal(isGeneratedFor(secret({}), account), true)
  assert.equal(isGeneratedFor(of('1'), account), true)
  assert.equal(isGeneratedFor(of('2'), account), false)
  assert.equal(isGeneratedFor(of('1'), { ...account, secrets: [{ name: 'other' }] }), false)
  assert.equal(isGeneratedFor(of('1'), undefined), false)
})

test('a pod keeps what it mounts, reads or pulls images with', () => {
  const pod = (spec: Partial<Pod['spec']>): Pod => ({
    metadata: { name: 'p', namespace: 'ns' },
    spec: { containers: [{ name: 'c' }], ...spec },
  })
  assert.equal(isMounted(secret({}), [pod({})]), false)
  assert.equal(isMounted(secret({}), [pod({ imagePullSecrets: [{ name: 't' }] })]), true)
  assert.equal(isMounted(secret({}), [pod({}), pod({ volumes: [{ name: 'v', secret: { secretName: 't' } }] })]), true)
})

test('a token is marked first, and deleted when the mark is a period old', () => {
  const marked = (since: string): Secret => secret({ labels: { [INVALID_SINCE]: since } })
  assert.equal(nextStep(secret({}), PERIOD), 'invalidate')
  assert.equal(nextStep(marked('soon'), PERIOD), 'invalidate')
  assert.equal(nextStep(marked('2026-06-05'), PERIOD), 'wait')
  assert.equal(nextStep(marked('2026-06-04'), PERIOD), 'delete')
})
