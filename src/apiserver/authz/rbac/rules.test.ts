import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { PolicyRule } from '../../../api/generated/types/rbac/v1.ts'
import type { AuthorizationAttributes } from '../types.ts'
import { compactRules } from './compact.ts'
import { missingRules, ruleAllows } from './rules.ts'

const asked = (changes: Partial<AuthorizationAttributes> = {}): AuthorizationAttributes => ({
  user: { name: 'u', groups: [] },
  verb: 'get',
  resourceRequest: true,
  path: '',
  namespace: 'default',
  apiGroup: '',
  apiVersion: 'v1',
  resource: 'pods',
  subresource: '',
  name: 'p',
  ...changes,
})

const rule = (changes: Partial<PolicyRule> = {}): PolicyRule => ({
  verbs: ['get'],
  apiGroups: [''],
  resources: ['pods'],
  ...changes,
})

test('a rule allows what it names', async (t) => {
  const path = { resourceRequest: false, apiGroup: '', resource: '', name: '' }
  const cases: readonly [string, PolicyRule, AuthorizationAttributes, boolean][] = [
    ['its own', rule(), asked(), true],
    ['another verb', rule(), asked({ verb: 'list' }), false],
    ['any verb', rule({ verbs: ['*'] }), asked({ verb: 'list' }), true],
    ['another group', rule(), asked({ apiGroup: 'apps' }), false],
    ['a subresource', rule(), asked({ subresource: 'log' }), false],
    ['a subresource by name', rule({ resources: ['pods/log'] }), asked({ subresource: 'log' }), true],
    ['a subresource of anything', rule({ resources: ['*/log'] }), asked({ subresource: 'log' }), true],
    ['everything', rule({ resources: ['*'] }), asked({ subresource: 'log' }), true],
    ['its named object', rule({ resourceNames: ['p'] }), asked(), true],
    ['another object', rule({ resourceNames: ['q'] }), asked(), false],
    ['a star is no name of all objects', rule({ resourceNames: ['*'] }), asked(), false],
    ['no names for a list', rule({ resourceNames: ['p'] }), asked({ name: '' }), false],
    ['a path', { verbs: ['get'], nonResourceURLs: ['/healthz'] }, asked({ ...path, path: '/healthz' }), true],
    ['below a path', { verbs: ['get'], nonResourceURLs: ['/apis/*'] }, asked({ ...path, path: '/apis/x/y' }), true],
    ['beside a path', { verbs: ['get'], nonResourceURLs: ['/apis/*'] }, asked({ ...path, path: '/api' }), false],
    ['a path by a rule for resources', rule({ resources: ['*'] }), asked({ ...path, path: '/x' }), false],
  ]
  for (const [name, one, request, allowed] of cases)
    await t.test(name, () => assert.equal(ruleAllows(one, request), allowed))
})

const VERBS = ['get', 'list', '*']
const RESOURCES = ['pods', 'pods/log', '*/log', '*']
const some = (values: readonly string[]): fc.Arbitrary<string[]> =>
  fc.uniqueArray(fc.constantFrom(...values), { minLength: 1 })
const anyRule: fc.Arbitrary<PolicyRule> = fc.oneof(
  fc.record({ verbs: some(VERBS), nonResourceURLs: some(['/a', '/a/*', '/b', '*']) }),
  fc
    .record({
      verbs: some(VERBS),
      apiGroups: some(['', 'apps', '*']),
      resources: some(RESOURCES),
      resourceNames: fc.uniqueArray(fc.constantFrom('x', 'y', '*')),
    })
    .map(({ resourceNames, ...rest }) => ({ ...rest, ...(resourceNames.length > 0 && { resourceNames }) })),
)
const anyRules = fc.array(anyRule, { maxLength: 4 })
const anyRequest = fc
  .record({
    verb: fc.constantFrom('get', 'list', 'delete'),
    resourceRequest: fc.boolean(),
    path: fc.constantFrom('/a', '/a/b', '/b', '/c'),
    apiGroup: fc.constantFrom('', 'apps', 'batch'),
    resource: fc.constantFrom('pods', 'services'),
    subresource: fc.constantFrom('', 'log', 'exec'),
    name: fc.constantFrom('', 'x', 'y', 'z'),
  })
  .map(asked)

test('whoever lacks nothing of some rules may do all that they allow', () => {
  fc.assert(
    fc.property(anyRules, anyRules, anyRequest, (owned, wanted, request) => {
      const covered = wanted.filter((one) => missingRules(owned, [one]).length === 0)
      if (!covered.some((one) => ruleAllows(one, request))) return
      assert.ok(owned.some((one) => ruleAllows(one, request)))
    }),
    { numRuns: 2000 },
  )
})

test('what is missing is enough to lack nothing, joined or not', () => {
  fc.assert(
    fc.property(anyRules, anyRules, (owned, wanted) => {
      const missing = missingRules(owned, wanted)
      assert.deepEqual(missingRules([...owned, ...missing], wanted), [])
      assert.deepEqual(missingRules([...owned, ...compactRules(missing)], wanted), [])
      assert.deepEqual(missingRules(wanted, wanted), [])
    }),
  )
})
