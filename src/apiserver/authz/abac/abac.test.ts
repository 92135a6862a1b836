import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AuthorizationAttributes } from '../types.ts'
import { abacAuthorizer } from './authorizer.ts'
import { parsePolicies } from './policy.ts'

const POLICIES = `# comments and empty lines are skipped

{"apiVersion":"abac.authorization.kubernetes.io/v1beta1","kind":"Policy","spec":{"user":"admin","namespace":"*","resource":"*","apiGroup":"*","nonResourcePath":"*"}}
{"apiVersion":"abac.authorization.kubernetes.io/v1beta1","kind":"Policy","spec":{"user":"alice","namespace":"a","resource":"pods","readonly":true}}
{"apiVersion":"abac.authorization.kubernetes.io/v1beta1","kind":"Policy","spec":{"group":"dev","user":"bob","namespace":"a","resource":"*","apiGroup":"apps"}}
{"apiVersion":"abac.authorization.kubernetes.io/v1beta1","kind":"Policy","spec":{"group":"*","nonResourcePath":"/healthz/*"}}
{"apiVersion":"abac.authorization.kubernetes.io/v1beta1","kind":"Policy","spec":{"namespace":"*","resource":"secrets"}}
{"user":"old","readonly":true}
{"group":"ops","namespace":"b"}
`

const asked = (
  name: string,
  verb: string,
  what: Partial<AuthorizationAttributes>,
  ...groups: string[]
): AuthorizationAttributes => ({
  user: { name, groups },
  verb,
  resourceRequest: what.path === undefined,
  path: '',
  namespace: '',
  apiGroup: '',
  apiVersion: 'v1',
  resource: '',
  subresource: '',
  name: '',
  ...what,
})

test('policies of a file allow what they name', () => {
  const authorizer = abacAuthorizer(parsePolicies(POLICIES, '/policies'))
  const pods = { namespace: 'a', resource: 'pods' }
  const deployments = { namespace: 'a', resource: 'deployments', apiGroup: 'apps' }
  const cases: readonly [AuthorizationAttributes, boolean][] = [
    [asked('admin', 'delete', { namespace: 'x', resource: 'y', apiGroup: 'z' }), true],
    [asked('admin', 'post', { path: '/anything' }), true],
    [asked('alice', 'get', pods), true],
    [asked('alice', 'watch', pods), true],
    [asked('alice', 'create', pods), false],
    [asked('alice', 'get', { ...pods, namespace: 'b' }), false],
    [asked('alice', 'get', { ...pods, apiGroup: 'apps' }), false],
    [asked('bob', 'delete', deployments, 'dev'), true],
    [asked('bob', 'delete', deployments), false],
    [asked('carol', 'delete', deployments, 'dev'), false],
    [asked('anyone', 'get', { path: '/healthz/ping' }), true],
    [asked('anyone', 'get', { path: '/healthzz' }), false],
    [asked('anyone', 'get', { namespace: 'a', resource: 'secrets' }), false],
    [asked('old', 'get', { namespace: 'c', resource: 'things', apiGroup: 'any' }), true],
    [asked('old', 'get', { path: '/metrics' }), true],
    [asked('old', 'delete', { namespace: 'c', resource: 'things' }), false],
    [asked('x', 'delete', { namespace: 'b', resource: 'things' }, 'ops'), true],
    [asked('x', 'get', { path: '/metrics' }, 'ops'), false],
  ]
  for (const [request, allowed] of cases)
    assert.deepEqual(
      authorizer.authorize(request),
      allowed ? { decision: 'Allow' } : { decision: 'NoOpinion', reason: 'No policy matched.' },
      JSON.stringify(request),
    )
})

test('what a user may do is told', () => {
  const authorizer = abacAuthorizer(parsePolicies(POLICIES, '/policies'))
  assert.deepEqual(authorizer.rulesFor?.({ name: 'alice', groups: [] }, 'a'), {
    resourceRules: [{ verbs: ['get', 'list', 'watch'], apiGroups: [''], resources: ['pods'] }],
    nonResourceRules: [],
    incomplete: false,
  })
})

test('a line that is no policy is named', () => {
  for (const [line, why] of [
    ['{"spec', /error reading policy file \/p, line 2: \{"spec: Unterminated/],
    [
      '{"apiVersion":"abac.authorization.kubernetes.io/v1beta1","kind":"Policy","spec":{"usr":"x"}}',
      /unknown field "spec\.usr"$/,
    ],
    ['{"apiVersion":"v1","kind":"Pod"}', /no kind "Pod" is registered for version "v1"/],
  ] as const)
    assert.throws(() => parsePolicies(`\n${line}\n`, '/p'), why)
})
