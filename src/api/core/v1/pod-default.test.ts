import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod, PodStatus } from '../../generated/types/core/v1.ts'
import { defaultPod } from './pod-default.ts'

const defaulted = (status: PodStatus): PodStatus | undefined => {
  const pod: Pod = { metadata: { name: 'a' }, spec: { containers: [] }, status }
  defaultPod(pod)
  return pod.status
}

test('podIP is the first of podIPs, and counts where they differ', () => {
  const [a, b] = ['10.0.0.1', '10.0.0.2']
  assert.deepEqual(defaulted({ podIP: a }), { podIP: a, podIPs: [{ ip: a }] })
  assert.deepEqual(defaulted({ podIPs: [{ ip: a }] }), { podIP: a, podIPs: [{ ip: a }] })
  assert.deepEqual(defaulted({ podIP: b, podIPs: [{ ip: a }, { ip: 'fd00::1' }] }), { podIP: b, podIPs: [{ ip: b }] })
  const both = { podIP: a, podIPs: [{ ip: a }, { ip: 'fd00::1' }] }
  assert.deepEqual(defaulted(structuredClone(both)), both)
})

test('a negative grace period is the shortest', () => {
  const pod: Pod = { metadata: {}, spec: { containers: [], terminationGracePeriodSeconds: -5 } }
  defaultPod(pod)
  assert.equal(pod.spec.terminationGracePeriodSeconds, 1)
})
