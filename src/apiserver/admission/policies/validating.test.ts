import assert from 'node:assert/strict'
import { before, suite, test } from 'node:test'
import { CustomResources } from '../../customresources/custom-resources.ts'
import { GuardedServer } from '../../guarded-server.suite.ts'

const GROUP = '/apis/admissionregistration.k8s.io/v1'
const POLICIES = `${GROUP}/validatingadmissionpolicies`
const BINDINGS = `${GROUP}/validatingadmissionpolicybindings`
const MAPS = '/api/v1/namespaces/default/configmaps'

interface Rule {
  readonly group?: string
  readonly version?: string
  readonly resources: readonly string[]
  readonly operations?: readonly string[]
}

const MAP_RULE: Rule = { resources: ['configmaps'] }

const match = ({ group = '', version = 'v1', resources, operations = ['*'] }: Rule): object => ({
  resourceRules: [{ apiGroups: [group], apiVersions: [version], operations, resources }],
})

/** A server with a policy and its binding. */
async function started(spec: object, binding: object = {}, rule: Rule = MAP_RULE): Promise<GuardedServer> {
  const api = await prepared()
  await bind(api, spec, binding, rule)
  return api
}

async function prepared(): Promise<GuardedServer> {
  const api = await GuardedServer.start()
  await api.create(MAPS, { metadata: { name: 'param1', labels: { p: '1' } }, data: { max: 'a' } })
  await api.create(MAPS, { metadata: { name: 'param2', labels: { p: '1' } }, data: { max: 'b' } })
  await api.create('/api/v1/namespaces', { metadata: { name: 'other', labels: { team: 'x' } } })
  return api
}

async function bind(api: GuardedServer, spec: object, binding: object = {}, rule: Rule = MAP_RULE): Promise<void> {
  await api.create(POLICIES, { metadata: { name: 'p' }, spec: { matchConstraints: match(rule), ...spec } })
  const bound = { policyName: 'p', validationActions: ['Deny'], ...binding }
  await api.create(BINDINGS, { metadata: { name: 'b' }, spec: bound })
}

interface Case {
  readonly name: string
  readonly spec: object
  readonly binding?: object
  /** What the answer says; undefined when the object is created. */
  readonly refusal?: string
  readonly code?: number
  /** Without the code and the agent. */
  readonly warnings?: readonly string[]
}

const fails = (expression: string): object => ({ validations: [{ expression }] })
const conditioned = (...expressions: string[]): object => ({
  ...fails('false'),
  matchConditions: expressions.map((expression, index) => ({ name: `c${index}`, expression })),
})
const NOPE = 'expression \'object.data.nope == "x"\' resulted in error: no such key: nope'
const OF_MAPS = { paramKind: { apiVersion: 'v1', kind: 'ConfigMap' } }
const nested = (depth: number, name = 'a'): string =>
  depth === 0 ? 'true' : `[1,2,3,4,5,6,7,8,9,10].all(${name}, ${nested(depth - 1, `${name}a`)})`
const TOO_DEAR = 'validation failed due to running out of cost budget, no further validation rules will be run'

