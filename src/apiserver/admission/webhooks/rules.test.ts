import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RuleWithOperations } from '../../../api/generated/types/admissionregistration/v1.ts'
import { isExempt, ruleMatches, type RuleSubject } from './rules.ts'

const PODS = { group: '', version: 'v1', plural: 'pods' }
const exec: RuleSubject = { operation: 'CONNECT', subresource: 'exec', namespace: 'a', definition: PODS }
const pod: RuleSubject = { operation: 'CREATE', subresource: '', namespace: 'a', definition: PODS }
const node: RuleSubject = { ...pod, namespace: '', definition: { ...PODS, plural: 'nodes' } }
const namespace: RuleSubject = { ...pod, definition: { ...PODS, plural: 'namespaces' } }

const rule = (part: RuleWithOperations): RuleWithOperations => ({
  operations: ['*'],
  apiGroups: ['*'],
  apiVersions: ['*'],
  resources: ['*'],
  ...part,
})

test('rules cover operations, groups, versions, resources with their subresources, and scopes', () => {
  const cases: readonly [RuleWithOperations, RuleSubject, boolean][] = [
    [rule({}), pod, true],
    [rule({ operations: ['UPDATE'] }), pod, false],
    [rule({ operations: ['UPDATE', 'CREATE'] }), pod, true],
    [rule({ apiGroups: [''] }), pod, true],
    [rule({ apiGroups: ['apps'] }), pod, false],
    [rule({ apiVersions: ['v1beta1'] }), pod, false],
    [rule({ resources: ['pods'] }), pod, true],
    [rule({ resources: ['pods'] }), exec, false],
    [rule({ resources: ['*'] }), exec, false],
    [rule({ resources: ['pods/*'] }), exec, true],
    [rule({ resources: ['pods/*'] }), pod, true],
    [rule({ resources: ['*/exec'] }), exec, true],
    [rule({ resources: ['*/exec'] }), pod, false],
    [rule({ resources: ['*/*'] }), exec, true],
    [rule({ resources: ['pods/attach'] }), exec, false],
    [rule({ scope: 'Namespaced' }), pod, true],
    [rule({ scope: 'Namespaced' }), node, false],
    [rule({ scope: 'Namespaced' }), namespace, false],
    [rule({ scope: 'Cluster' }), namespace, true],
    [rule({ scope: 'Cluster' }), node, true],
    [rule({ scope: 'Cluster' }), pod, false],
    [rule({ scope: '*' }), node, true],
  ]
  for (const [one, subject, wanted] of cases) {
    assert.equal(ruleMatches(one, subject), wanted, JSON.stringify([one, subject]))
  }
})

test('configurations of webhooks and policies are exempt, and nothing else of their names', () => {
  const kind = { group: 'admissionregistration.k8s.io', version: 'v1', kind: 'MutatingWebhookConfiguration' }
  assert.equal(isExempt({ kind }), true)
  assert.equal(isExempt({ kind: { ...kind, kind: 'ValidatingAdmissionPolicyBinding' } }), true)
  assert.equal(isExempt({ kind: { ...kind, group: 'example.com' } }), false)
})
