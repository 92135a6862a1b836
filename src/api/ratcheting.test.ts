import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DaemonSet } from './generated/types/apps/v1.ts'
import type { NetworkPolicy } from './generated/types/networking/v1.ts'
import type { Job } from './generated/types/batch/v1.ts'
import type { PersistentVolumeClaim, Service } from './generated/types/core/v1.ts'
import { validateDaemonSetUpdate } from './apps/v1/daemonset-validate.ts'
import { validateJobUpdate } from './batch/v1/job-validate.ts'
import { validateClaimUpdate } from './core/v1/claim-validate.ts'
import { validateNetworkPolicy } from './networking/v1/policy-validate.ts'
import { validateServiceUpdate } from './core/v1/service-validate.ts'

const selector = { matchExpressions: [{ key: 'x', operator: 'NotIn', values: ['-bad-'] }] }
const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [] } }

const fields = (errors: Iterable<{ readonly field: string }>): string[] => [...errors].map(({ field }) => field)
const inside = (path: string, errors: Iterable<{ readonly field: string }>): string[] =>
  fields(errors).filter((field) => field.startsWith(path))

test('label values that were invalid before may stay in a selector', () => {
  const set: DaemonSet = { metadata: { name: 'a' }, spec: { selector, template } }
  const job: Job = { metadata: { name: 'a' }, spec: { manualSelector: true, selector, template } }
  const claim: PersistentVolumeClaim = { metadata: { name: 'a' }, spec: { selector } }
  const bad = 'spec.selector.matchExpressions[0].values'
  assert.deepEqual(inside(bad, validateDaemonSetUpdate(set, set)), [])
  assert.deepEqual(inside(bad, validateJobUpdate(job, job)), [])
  assert.deepEqual(inside(bad, validateClaimUpdate(claim, claim)), [])
  const good = { matchLabels: { a: 'b' } }
  assert.deepEqual(inside(bad, validateDaemonSetUpdate(set, { ...set, spec: { ...set.spec, selector: good } })), [
    `${bad}[0]`,
  ])
})

test('a claim that has a source keeps its group, and a service its addresses', () => {
  const source = { apiGroup: '/abs', kind: 'K', name: 'n' }
  const claim: PersistentVolumeClaim = { metadata: { name: 'a' }, spec: { dataSource: source } }
  const path = 'spec.dataSource.apiGroup'
  assert.deepEqual(inside(path, validateClaimUpdate(claim, claim)), [])
  assert.deepEqual(inside(path, validateClaimUpdate(claim, { ...claim, spec: {} })), [path])
  const service: Service = { metadata: { name: 'a' }, spec: { externalIPs: ['010.1.2.3'] } }
  const ips = 'spec.externalIPs'
  assert.deepEqual(inside(ips, validateServiceUpdate(service, service)), [])
  assert.deepEqual(inside(ips, validateServiceUpdate(service, { ...service, spec: {} })), [`${ips}[0]`])
})

test('a network policy whose pods were chosen by invalid values may name more such values', () => {
  const policy: NetworkPolicy = {
    metadata: { name: 'a' },
    spec: { podSelector: selector, ingress: [{ from: [{ podSelector: selector }] }] },
  }
  assert.deepEqual(fields(validateNetworkPolicy(policy, policy)), [])
  assert.deepEqual(fields(validateNetworkPolicy(policy, { metadata: {}, spec: { podSelector: {} } })).length, 2)
})