const cases: readonly Case[] = [
  { name: 'what is valid passes', spec: fails('object.data.a == "b"') },
  { name: 'without words of its own', spec: fails(' false '), refusal: 'failed expression: false' },
  {
    name: 'a message and a reason',
    spec: { validations: [{ expression: 'false', message: ' no way ', reason: 'Forbidden' }] },
    refusal: 'no way',
    code: 403,
  },
  {
    name: 'a message expression',
    spec: {
      validations: [
        { expression: 'false', messageExpression: '"got " + object.data.a', reason: 'RequestEntityTooLarge' },
      ],
    },
    refusal: 'got b',
    code: 413,
  },
  {
    name: 'a message expression that fails or has several lines',
    spec: {
      validations: [{ expression: 'false', message: 'plain', messageExpression: 'string(object.data.nope)' }],
    },
    refusal: 'plain',
  },
  {
    name: 'a message of several lines',
    spec: { validations: [{ expression: '1 == 2', messageExpression: '"a\\nb"' }] },
    refusal: 'failed expression: 1 == 2',
  },
  { name: 'an error counts', spec: fails('object.data.nope == "x"'), refusal: NOPE },
  { name: 'an error is ignored', spec: { ...fails('object.data.nope == "x"'), failurePolicy: 'Ignore' } },
  {
    name: 'a failure is not ignored',
    spec: { ...fails('false'), failurePolicy: 'Ignore' },
    refusal: 'failed expression: false',
  },
  {
    name: 'warnings',
    spec: { validations: [{ expression: 'object.data.nope == "x"' }, { expression: 'false' }] },
    binding: { validationActions: ['Warn'] },
    warnings: [NOPE, 'failed expression: false'].map(
      (why) => `Validation failed for ValidatingAdmissionPolicy 'p' with binding 'b': ${why}`,
    ),
  },
  {
    name: 'variables',
    spec: {
      variables: [
        { name: 'a', expression: 'object.data.a' },
        { name: 'b', expression: 'variables.a + "x"' },
        { name: 'bad', expression: 'object.data.nope' },
      ],
      validations: [{ expression: 'variables.b == "bx" && has(variables.a)' }, { expression: 'variables.bad == "1"' }],
    },
    refusal: `expression 'variables.bad == "1"' resulted in error: composited variable "bad" fails to evaluate: no such key: nope`,
  },
  { name: 'a condition that is false', spec: conditioned('true', 'object.data.a != "b"') },
  {
    name: 'conditions that cannot be known',
    spec: conditioned('object.data.nope == "x"', 'object.data.no == "x"'),
    refusal: `[${NOPE}, ${NOPE.replaceAll('nope', 'no')}]`,
  },
  { name: 'conditions do not see the namespace', spec: conditioned('namespaceObject != null') },
  {
    name: 'the namespace',
    spec: {
      validations: [
        { expression: 'false', messageExpression: 'namespaceObject.metadata.name + namespaceObject.status.phase' },
      ],
    },
    refusal: 'defaultActive',
  },
  {
    name: 'the authorizer',
    spec: {
      validations: [
        { expression: 'authorizer.requestResource.check("create").allowed()' },
        {
          expression: 'authorizer.serviceAccount("default", "x").path("/x").check("get").allowed()',
          message: 'may not',
        },
      ],
    },
    refusal: 'may not',
  },
  {
    name: 'parameters by name',
    spec: {
      ...OF_MAPS,
      validations: [
        {
          expression: 'params.data.max == "b"',
          messageExpression: 'params.apiVersion + params.kind + params.metadata.name + ""',
        },
      ],
    },
    binding: { paramRef: { name: 'param1', parameterNotFoundAction: 'Deny' } },
    refusal: 'v1ConfigMapparam1',
  },
  {
    name: 'parameters by labels: all count',
    spec: {
      ...OF_MAPS,
      validations: [{ expression: 'params.data.max != "b"', messageExpression: 'params.metadata.name + "!"' }],
    },
    binding: { paramRef: { selector: { matchLabels: { p: '1' } }, parameterNotFoundAction: 'Deny' } },
    refusal: 'param2!',
  },
  {
    name: 'parameters that are not there',
    spec: { ...OF_MAPS, ...fails('true') },
    binding: { paramRef: { name: 'nope', parameterNotFoundAction: 'Deny' } },
    refusal: 'failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction',
  },
  {
    name: 'parameters that need not be there',
    spec: { ...OF_MAPS, ...fails('false') },
    binding: { paramRef: { name: 'nope', parameterNotFoundAction: 'Allow' } },
  },
  {
    name: 'no parameters',
    spec: { ...OF_MAPS, validations: [{ expression: 'params != null', message: 'none' }] },
    refusal: 'none',
  },
  {
    name: 'a namespace for parameters that are in none',
    spec: { paramKind: { apiVersion: 'v1', kind: 'Namespace' }, ...fails('true') },
    binding: { paramRef: { name: 'other', namespace: 'default', parameterNotFoundAction: 'Deny' } },
    refusal: 'failed to configure binding: paramRef.namespace must not be provided for a cluster-scoped `paramKind`',
  },
  {
    name: 'a binding for something else',
    spec: fails('false'),
    binding: { matchResources: { objectSelector: { matchLabels: { team: 'x' } } } },
  },
  {
    name: 'other namespaces',
    spec: {
      ...fails('false'),
      matchConstraints: { ...match(MAP_RULE), namespaceSelector: { matchLabels: { team: 'x' } } },
    },
  },
  {
    name: 'what is excluded',
    spec: {
      ...fails('false'),
      matchConstraints: { ...match(MAP_RULE), excludeResourceRules: Object.values(match({ resources: ['*'] })).flat() },
    },
  },
  {
    name: 'one expression that costs too much',
    spec: fails(nested(6)),
    refusal: `expression '${nested(6)}' resulted in error: operation cancelled: actual cost limit exceeded`,
  },
  {
    name: 'expressions that cost too much together',
    spec: { validations: Array.from({ length: 30 }, () => ({ expression: nested(5) })) },
    refusal: TOO_DEAR,
  },
  {
    name: 'an audit annotation that fails',
    spec: { auditAnnotations: [{ key: 'k', valueExpression: 'string(object.data.nope)' }] },
    refusal: "expression 'string(object.data.nope)' resulted in error: no such key: nope",
  },
]

