import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { AuthorizationAttributes, Authorizer } from '../../authz/types.ts'
import { withAuthorizer } from '../expressions/authorize.ts'
import { GuardedServer } from '../../guarded-server.suite.ts'

const CONFIGURATIONS = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations'
const MAPS = '/api/v1/namespaces/default/configmaps'

const configuration = (expressions: readonly string[], failurePolicy: string): object => ({
  metadata: { name: 'c' },
  webhooks: [
    {
      name: 'v.example.com',
      failurePolicy,
      clientConfig: { url: 'https://hooks.example.com/v' },
      rules: [{ operations: ['*'], apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'] }],
      sideEffects: 'None',
      admissionReviewVersions: ['v1'],
      matchConditions: expressions.map((expression, index) => ({ name: `c${index}`, expression })),
    },
  ],
})

/** A server whose webhook cannot be reached: who asks it gets a 500. */
async function started(): Promise<GuardedServer> {
  return GuardedServer.start({ callWebhook: () => Promise.reject(new Error('connection refused')) })
}

interface Case {
  readonly name: string
  readonly conditions: readonly string[]
  readonly failurePolicy?: string
  /** 500: the webhook was asked. */
  readonly status: number
  readonly message?: string
}

const MISSING = "expression 'object.data.nope == 'x'' resulted in error: no such key: nope"
const cases: readonly Case[] = [
  { name: 'true', conditions: ['true'], status: 500 },
  { name: 'false', conditions: ['true', 'false'], status: 201 },
  { name: 'the object', conditions: ["object.data.a == 'b'"], status: 500 },
  { name: 'nothing was there before', conditions: ['oldObject == null && namespaceObject == null'], status: 500 },
  {
    name: 'the request',
    conditions: [
      "request.operation == 'CREATE' && request.resource.resource == 'configmaps' && request.namespace == 'default'",
      "request.kind.kind == 'ConfigMap' && !has(request.subResource) && request.userInfo.username == 'admin'",
    ],
    status: 500,
  },
  {
    name: 'a failure, where failures count',
    conditions: ["object.data.nope == 'x'"],
    status: 403,
    message: `configmaps "m" is forbidden: ${MISSING}`,
  },
  {
    name: 'a failure, where they do not',
    conditions: ["object.data.nope == 'x'"],
    failurePolicy: 'Ignore',
    status: 201,
  },
  { name: 'a failure beside a false', conditions: ["object.data.nope == 'x'", 'false'], status: 201 },
  {
    name: 'several failures',
    conditions: ["object.data.nope == 'x'", "object.data.nope == 'x'", "object.data.other == 'x'"],
    status: 403,
    message: `configmaps "m" is forbidden: [${MISSING}, ${MISSING.replaceAll('nope', 'other')}]`,
  },
  {
    name: 'what the user may do',
    conditions: [
      "authorizer.group('').resource('pods').namespace('default').check('create').allowed()",
      "authorizer.requestResource.check('update').allowed() && authorizer.path('/healthz').check('get').allowed()",
    ],
    status: 500,
  },
  {
    name: 'what a service account may do',
    conditions: ["authorizer.serviceAccount('default', 'x').group('').resource('pods').check('get').allowed()"],
    status: 201,
  },
  {
    name: 'more than may be spent',
    conditions: [
      '[1,2,3,4,5,6,7,8,9,10].all(a, [1,2,3,4,5,6,7,8,9,10].all(b, [1,2,3,4,5,6,7,8,9,10].all(c, ' +
        '[1,2,3,4,5,6,7,8,9,10].all(d, [1,2,3,4,5,6,7,8,9,10].all(e, [1,2,3,4,5,6,7,8,9,10].all(f, f > 0))))))',
    ],
    status: 403,
  },
]

suite('match conditions', () => {
  for (const { name, conditions, failurePolicy = 'Fail', status, message } of cases) {
    test(name, async () => {
      const api = await started()
      await api.create(CONFIGURATIONS, configuration(conditions, failurePolicy))
      const response = await api.send('POST', MAPS, { metadata: { name: 'm' }, data: { a: 'b' } })
      assert.equal(response.status, status, JSON.stringify(response.body))
      if (message !== undefined) assert.equal((response.body as { message: string }).message, message)
    })
  }

  test('that cannot be compiled are refused', async () => {
    const api = await started()
    const refused = (expression: string): Promise<string> =>
      api.refused(422, 'POST', CONFIGURATIONS, configuration([expression], 'Fail'))
    const field = 'webhooks[0].matchConditions[0].expression'
    const at = `ValidatingWebhookConfiguration.admissionregistration.k8s.io "c" is invalid: ${field}`
    assert.equal(await refused('1'), `${at}: Invalid value: "1": must evaluate to bool but got int`)
    assert.equal(await refused('object.x'), `${at}: Invalid value: "object.x": must evaluate to bool but got dyn`)
    assert.equal(
      await refused('params.x == 1'),
      `${at}: Invalid value: "params.x == 1": compilation failed: ERROR: <input>:1:1: undeclared reference to 'params' (in container '')\n | params.x == 1\n | ^`,
    )
    assert.equal(
      await refused("int('a') == 1"),
      `${at}: Internal error: program instantiation failed: type conversion error from 'string' to 'int'`,
    )
  })
})

test('an authorizer that takes its time is asked each question once', async () => {
  const asked: AuthorizationAttributes[] = []
  const authorizer: Authorizer = {
    authorize(attributes) {
      asked.push(attributes)
      return Promise.resolve({ decision: attributes.verb === 'get' ? 'Allow' : 'NoOpinion' })
    },
  }
  const user = { name: 'alice', groups: [] }
  const answers = await withAuthorizer(authorizer, { user }, (ask) => [
    ask({ verb: 'get', path: '/a' }).allowed,
    ask({ verb: 'put', path: '/a', serviceAccount: { namespace: 'ns', name: 'sa' } }).allowed,
    ask({ verb: 'get', path: '/a' }).allowed,
  ])
  assert.deepEqual(answers, [true, false, true])
  assert.deepEqual(
    asked.map(({ verb, user: { name } }) => `${verb} ${name}`),
    ['get alice', 'put system:serviceaccount:ns:sa'],
  )
})
