import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod, PodStatus } from '../../generated/types/core/v1.ts'
import { validatePodStatusUpdate } from './pod-status-validate.ts'

const pod = (status: PodStatus): Pod => ({
  metadata: { name: 'a' },
  spec: {
    containers: [{ name: 'a', resources: { requests: { 'x.io/gpu': '1' } } }],
    resourceClaims: [{ name: 'c', resourceClaimName: 'claim' }],
  },
  status,
})

const said = (status: PodStatus): string[] =>
  [...validatePodStatusUpdate(pod(status), pod({}))].map(({ field, message }) => `${field}: ${message}`)

test('a claim for extended resources maps requests of containers', () => {
  const claim = (containerName: string, resourceName: string, resourceClaimName: string): PodStatus => ({
    extendedResourceClaimStatus: {
      requestMappings: [{ containerName, resourceName, requestName: 'r' }],
      resourceClaimName,
    },
  })
  assert.deepEqual(said(claim('a', 'x.io/gpu', 'claim')), [])
  const path = 'status.extendedResourceClaimStatus'
  assert.deepEqual(said(claim('b', 'x.io/gpu', '')), [
    `${path}.requestMappings[0].containerName: Invalid value: "b": must match the name of an entry in spec.initContainers.name or spec.containers.name`,
    `${path}.resourceClaimName: Required value`,
  ])
  assert.deepEqual(said(claim('a', 'cpu', 'claim')), [
    `${path}.requestMappings[0].resourceName: Invalid value: "cpu": must match the extended resource name of an entry in spec.initContainers.resources.requests or spec.containers.resources.requests`,
  ])
})

test("what claims take of a node's own resources is of a claim of the pod", () => {
  const taken = (resourceClaimName: string, resources: Record<string, string>): PodStatus => ({
    nodeAllocatableResourceClaimStatuses: [{ resourceClaimName, containers: ['a'], resources }],
  })
  assert.deepEqual(said(taken('claim', { cpu: '1' })), [])
  const path = 'status.nodeAllocatableResourceClaimStatuses[0]'
  assert.deepEqual(said(taken('other', { 'x.io/gpu': '1', cpu: '-1' })), [
    `${path}.resourceClaimName: Invalid value: "other": no mapping found in pod reference`,
    `${path}.resources[x.io/gpu]: Invalid value: "x.io/gpu": must be a node allocatable resource name`,
    `${path}.resources[cpu]: Invalid value: "-1": must be non-negative`,
  ])
})

test('addresses that are none are told apart from families', () => {
  const wrong = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'
  assert.deepEqual(said({ hostIP: 'x', hostIPs: [{ ip: 'x' }, { ip: '10.0.0.1' }] }), [
    `status.hostIPs[0]: Invalid value: "x": ${wrong}`,
    'status.hostIPs: Internal error: failed to check for dual stack with error:invalid IP[0]: x',
    'status.hostIPs: Invalid value: [{"IP":"x"},{"IP":"10.0.0.1"}]: may specify no more than one IP for each IP family',
  ])
})
