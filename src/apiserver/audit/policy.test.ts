import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseRequestInfo } from '../request/info.ts'
import { type PolicyRule, PolicyEvaluator } from './policy.ts'
import { readPolicy } from './read-policy.ts'

const alice = { name: 'alice', groups: ['dev', 'system:authenticated'] }
const levelOf = (
  rules: readonly PolicyRule[],
  method: string,
  path: string,
  user: typeof alice | undefined = alice,
): string => new PolicyEvaluator({ rules }).evaluate(parseRequestInfo(method, path, new URLSearchParams()), user).level

const POD = '/api/v1/namespaces/ns/pods/p'
const CASES: readonly (readonly [what: string, rule: Omit<PolicyRule, 'level'>, path: string, fits: boolean])[] = [
  ['anything', {}, POD, true],
  ['a user', { users: ['alice'] }, POD, true],
  ['another user', { users: ['bob'] }, POD, false],
  ['a group', { userGroups: ['ops', 'dev'] }, POD, true],
  ['no group', { userGroups: ['ops'] }, POD, false],
  ['a verb', { verbs: ['get'] }, POD, true],
  ['another verb', { verbs: ['list'] }, POD, false],
  ['a namespace', { namespaces: ['ns'] }, POD, true],
  ['no namespace', { namespaces: [''] }, '/api/v1/nodes/n', true],
  ['a group of the API', { resources: [{ group: '' }] }, POD, true],
  ['any group of the API', { resources: [{ group: '*' }] }, '/apis/apps/v1/deployments', true],
  ['another group of the API', { resources: [{ group: 'apps' }] }, POD, false],
  ['a resource', { resources: [{ resources: ['pods'] }] }, POD, true],
  ['a resource, not its subresources', { resources: [{ resources: ['pods'] }] }, `${POD}/log`, false],
  ['a subresource', { resources: [{ resources: ['pods/log'] }] }, `${POD}/log`, true],
  ['a subresource of any', { resources: [{ resources: ['*/log'] }] }, `${POD}/log`, true],
  ['every subresource of one, and itself', { resources: [{ resources: ['pods/*'] }] }, POD, true],
  ['all resources', { resources: [{ resources: ['*'] }] }, `${POD}/log`, true],
  ['a name', { resources: [{ resources: ['pods'], resourceNames: ['p'] }] }, POD, true],
  ['another name', { resources: [{ resources: ['pods'], resourceNames: ['q'] }] }, POD, false],
  ['a path', { nonResourceURLs: ['/healthz'] }, '/healthz', true],
  ['what lies below a path', { nonResourceURLs: ['/healthz*'] }, '/healthz/ping', true],
  ['another path', { nonResourceURLs: ['/healthz'] }, '/healthz/ping', false],
  ['paths, asked of a resource', { nonResourceURLs: ['*'] }, POD, false],
  ['resources, asked of a path', { resources: [{ group: '*' }] }, '/healthz', false],
]

for (const [what, rule, path, fits] of CASES)
  test(`a rule of ${what} ${fits ? 'fits' : 'does not fit'} ${path}`, () => {
    assert.equal(levelOf([{ level: 'Metadata', ...rule }], 'GET', path), fits ? 'Metadata' : 'None')
  })

test('the first rule that fits counts, and rules of users fit nobody unknown', () => {
  const rules: PolicyRule[] = [{ level: 'Request', users: ['alice'] }, { level: 'None' }, { level: 'RequestResponse' }]
  assert.equal(levelOf(rules, 'GET', POD), 'Request')
  const unknown = new PolicyEvaluator({ rules }).evaluate(
    parseRequestInfo('GET', POD, new URLSearchParams()),
    undefined,
  )
  assert.equal(unknown.level, 'None')
})

