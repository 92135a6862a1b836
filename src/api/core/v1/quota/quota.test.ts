import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { PersistentVolumeClaim, Pod, ResourceQuotaSpec, Service } from '../../../generated/types/core/v1.ts'
import { matchesQuotaScopes } from './scopes.ts'
import { quotaUsage, resourceOfQuotaName } from './usage.ts'

const NOW = Date.UTC(2026, 0, 1)
const pod = (spec: Partial<Pod['spec']> = {}): Pod => ({ metadata: {}, spec: { containers: [{ name: 'c' }], ...spec } })

describe('quotaUsage', () => {
  it('of a pod', () => {
    const resources = {
      requests: { cpu: '100m', memory: '1Gi', 'example.com/gpu': 2 },
      limits: { cpu: '1', 'example.com/gpu': 2 },
    }
    assert.deepEqual(quotaUsage('pods', pod({ containers: [{ name: 'c', resources }] }), NOW), {
      'count/pods': 1,
      pods: 1,
      cpu: '100m',
      'requests.cpu': '100m',
      memory: '1Gi',
      'requests.memory': '1Gi',
      'requests.example.com/gpu': 2,
      'limits.cpu': '1',
    })
  })

  it('of a pod that has ended, or should have', () => {
    assert.deepEqual(quotaUsage('pods', { ...pod(), status: { phase: 'Succeeded' } } as Pod, NOW), { 'count/pods': 1 })
    const stuck = { ...pod(), metadata: { deletionTimestamp: '2025-12-31T23:00:00Z', deletionGracePeriodSeconds: 30 } }
    assert.deepEqual(quotaUsage('pods', stuck, NOW), { 'count/pods': 1 })
  })

  it('of Services, claims and other objects', () => {
    const service = (spec: Service['spec']): Service => ({ metadata: {}, spec })
    const ports = [{ port: 80, nodePort: 30080 }, { port: 81 }]
    const balancer = { type: 'LoadBalancer' as const, ports, allocateLoadBalancerNodePorts: false }
    assert.deepEqual(quotaUsage('services', service(balancer), NOW), {
      'count/services': 1,
      services: 1,
      'services.nodeports': 1,
      'services.loadbalancers': 1,
    })
    assert.equal(quotaUsage('services', service({ type: 'NodePort', ports }), NOW)['services.nodeports'], 2)
    const claim: PersistentVolumeClaim = {
      metadata: {},
      spec: { storageClassName: 'fast', resources: { requests: { storage: '2Gi' } } },
    }
    assert.deepEqual(quotaUsage('persistentvolumeclaims', claim, NOW), {
      'count/persistentvolumeclaims': 1,
      persistentvolumeclaims: 1,
      'requests.storage': '2Gi',
      'fast.storageclass.storage.k8s.io/persistentvolumeclaims': 1,
      'fast.storageclass.storage.k8s.io/requests.storage': '2Gi',
    })
    assert.deepEqual(quotaUsage('secrets', { metadata: {} }, NOW), { 'count/secrets': 1, secrets: 1 })
    assert.deepEqual(quotaUsage('deployments.apps', { metadata: {} }, NOW), { 'count/deployments.apps': 1 })
  })
})

describe('resourceOfQuotaName', () => {
  const cases: [string, string | undefined][] = [
    ['requests.cpu', 'pods'],
    ['limits.memory', 'pods'],
    ['hugepages-2Mi', 'pods'],
    ['requests.example.com/gpu', 'pods'],
    ['services.nodeports', 'services'],
    ['requests.storage', 'persistentvolumeclaims'],
    ['fast.storageclass.storage.k8s.io/requests.storage', 'persistentvolumeclaims'],
    ['count/jobs.batch', 'jobs.batch'],
    ['configmaps', 'configmaps'],
    ['nonsense', undefined],
  ]
  for (const [name, resource] of cases) it(name, () => assert.equal(resourceOfQuotaName(name), resource))
})

describe('matchesQuotaScopes', () => {
  const burstable = pod({ containers: [{ name: 'c', resources: { requests: { cpu: '1' } } }] })
  const term = { topologyKey: 'zone', namespaces: ['other'] }
  const priority = (operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist', values?: string[]): ResourceQuotaSpec => ({
    scopeSelector: { matchExpressions: [{ scopeName: 'PriorityClass', operator, ...(values && { values }) }] },
  })
  const cases: [string, ResourceQuotaSpec, Pod, boolean][] = [
    ['none', {}, pod(), true],
    ['BestEffort', { scopes: ['BestEffort'] }, pod(), true],
    ['BestEffort', { scopes: ['BestEffort'] }, burstable, false],
    ['NotBestEffort', { scopes: ['NotBestEffort'] }, burstable, true],
    ['Terminating', { scopes: ['Terminating'] }, pod({ activeDeadlineSeconds: 5 }), true],
    ['NotTerminating', { scopes: ['NotTerminating'] }, pod({ activeDeadlineSeconds: 5 }), false],
    ['both', { scopes: ['NotTerminating', 'BestEffort'] }, burstable, false],
    ['PriorityClass In', priority('In', ['high']), pod({ priorityClassName: 'high' }), true],
    ['PriorityClass NotIn', priority('NotIn', ['high']), pod({ priorityClassName: 'high' }), false],
    ['PriorityClass DoesNotExist', priority('DoesNotExist'), pod(), true],
    [
      'CrossNamespacePodAffinity',
      { scopes: ['CrossNamespacePodAffinity'] },
      pod({ affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } } }),
      true,
    ],
  ]
  for (const [name, spec, object, expected] of cases)
    it(`${name}: ${expected}`, () => assert.equal(matchesQuotaScopes(spec, 'pods', object), expected))

  it('are about pods alone', () =>
    assert.equal(matchesQuotaScopes({ scopes: ['BestEffort'] }, 'services', { metadata: {} }), false))
})