suite('a validating policy', () => {
  let shared: GuardedServer
  before(async () => {
    shared = await prepared()
  })

  for (const { name, spec, binding, refusal, code = 422, warnings = [] } of cases) {
    test(name, async () => {
      await bind(shared, spec, binding)
      const response = await shared.send('POST', `${MAPS}?dryRun=All`, { metadata: { name: 'm' }, data: { a: 'b' } })
      await shared.expect(200, 'DELETE', `${BINDINGS}/b`)
      await shared.expect(200, 'DELETE', `${POLICIES}/p`)
      const said = response.body as { message?: string; details?: { causes: unknown } }
      if (refusal === undefined) assert.equal(response.status, 201, said.message)
      else {
        const denied = `ValidatingAdmissionPolicy 'p' with binding 'b' denied request: ${refusal}`
        assert.equal(said.message, `configmaps "m" is forbidden: ${denied}`)
        assert.equal(response.status, code)
        assert.deepEqual(said.details?.causes, [{ message: denied }])
      }
      const warned = warnings.map((text) => `299 - ${JSON.stringify(text)}`).join(', ')
      assert.equal([response.headers['warning'] ?? []].flat().join(', '), warned)
    })
  }

  test('whose kind of parameters is not served refuses everything', async () => {
    const spec = { paramKind: { apiVersion: 'example.com/v1', kind: 'Nope' }, ...fails('true') }
    const api = await started(spec, { paramRef: { name: 'x', parameterNotFoundAction: 'Deny' } })
    const why = `failed to configure policy: failed to find resource referenced by paramKind: 'example.com/v1, Kind=Nope'`
    assert.equal(
      await api.refused(422, 'POST', MAPS, { metadata: { name: 'm' } }),
      `configmaps "m" is forbidden: ValidatingAdmissionPolicy 'p' denied request: ${why}`,
    )
  })

  test('sees another version of the resource as the one it names', async () => {
    const rule = { group: 'autoscaling', resources: ['horizontalpodautoscalers'] }
    const messageExpression =
      'object.apiVersion + " " + request.resource.version + " " + request.requestResource.version + " " + ' +
      'string(object.spec.targetCPUUtilizationPercentage)'
    const validations = [{ expression: 'false', messageExpression }]
    const api = await started({ validations }, {}, rule)
    const target = { type: 'Utilization', averageUtilization: 77 }
    const scaler = {
      metadata: { name: 'h' },
      spec: {
        scaleTargetRef: { kind: 'Deployment', name: 'd', apiVersion: 'apps/v1' },
        maxReplicas: 3,
        metrics: [{ type: 'Resource', resource: { name: 'cpu', target } }],
      },
    }
    const path = '/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers'
    assert.match(await api.refused(422, 'POST', path, scaler), /denied request: autoscaling\/v1 v1 v2 77$/)
    const exact = { ...match(rule), matchPolicy: 'Exact' }
    const exactly = await started({ validations, matchConstraints: exact }, {}, rule)
    await exactly.create(path, scaler)
  })

  test('looks at deletions and at subresources', async () => {
    const api = await started(
      {
        validations: [
          { expression: 'request.name != "m"', messageExpression: 'request.operation + string(object == null)' },
        ],
      },
      {},
      { resources: ['configmaps', 'pods/eviction'], operations: ['DELETE', 'CREATE'] },
    )
    await api.create(MAPS, { metadata: { name: 'other' } })
    await api.refused(422, 'POST', MAPS, { metadata: { name: 'm' } })
    await api.expect(200, 'DELETE', `${MAPS}/other`)
    const refusing = await started(
      {
        validations: [
          { expression: 'oldObject.data.max != "a"', messageExpression: 'request.operation + string(object == null)' },
        ],
      },
      {},
      { resources: ['configmaps'], operations: ['DELETE'] },
    )
    assert.match(await refusing.refused(422, 'DELETE', `${MAPS}/param1`), /denied request: DELETEtrue$/)
  })

  test('cannot keep itself from being removed', async () => {
    const api = await started(fails('false'), {}, { group: '*', version: '*', resources: ['*'] })
    await api.refused(422, 'POST', MAPS, { metadata: { name: 'm' } })
    await api.expect(200, 'DELETE', `${POLICIES}/p`)
    await api.create(MAPS, { metadata: { name: 'm' } })
  })

  test('that changes counts as it is now, and not without its binding', async () => {
    const api = await started(fails('false'))
    await api.refused(422, 'POST', MAPS, { metadata: { name: 'm' } })
    const policy = await api.get<{ spec: object }>(`${POLICIES}/p`)
    await api.expect(200, 'PUT', `${POLICIES}/p`, { ...policy, spec: { ...policy.spec, ...fails('true') } })
    await api.create(MAPS, { metadata: { name: 'm' } })
    await api.expect(200, 'PUT', `${POLICIES}/p`, {
      ...(await api.get<object>(`${POLICIES}/p`)),
      spec: { ...policy.spec },
    })
    await api.refused(422, 'POST', MAPS, { metadata: { name: 'n' } })
    await api.expect(200, 'DELETE', `${BINDINGS}/b`)
    await api.create(MAPS, { metadata: { name: 'n' } })
  })

  test('takes custom resources for parameters', async (t) => {
    const spec = {
      paramKind: { apiVersion: 'example.com/v1', kind: 'Limit' },
      validations: [
        { expression: 'size(object.data) <= params.max', messageExpression: '"at most " + string(params.max)' },
      ],
    }
    const api = await started(spec, { paramRef: { name: 'l', parameterNotFoundAction: 'Allow' } })
    const custom = new CustomResources(api.server)
    await custom.start()
    t.after(() => custom.stop())
    const names = { kind: 'Limit', plural: 'limits' }
    const schema = { openAPIV3Schema: { type: 'object', properties: { max: { type: 'integer' } } } }
    await api.create('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
      metadata: { name: 'limits.example.com' },
      spec: {
        group: 'example.com',
        names,
        scope: 'Namespaced',
        versions: [{ name: 'v1', served: true, storage: true, schema }],
      },
    })
    await new Promise<void>((resolve) => {
      const look = (): void => {
        if (api.server.resources.find('example.com', 'v1', 'limits')) resolve()
      }
      t.after(api.server.resources.onChange(look))
      look()
    })
    await api.create('/apis/example.com/v1/namespaces/default/limits', {
      apiVersion: 'example.com/v1',
      kind: 'Limit',
      metadata: { name: 'l' },
      max: 1,
    })
    await api.create(MAPS, { metadata: { name: 'm' }, data: { a: 'b' } })
    const two = { metadata: { name: 'n' }, data: { a: 'b', c: 'd' } }
    assert.match(await api.refused(422, 'POST', MAPS, two), /denied request: at most 1$/)
    const kept = await api.get<object>('/apis/example.com/v1/namespaces/default/limits/l')
    await api.expect(200, 'PUT', '/apis/example.com/v1/namespaces/default/limits/l', { ...kept, max: 2 })
    await api.create(MAPS, two)
  })
})