test('stages are left out by the policy and by the rule; managed fields as the rule says, if it does', () => {
  const policy = new PolicyEvaluator({
    omitStages: ['Panic'],
    omitManagedFields: true,
    rules: [
      { level: 'Request', verbs: ['get'], omitStages: ['RequestReceived'], omitManagedFields: false },
      { level: 'Request' },
    ],
  })
  const [get, list] = [POD, '/api/v1/pods'].map((path) =>
    policy.evaluate(parseRequestInfo('GET', path, new URLSearchParams()), alice),
  )
  assert.deepEqual([[...(get?.omitStages ?? [])].sort(), get?.omitManagedFields], [['Panic', 'RequestReceived'], false])
  assert.deepEqual([[...(list?.omitStages ?? [])], list?.omitManagedFields], [['Panic'], true])
})

const HEAD = 'apiVersion: audit.k8s.io/v1\nkind: Policy\n'
const INTERNAL = 'unknown group version field audit.k8s.io/__internal, Kind=Policy in policy'
const REFUSED: readonly (readonly [what: string, text: string, message: string | RegExp])[] = [
  ['nothing', '', INTERNAL],
  ['no kind', 'rules: [{level: None}]', INTERNAL],
  ['no rules', HEAD, 'loaded illegal policy with 0 rules'],
  [
    'another version',
    'apiVersion: audit.k8s.io/v1beta1\nkind: Policy\nrules: [{level: None}]',
    'failed decoding: no kind "Policy" is registered for version "audit.k8s.io/v1beta1" in scheme "pkg/runtime/scheme.go:111"',
  ],
  [
    'another kind',
    'apiVersion: audit.k8s.io/v1\nkind: Event\nlevel: None',
    'failed decoding: converting (v1.Event) to (audit.Policy): unknown conversion',
  ],
  [
    'levels',
    `${HEAD}rules: [{level: Some},{users: [a]}]`,
    '[rules[0].level: Unsupported value: "Some": supported values: "None", "Metadata", "Request", "RequestResponse", rules[1].level: Required value]',
  ],
  [
    'a stage',
    `${HEAD}omitStages: [Foo]\nrules: [{level: None}]`,
    'omitStages[0]: Invalid value: "Foo": allowed stages are RequestReceived,ResponseStarted,ResponseComplete,Panic',
  ],
  [
    'paths',
    `${HEAD}rules: [{level: None, nonResourceURLs: [x, '/a*b']}]`,
    `[rules[0].nonResourceURLs[0]: Invalid value: "x": non-resource URL rules must begin with a '/' character, rules[0].nonResourceURLs[1]: Invalid value: "/a*b": non-resource URL wildcards '*' must be the final character of the rule]`,
  ],
  [
    'resources and paths',
    `${HEAD}rules: [{level: None, namespaces: [ns], nonResourceURLs: [/x]}]`,
    'rules[0].nonResourceURLs: Invalid value: ["/x"]: rules cannot apply to both regular resources and non-resource URLs',
  ],
  [
    'a group with its version',
    `${HEAD}rules: [{level: None, resources: [{group: a/v1}]}]`,
    /^rules\[0\]\.resources\.group: Invalid value: "a\/v1": a lowercase RFC 1123 subdomain/,
  ],
  [
    'names of nothing',
    `${HEAD}rules: [{level: None, resources: [{resourceNames: [x]}]}]`,
    /using resourceNames requires at least one resource$/,
  ],
  [
    'another type',
    `${HEAD}rules: 3`,
    'failed decoding: json: cannot unmarshal number into Go struct field Policy.rules of type []v1.PolicyRule',
  ],
  ['no YAML', 'a: [b', /^failed decoding: /],
]

for (const [what, text, message] of REFUSED)
  test(`a policy is refused for ${what}, in upstream's words`, () => {
    assert.throws(() => readPolicy(new TextEncoder().encode(text)), { name: 'DecodeError', message })
  })

test('fields that nobody knows are told of, and passed over', () => {
  const { policy, warnings } = readPolicy(new TextEncoder().encode(`${HEAD}foo: 1\nrules: [{level: None}]`))
  assert.deepEqual(warnings, ['unknown field "foo"'])
  assert.deepEqual(policy.rules, [{ level: 'None' }])
})
