import { type Case, type Catalogue, del, given, patch, post, put, single, type Step } from '../case.ts'
import { deployment, deployments, maps, pod, pods } from '../things.ts'
import { bound, here, inForce, mutated, policy, ruled } from './policy-steps.ts'
import { makeMap, rule } from './webhook-steps.ts'

const says = (expression: string, more: object = {}): object => ({ validations: [{ expression, ...more }] })

function judged(name: string, spec: object, binding: object = {}, steps: readonly Step[] = [makeMap()]): Case {
  return { name: `validating: ${name}`, steps: [...ruled(spec, binding), ...steps] }
}

/** Whether an expression holds of a config map with `given: yes`; an error tells itself. */
const holds = (expression: string): Case => judged(`expression: ${expression}`, says(expression))

const long = 'x'.repeat(6000)
const loop = (inner: string): string => `['a','b','c','d','e','f','g','h','i','j'].all(x, ${inner})`
/** Costs some hundred thousands, of a million that one expression may cost. */
const costly = loop(loop(loop(loop(loop("object.data.given != 'no'")))))
const dear = loop(costly)

const verdicts: Case[] = [
  judged('true', says('true')),
  judged('false', says('false')),
  judged('a message', says('false', { message: 'not this way' })),
  judged('a message with spaces around', says('false', { message: '  not this way  ' })),
  judged('a long expression', says(`object.data.given == '${'n'.repeat(300)}'`)),
  judged('an expression in lines', says('object.data.given ==\n  "no"')),
  ...['Invalid', 'Forbidden', 'Unauthorized', 'RequestEntityTooLarge'].map((reason) =>
    judged(`reason ${reason}`, says('false', { reason, message: 'no' })),
  ),
  judged('a made message', says('false', { messageExpression: "'no ' + object.metadata.name", message: 'other' })),
  judged(
    'a made message that fails',
    says('false', { messageExpression: 'string(object.data.none)', message: 'other' }),
  ),
  judged('a made message that fails alone', says('false', { messageExpression: 'string(object.data.none)' })),
  judged('an empty made message', says('false', { messageExpression: "''", message: 'other' })),
  judged('a made message of spaces', says('false', { messageExpression: "'  '" })),
  judged('a made message in lines', says('false', { messageExpression: "'a\\nb'", message: 'other' })),
  judged('a long made message', says('false', { messageExpression: `'${long}'`, message: 'other' })),
  judged('a made message with spaces around', says('false', { messageExpression: "' no '" })),
  judged('several that fail', {
    validations: [{ expression: 'true' }, { expression: 'false', message: 'b' }, { expression: '1 > 2', message: 'c' }],
  }),
  judged('an error', says('object.data.none == "x"')),
  judged('an error with a message', says('object.data.none == "x"', { message: 'm', reason: 'Forbidden' })),
  judged('an error, ignored', { ...says('object.data.none == "x"'), failurePolicy: 'Ignore' }),
  judged('a refusal where failures are ignored', { ...says('false'), failurePolicy: 'Ignore' }),
  judged('an error and a refusal', {
    validations: [{ expression: 'object.data.none == "x"' }, { expression: 'false', message: 'b' }],
  }),
  judged('division by zero', says('1 / (size(object.data) - 1) == 1')),
  judged('a wrong index', says("['a'][size(object.data)] == 'a'")),
  judged('too dear', says(dear)),
  judged('too dear, ignored', { ...says(dear), failurePolicy: 'Ignore' }),
  judged('together too dear', {
    validations: [...Array.from({ length: 25 }, () => ({ expression: costly })), { expression: 'false' }],
  }),
  judged('too dear among others', {
    validations: [{ expression: 'false', message: 'a' }, { expression: dear }, { expression: 'false', message: 'c' }],
  }),
]

const actions: Case[] = [
  ...[['Warn'], ['Audit'], ['Warn', 'Audit'], ['Deny', 'Audit']].map((validationActions) =>
    judged(
      `actions ${validationActions.join(' and ')}`,
      { validations: [{ expression: 'false', message: 'a' }, { expression: 'false' }] },
      { validationActions },
    ),
  ),
  judged('a warning of an error', says('object.data.none == "x"'), { validationActions: ['Warn'] }),
  judged('a warning that is too dear', says(dear), { validationActions: ['Warn'] }),
  {
    name: 'validating: several bindings',
    steps: [
      given(policy('validating', says('false', { message: 'no' }))),
      given(bound('validating', { validationActions: ['Warn'] }, '$id', '$id-a')),
      given(bound('validating', {}, '$id', '$id-c')),
      ...inForce('validating'),
      makeMap(),
    ],
  },
  {
    name: 'validating: a policy without a binding',
    steps: [given(policy('validating', says('false'))), ...inForce('validating'), makeMap()],
  },
  {
    name: 'validating: a binding whose policy is removed',
    steps: [
      ...ruled(says('false')),
      given(del('/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies/$id-ready')),
      given(del('/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings/$id-ready')),
      given(del('/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies/$id')),
      given(
        policy(
          'validating',
          {
            matchConstraints: { resourceRules: [rule({ resources: ['endpoints'] })] },
            ...says('false', { message: 'gone' }),
          },
          '$id-other',
        ),
      ),
      given(bound('validating', {}, '$id-other')),
      post('/api/v1/namespaces/$ns/endpoints?dryRun=All', { metadata: { name: 'e' } }, { until: 'gone' }),
      makeMap(),
    ],
  },
]

const seen: Case[] = [
  holds("object.data.given == 'yes' && object.kind == 'ConfigMap' && object.apiVersion == 'v1'"),
  holds('has(object.metadata.uid) && has(object.metadata.creationTimestamp) && has(object.metadata.managedFields)'),
  holds('has(object.metadata.labels)'),
  holds('has(object.metadata.namespace) && object.metadata.namespace == request.namespace'),
  holds('oldObject == null'),
  holds('has(object.binaryData)'),
  holds('object.immutable == false'),
  holds('object.data.size() == 1 && object.data.exists(k, k == "given") && "given" in object.data'),
  holds("request.operation == 'CREATE' && request.name == 'm' && request.dryRun == false"),
  holds("request.kind.group == '' && request.kind.version == 'v1' && request.kind.kind == 'ConfigMap'"),
  holds("request.resource.resource == 'configmaps' && request.requestResource.resource == 'configmaps'"),
  holds("request.subResource == '' && request.requestSubResource == ''"),
  holds('has(request.subResource)'),
  holds("request.userInfo.username == 'admin' && request.userInfo.uid == '1'"),
  holds("'system:masters' in request.userInfo.groups && 'system:authenticated' in request.userInfo.groups"),
  holds('has(request.userInfo.extra)'),
  holds('request.userInfo.extra.size() == 0'),
  holds('has(request.options) && request.options.fieldManager == "x"'),
  holds('has(request.uid)'),
  holds('has(request.object)'),
  holds(
    "namespaceObject.metadata.name == request.namespace && 'kubernetes.io/metadata.name' in namespaceObject.metadata.labels",
  ),
  holds("namespaceObject.status.phase == 'Active' && namespaceObject.spec.finalizers == ['kubernetes']"),
  holds('has(namespaceObject.metadata.managedFields)'),
  holds('params == null'),
  holds("authorizer.group('').resource('configmaps').namespace('default').check('get').allowed()"),
  holds("authorizer.requestResource.check('create').reason() == 'x'"),
  holds("authorizer.serviceAccount('default', 'nobody').group('').resource('pods').check('get').allowed()"),
  holds("authorizer.path('/healthz').check('get').allowed()"),
  holds("authorizer.group('').resource('pods').check('get').errored()"),
  holds(
    "authorizer.group('').resource('pods').subresource('log').name('x').fieldSelector('a=b').labelSelector('c in (d)').check('list').allowed()",
  ),
  holds('variables.a'),
  holds("quantity('1Gi').isGreaterThan(quantity('1M')) && isQuantity('5') && quantity('50k').asInteger() == 50000"),
  holds("ip('10.0.0.1').family() == 4 && cidr('10.0.0.0/8').containsIP('10.0.0.1')"),
  holds("url('https://example.com/a?b=c').getHost() == 'example.com'"),
  holds("'abc'.matches('^a.c$') && 'a-b'.split('-').size() == 2 && ' x '.trim() == 'x'"),
  holds('[1, 2, 3].sum() == 6 && [3, 1].sort() == [1, 3]'),
  holds("[1, 3].isSorted() && [1, 2].max() == 2 && ['a', 'b'].join(',') == 'a,b'"),
  holds('sets.contains([1, 2], [1]) && sets.intersects([1], [1, 2])'),
  holds("semver('1.2.3').isLessThan(semver('1.10.0')) && isSemver('v1', true)"),
  holds("format.dns1123Label().validate('A').hasValue()"),
  holds("!format.named('uuid').hasValue()"),
  holds("'%s-%d'.format(['a', 5]) == 'a-5'"),
  holds("duration('1h') > duration('5m') && timestamp('2020-01-01T00:00:00Z').getFullYear() == 2020"),
  holds("optional.of(1).orValue(2) == 1 && object.?data.?none.orValue('no') == 'no'"),
  holds("'given'.find('[a-z]+') == 'given' && 'a1b2'.findAll('[0-9]').size() == 2"),
  holds("object.data.transformList(k, v, k + v) == ['givenyes']"),
  holds('cel.bind(x, 1, x == 1)'),
  holds("object.metadata.name.startsWith('m') ? true : false"),
  holds('math.greatest(1, 2) == 2'),
  holds('[1, [2]].flatten() == [1, 2]'),
  holds("base64.encode(b'a') == 'YQ=='"),
  holds("dyn(object.data) == {'given': 'yes'}"),
  holds('type(object.data) == map'),
  holds("jsonpatch.escapeKey('a/b') == 'a~1b'"),
]

const requests: Case[] = [
  judged('an update sees both', says('oldObject.data.given == object.data.given', { message: 'changed' }), {}, [
    makeMap(),
    put(`${maps}/m`, { metadata: { name: 'm' }, data: { given: 'no' } }),
  ]),
  judged(
    'an update',
    {
      ...says('object.data.given == oldObject.data.given', { message: 'changed' }),
      matchConstraints: { resourceRules: [rule({ operations: ['UPDATE'] })] },
    },
    {},
    [
      makeMap(),
      patch('merge', `${maps}/m`, { data: { given: 'no' } }),
      patch('merge', `${maps}/m`, { data: { more: 'no' } }),
    ],
  ),
  judged(
    'a delete',
    {
      ...says("object == null && oldObject.data.given == 'no'", { message: 'kept' }),
      matchConstraints: { resourceRules: [rule({ operations: ['DELETE'] })] },
    },
    {},
    [makeMap(), del(`${maps}/m`), del(`${maps}?fieldSelector=metadata.name%3Dm`)],
  ),
  judged('a generated name', says("request.name == ''", { messageExpression: "'name ' + request.name" }), {}, [
    post(maps, { metadata: { generateName: 'g-' } }, { compare: ['status'] }),
  ]),
  judged(
    'a scale',
    {
      ...says('object.spec.replicas < 5', {
        messageExpression: "object.kind + ' ' + request.subResource + ' ' + request.kind.kind",
      }),
      matchConstraints: { resourceRules: [rule({ apiGroups: ['apps'], resources: ['deployments/scale'] })] },
    },
    {},
    [
      given(post(deployments, deployment('d'))),
      patch('merge', `${deployments}/d/scale`, { spec: { replicas: 9 } }),
      patch('merge', `${deployments}/d/scale`, { spec: { replicas: 1 } }, { compare: ['status'] }),
    ],
  ),
  judged(
    'a status',
    {
      ...says('object.status.replicas < 5'),
      matchConstraints: { resourceRules: [rule({ apiGroups: ['apps'], resources: ['deployments/status'] })] },
    },
    {},
    [given(post(deployments, deployment('d'))), patch('merge', `${deployments}/d/status`, { status: { replicas: 9 } })],
  ),
  judged(
    'a connection',
    {
      ...says("request.operation == 'CONNECT' && object.command == ['sh']", {
        messageExpression: "object.kind + ' ' + request.subResource",
      }),
      matchConstraints: { resourceRules: [rule({ resources: ['pods/exec'] })] },
    },
    {},
    [post(`${pods}/p/exec?command=ls`, undefined)],
  ),
  judged(
    'an eviction',
    {
      ...says("object.kind == 'Other'", { messageExpression: "object.kind + ' ' + request.subResource" }),
      matchConstraints: { resourceRules: [rule({ resources: ['pods/eviction'] })] },
    },
    {},
    [given(post(pods, pod('p'))), post(`${pods}/p/eviction`, { metadata: { name: 'p' } })],
  ),
  judged(
    'a pod',
    {
      ...says("object.spec.containers.all(c, c.image.startsWith('good/'))", {
        messageExpression:
          "'bad: ' + object.spec.containers.filter(c, !c.image.startsWith('good/')).map(c, c.image).join(', ')",
      }),
      matchConstraints: { resourceRules: [rule({ resources: ['pods'] })] },
    },
    {},
    [post(pods, pod('p'))],
  ),
  judged(
    'quantities and numbers or words',
    {
      ...says(
        "quantity(object.spec.containers[0].resources.limits.memory).isLessThan(quantity('1Mi')) || object.spec.containers[0].livenessProbe.httpGet.port == 80",
      ),
      matchConstraints: { resourceRules: [rule({ resources: ['pods'] })] },
    },
    {},
    [
      post(
        pods,
        pod('p', {
          spec: {
            containers: [
              {
                name: 'c',
                image: 'i',
                resources: { limits: { memory: '1Gi' } },
                livenessProbe: { httpGet: { port: 80 } },
              },
            ],
          },
        }),
        { compare: ['status'] },
      ),
      post(
        pods,
        pod('q', {
          spec: {
            containers: [
              {
                name: 'c',
                image: 'i',
                resources: { limits: { memory: '1Gi' } },
                livenessProbe: { httpGet: { port: 'web' } },
              },
            ],
          },
        }),
      ),
    ],
  ),
  judged(
    'another version',
    {
      ...says(
        'object.spec.targetCPUUtilizationPercentage < 20 && request.resource.version == "v1" && request.requestResource.version == "v2"',
        { messageExpression: 'string(object.apiVersion)' },
      ),
      matchConstraints: {
        matchPolicy: 'Equivalent',
        resourceRules: [
          {
            operations: ['*'],
            apiGroups: ['autoscaling'],
            apiVersions: ['v1'],
            resources: ['horizontalpodautoscalers'],
          },
        ],
      },
    },
    {},
    [
      post('/apis/autoscaling/v2/namespaces/$ns/horizontalpodautoscalers', {
        metadata: { name: 'h' },
        spec: {
          maxReplicas: 3,
          scaleTargetRef: { kind: 'Deployment', name: 'd', apiVersion: 'apps/v1' },
          metrics: [
            { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } },
          ],
        },
      }),
    ],
  ),
  judged(
    'names of resources',
    { ...says('false'), matchConstraints: { resourceRules: [{ ...rule({}), resourceNames: ['m'] }] } },
    {},
    [makeMap(), makeMap('n')],
  ),
  judged(
    'excluded rules',
    {
      ...says('false'),
      matchConstraints: { resourceRules: [rule({})], excludeResourceRules: [{ ...rule({}), resourceNames: ['m'] }] },
    },
    {},
    [makeMap(), makeMap('n')],
  ),
  judged(
    'labels',
    { ...says('false'), matchConstraints: { resourceRules: [rule({})], objectSelector: { matchLabels: { a: 'b' } } } },
    {},
    [makeMap(), makeMap('n', { labels: { a: 'b' } })],
  ),
  judged(
    'labels of a binding',
    says('false'),
    { matchResources: { ...here, objectSelector: { matchLabels: { a: 'b' } } } },
    [makeMap(), makeMap('n', { labels: { a: 'b' } })],
  ),
  judged(
    'rules of a binding',
    says('false'),
    { matchResources: { ...here, resourceRules: [rule({ operations: ['UPDATE'] })] } },
    [makeMap(), patch('merge', `${maps}/m`, { data: { a: 'b' } })],
  ),
  judged(
    'a binding with rules that its policy does not have',
    says('false'),
    { matchResources: { ...here, resourceRules: [rule({ resources: ['secrets'] })] } },
    [post('/api/v1/namespaces/$ns/secrets', { metadata: { name: 's' } }), makeMap()],
  ),
  judged('a dry run', says('request.dryRun == false'), {}, [post(`${maps}?dryRun=All`, { metadata: { name: 'm' } })]),
  judged('apply', says("object.data.given == 'no'"), {}, [
    patch('apply', `${maps}/m?fieldManager=a`, { apiVersion: 'v1', kind: 'ConfigMap', data: { given: 'yes' } }),
  ]),
]

const conditions: Case[] = [
  judged(
    'a condition that holds',
    { ...says('false'), matchConditions: [{ name: 'c', expression: "object.metadata.name == 'm'" }] },
    {},
    [makeMap(), makeMap('n')],
  ),
  judged('a condition with an error', {
    ...says('false'),
    matchConditions: [{ name: 'c', expression: 'object.data.none == "x"' }],
  }),
  judged('a condition with an error, ignored', {
    ...says('false'),
    failurePolicy: 'Ignore',
    matchConditions: [{ name: 'c', expression: 'object.data.none == "x"' }],
  }),
  judged('an error and a condition that does not hold', {
    ...says('false'),
    matchConditions: [
      { name: 'c', expression: 'object.data.none == "x"' },
      { name: 'd', expression: 'false' },
    ],
  }),
  judged('two conditions with errors', {
    ...says('false'),
    matchConditions: [
      { name: 'c', expression: 'object.data.none == "x"' },
      { name: 'd', expression: 'object.data.nought == "x"' },
    ],
  }),
  judged('a condition with variables', {
    ...says('false'),
    variables: [{ name: 'v', expression: "object.metadata.name + '!'" }],
    matchConditions: [{ name: 'c', expression: "variables.v == 'm!'" }],
  }),
  judged('a condition that is too dear', { ...says('false'), matchConditions: [{ name: 'c', expression: dear }] }),
  judged('a condition on the namespace', {
    ...says('false'),
    matchConditions: [{ name: 'c', expression: 'namespaceObject == null' }],
  }),
]

const v = (name: string, expression: string): object => ({ name, expression })
const variables: Case[] = [
  judged('variables', {
    variables: [v('a', 'object.data'), v('b', "variables.a.given + '!'")],
    validations: [{ expression: "variables.b == 'no!'", messageExpression: "'is ' + variables.b" }],
  }),
  judged('a variable with an error', {
    variables: [v('a', 'object.data.none')],
    validations: [{ expression: "variables.a == 'x'" }],
  }),
  judged('a variable with an error that nobody asks for', {
    variables: [v('a', 'object.data.none')],
    validations: [{ expression: 'false', message: 'no' }],
  }),
  judged('an error in a variable of a variable', {
    variables: [v('a', 'object.data.none'), v('b', "variables.a + 'x'")],
    validations: [{ expression: "variables.b == 'x'" }],
  }),
  judged('a variable that is dear and asked for twice', {
    variables: [v('a', loop(loop(loop(loop('true')))))],
    validations: [{ expression: 'variables.a' }, { expression: '!variables.a', message: 'no' }],
  }),
  judged('a variable that is too dear', { variables: [v('a', dear)], validations: [{ expression: 'variables.a' }] }),
  judged('types of variables', {
    variables: [v('a', '[1, 2]'), v('b', '{"x": 1}'), v('c', 'object.spec')],
    validations: [{ expression: 'variables.a[0] == variables.b.x && variables.a.size() > 5' }],
  }),
]

const kinds = { paramKind: { apiVersion: 'v1', kind: 'ConfigMap' } }
const param = (name: string, data: object, labels: object = {}): Step =>
  given(post(maps, { metadata: { name, labels }, data }))
const only = { ...here, objectSelector: { matchLabels: { judged: 'yes' } } }
const judgedMap = makeMap('m', { labels: { judged: 'yes' } })

/** Waits until parameters are known. */
const known = (before: readonly unknown[]): Step[] =>
  before.length === 0
    ? []
    : [
        post(
          `${maps}?dryRun=All`,
          { metadata: { name: 'm', labels: { judged: 'yes' } }, data: { given: 'yes' } },
          { until: '!no params found' },
        ),
      ]

function parametrized(
  name: string,
  expression: string,
  paramRef: object | undefined,
  before: readonly Step[] = [],
  more: object = {},
): Case {
  return {
    name: `validating: params: ${name}`,
    steps: [
      ...before,
      given(
        policy('validating', {
          ...kinds,
          validations: [{ expression, messageExpression: "params == null ? 'none' : 'by ' + params.metadata.name" }],
          ...more,
        }),
      ),
      given(bound('validating', { ...(paramRef && { paramRef }), matchResources: only })),
      ...inForce('validating'),
      ...known(before),
      judgedMap,
    ],
  }
}

const params: Case[] = [
  parametrized(
    'by name',
    'object.data.given == params.data.wanted',
    { name: 'p', namespace: '$ns', parameterNotFoundAction: 'Deny' },
    [param('p', { wanted: 'no' })],
  ),
  parametrized(
    'by name, fulfilled',
    'object.data.given == params.data.wanted',
    { name: 'p', namespace: '$ns', parameterNotFoundAction: 'Deny' },
    [param('p', { wanted: 'yes' })],
  ),
  parametrized(
    'of the namespace of the request',
    'object.data.given == params.data.wanted',
    { name: 'p', parameterNotFoundAction: 'Deny' },
    [param('p', { wanted: 'no' })],
  ),
  parametrized('missing, denied', 'true', { name: 'none', namespace: '$ns', parameterNotFoundAction: 'Deny' }),
  parametrized('missing, allowed', 'false', { name: 'none', namespace: '$ns', parameterNotFoundAction: 'Allow' }),
  parametrized('missing, ignored', 'true', { name: 'none', namespace: '$ns', parameterNotFoundAction: 'Deny' }, [], {
    failurePolicy: 'Ignore',
  }),
  parametrized(
    'by a selector',
    'object.data.given == params.data.wanted',
    { selector: { matchLabels: { param: 'yes' } }, namespace: '$ns', parameterNotFoundAction: 'Deny' },
    [
      param('p', { wanted: 'yes' }, { param: 'yes' }),
      param('q', { wanted: 'no' }, { param: 'yes' }),
      param('r', { wanted: 'no' }, { param: 'no' }),
    ],
  ),
  parametrized('by a selector that finds none', 'true', {
    selector: { matchLabels: { param: 'none' } },
    namespace: '$ns',
    parameterNotFoundAction: 'Deny',
  }),
  parametrized('without a reference', 'params != null', undefined),
  parametrized('of a kind that is not there', 'true', { name: 'p', parameterNotFoundAction: 'Deny' }, [], {
    paramKind: { apiVersion: 'example.com/v1', kind: 'Nothing' },
  }),
  parametrized('of a kind that is not there, ignored', 'true', { name: 'p', parameterNotFoundAction: 'Deny' }, [], {
    failurePolicy: 'Ignore',
    paramKind: { apiVersion: 'example.com/v1', kind: 'Nothing' },
  }),
  parametrized(
    'cluster-wide',
    'params.value == 7',
    { name: '$id', parameterNotFoundAction: 'Deny' },
    [given(post('/apis/scheduling.k8s.io/v1/priorityclasses', { metadata: { name: '$id' }, value: 8 }))],
    { paramKind: { apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass' } },
  ),
  parametrized(
    'cluster-wide with a namespace',
    'true',
    { name: '$id', namespace: '$ns', parameterNotFoundAction: 'Deny' },
    [],
    { paramKind: { apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass' } },
  ),
  parametrized(
    'an error',
    'params.data.none == "x"',
    { name: 'p', namespace: '$ns', parameterNotFoundAction: 'Deny' },
    [param('p', { wanted: 'no' })],
  ),
  parametrized(
    'in conditions',
    'false',
    { name: 'p', namespace: '$ns', parameterNotFoundAction: 'Deny' },
    [param('p', { wanted: 'no' })],
    { matchConditions: [{ name: 'c', expression: "params.data.wanted == 'yes'" }] },
  ),
  parametrized(
    'in variables',
    'variables.w',
    { name: 'p', namespace: '$ns', parameterNotFoundAction: 'Deny' },
    [param('p', { wanted: 'no' })],
    { variables: [v('w', "params.data.wanted == 'yes'")] },
  ),
]

const audit = (valueExpression: string): object => ({
  auditAnnotations: [{ key: 'a', valueExpression }],
  validations: [{ expression: 'true' }],
})
const audits: Case[] = [
  judged('an annotation', audit("'x'")),
  judged('an annotation with an error', audit('string(object.data.none)')),
  judged('an annotation with an error, ignored', { ...audit('string(object.data.none)'), failurePolicy: 'Ignore' }),
  judged('no annotation', audit('null')),
  judged('annotations alone', { auditAnnotations: [{ key: 'a', valueExpression: "'x'" }] }),
]

const V = 'validatingadmissionpolicies'
const M = 'mutatingadmissionpolicies'
const at = (resource: string): string => `/apis/admissionregistration.k8s.io/v1/${resource}?dryRun=All`
const checked = (spec: object): Step =>
  post(at(V), { metadata: { name: '$id' }, spec: { matchConstraints: { resourceRules: [rule({})] }, ...spec } })
const checkedMutation = (spec: object): Step =>
  post(at(M), {
    metadata: { name: '$id' },
    spec: { matchConstraints: { resourceRules: [rule({})] }, reinvocationPolicy: 'Never', ...spec },
  })
const checkedBinding = (spec: object): Step =>
  post(at('validatingadmissionpolicybindings'), {
    metadata: { name: '$id' },
    spec: { policyName: 'p', validationActions: ['Deny'], ...spec },
  })
const json = (expression: string): object => ({ mutations: [{ patchType: 'JSONPatch', jsonPatch: { expression } }] })
const applied = (expression: string): object => ({
  mutations: [{ patchType: 'ApplyConfiguration', applyConfiguration: { expression } }],
})

const EXPRESSIONS = [
  '',
  ' ',
  '1',
  "'x'",
  'object',
  'object.',
  'object.x',
  'foo',
  'foo()',
  'object.foo()',
  'true &&',
  '"',
  '1 + "a" == 2',
  'params.x',
  'variables.x',
  'authorizer.x',
  'authorizer.requestResource',
  'request.nothing',
  'request.object.x',
  'request.userInfo.nothing',
  'namespaceObject.spec.nothing',
  'namespaceObject.metadata.labels.x == "y"',
  'oldObject.x == 1',
  'object.items.all(x, x.all(y, y.all(z, z.all(a, a.all(b, b.matches("x"))))))',
  'object.metadata.name.matches("[")',
  "url('x').y",
  'has(object)',
  'has(object.x)',
  'object.x.all(y)',
  '[1, 2, "a"] == []',
  '{1: 2, "a": 3} == {}',
  'a.b.c',
  'duration("x") == duration("1s")',
  "ip('x').family() == 4",
  "quantity('x').asInteger() == 1",
  'true ? 1 : false',
  'object.spec.map(x, x).size() > 0',
  "'a'.format([1]) == ''",
  'dyn(1)',
  'null',
  'type(1)',
  '__x__',
  'object.__x__ == 1',
  'Object{}',
  'JSONPatch{}',
  "object['x'] == 1",
  '@',
]

const shapes: Case[] = [
  ...single(
    Object.fromEntries(
      EXPRESSIONS.map((expression) => [`made: expression ${JSON.stringify(expression)}`, checked(says(expression))]),
    ),
  ),
  ...single({
    'made: nothing': checked({}),
    'made: no constraints': post(at(V), { metadata: { name: '$id' }, spec: says('true') }),
    'made: no rules': post(at(V), { metadata: { name: '$id' }, spec: { matchConstraints: {}, ...says('true') } }),
    'made: a message in lines': checked(says('true', { message: 'a\nb' })),
    'made: a message of spaces': checked(says('true', { message: '  ' })),
    'made: a made message that is no text': checked(says('true', { messageExpression: '1' })),
    'made: a made message that is broken': checked(says('true', { messageExpression: '1 +' })),
    'made: a made message with the authorizer': checked(
      says('true', { messageExpression: "authorizer.path('/').check('get').reason()" }),
    ),
    'made: an unknown reason': checked(says('true', { reason: 'Odd' })),
    'made: an unknown failure policy': checked({ ...says('true'), failurePolicy: 'Odd' }),
    'made: variables twice': checked({ ...says('true'), variables: [v('a', '1'), v('a', '2')] }),
    'made: a variable of a later one': checked({ ...says('true'), variables: [v('a', 'variables.b'), v('b', '2')] }),
    'made: a variable of itself': checked({ ...says('true'), variables: [v('a', 'variables.a')] }),
    'made: a variable with a bad name': checked({ ...says('true'), variables: [v('a-b', '1')] }),
    'made: a variable without a name': checked({ ...says('true'), variables: [v('', '1')] }),
    'made: a broken variable': checked({ ...says('variables.a == 1'), variables: [v('a', '1 +')] }),
    'made: a variable of the wrong type': checked({ ...says("variables.a == 'x'"), variables: [v('a', '1')] }),
    'made: a condition twice': checked({
      ...says('true'),
      matchConditions: [
        { name: 'c', expression: 'true' },
        { name: 'c', expression: 'true' },
      ],
    }),
    'made: a condition that is no bool': checked({
      ...says('true'),
      matchConditions: [{ name: 'c', expression: '1' }],
    }),
    'made: a condition with a bad name': checked({
      ...says('true'),
      matchConditions: [{ name: 'c d', expression: 'true' }],
    }),
    'made: 65 conditions': checked({
      ...says('true'),
      matchConditions: Array.from({ length: 65 }, (_one, index) => ({ name: `c${index}`, expression: 'true' })),
    }),
    'made: an annotation with a bad key': checked({ auditAnnotations: [{ key: 'a b', valueExpression: "'x'" }] }),
    'made: an annotation without a key': checked({ auditAnnotations: [{ key: '', valueExpression: "'x'" }] }),
    'made: annotations with one key': checked({
      auditAnnotations: [
        { key: 'a', valueExpression: "'x'" },
        { key: 'a', valueExpression: "'x'" },
      ],
    }),
    'made: an annotation that is no text': checked({ auditAnnotations: [{ key: 'a', valueExpression: '1' }] }),
    'made: an annotation that is broken': checked({ auditAnnotations: [{ key: 'a', valueExpression: '1 +' }] }),
    'made: a long key of an annotation': checked({
      auditAnnotations: [{ key: 'a'.repeat(64), valueExpression: "'x'" }],
    }),
    'made: a long value of an annotation': checked({
      auditAnnotations: [{ key: 'a', valueExpression: `'${'x'.repeat(6000)}'` }],
    }),
    'made: 21 annotations': checked({
      auditAnnotations: Array.from({ length: 21 }, (_one, index) => ({ key: `a${index}`, valueExpression: "'x'" })),
    }),
    'made: a kind of params without a version': checked({ ...says('true'), paramKind: { kind: 'X' } }),
    'made: a kind of params without a kind': checked({ ...says('true'), paramKind: { apiVersion: 'v1' } }),
    'made: a kind of params with a bad version': checked({
      ...says('true'),
      paramKind: { apiVersion: 'a/b/c', kind: 'x y' },
    }),
    'made: params that are not declared': checked(says('params.x == 1')),
    'made: params that are declared': checked({ ...says('params.x == 1'), ...kinds }),
    'made: 65 validations': checked({ validations: Array.from({ length: 65 }, () => ({ expression: 'true' })) }),
    'made: a rule without operations': checked({
      ...says('true'),
      matchConstraints: { resourceRules: [{ ...rule({}), operations: [] }] },
    }),
    'made: a rule without resources': checked({
      ...says('true'),
      matchConstraints: { resourceRules: [{ ...rule({}), resources: [] }] },
    }),
    'made: a rule of everything and more': checked({
      ...says('true'),
      matchConstraints: {
        resourceRules: [rule({ operations: ['*', 'CREATE'], apiGroups: ['*', 'apps'], resources: ['*', 'pods'] })],
      },
    }),
    'made: names twice': checked({
      ...says('true'),
      matchConstraints: { resourceRules: [{ ...rule({}), resourceNames: ['a', 'a', 'B!'] }] },
    }),
    'made: a bad selector': checked({
      ...says('true'),
      matchConstraints: { resourceRules: [rule({})], objectSelector: { matchLabels: { 'a b': 'c' } } },
    }),
    'made: a dear expression': checked(says(dear)),
    'binding: no policy': checkedBinding({ policyName: '' }),
    'binding: no actions': checkedBinding({ validationActions: [] }),
    'binding: Deny and Warn': checkedBinding({ validationActions: ['Deny', 'Warn'] }),
    'binding: an action twice': checkedBinding({ validationActions: ['Audit', 'Audit'] }),
    'binding: an unknown action': checkedBinding({ validationActions: ['Odd'] }),
    'binding: params by name and selector': checkedBinding({
      paramRef: { name: 'p', selector: {}, parameterNotFoundAction: 'Deny' },
    }),
    'binding: params by nothing': checkedBinding({ paramRef: { parameterNotFoundAction: 'Deny' } }),
    'binding: params without an action': checkedBinding({ paramRef: { name: 'p' } }),
    'binding: params with an unknown action': checkedBinding({
      paramRef: { name: 'p', parameterNotFoundAction: 'Odd' },
    }),
    'binding: params with a bad selector': checkedBinding({
      paramRef: { selector: { matchLabels: { 'a b': 'c' } }, parameterNotFoundAction: 'Deny' },
    }),
    'mutation: none': checkedMutation({}),
    'mutation: no type': checkedMutation({ mutations: [{ jsonPatch: { expression: '[]' } }] }),
    'mutation: an unknown type': checkedMutation({
      mutations: [{ patchType: 'Odd', jsonPatch: { expression: '[]' } }],
    }),
    'mutation: a type without its patch': checkedMutation({ mutations: [{ patchType: 'JSONPatch' }] }),
    'mutation: a type with the other patch': checkedMutation({
      mutations: [{ patchType: 'JSONPatch', applyConfiguration: { expression: 'Object{}' } }],
    }),
    'mutation: both patches': checkedMutation({
      mutations: [
        { patchType: 'JSONPatch', jsonPatch: { expression: '[]' }, applyConfiguration: { expression: 'Object{}' } },
      ],
    }),
    'mutation: a patch that is no list': checkedMutation(json('1')),
    'mutation: a patch of a map': checkedMutation(json('[{"op": "add"}]')),
    'mutation: a patch with a wrong field': checkedMutation(json('[JSONPatch{verb: "add"}]')),
    'mutation: a patch with a wrong type': checkedMutation(json('[JSONPatch{op: 1}]')),
    'mutation: a patch that is broken': checkedMutation(json('[JSONPatch{]')),
    'mutation: an object that is none': checkedMutation(applied('1')),
    'mutation: an object by another name': checkedMutation(applied('Objekt{}')),
    'mutation: an object with wrong fields': checkedMutation(applied('Object{nothing: 1}')),
    'mutation: no reinvocation policy': post(at(M), {
      metadata: { name: '$id' },
      spec: { matchConstraints: { resourceRules: [rule({})] }, ...json('[]') },
    }),
    'mutation: an unknown reinvocation policy': checkedMutation({ ...json('[]'), reinvocationPolicy: 'Odd' }),
    'mutation: deletes': checkedMutation({
      ...json('[]'),
      matchConstraints: { resourceRules: [rule({ operations: ['DELETE'] })] },
    }),
  }),
]

const changed = (name: string, spec: object, steps: readonly Step[] = [makeMap()], binding: object = {}): Case => ({
  name: `mutating: ${name}`,
  steps: [...mutated(spec, binding), ...steps],
})
const podRules = { matchConstraints: { resourceRules: [rule({ resources: ['pods'] })] } }
const twice = (first: object, second: object): Step[] => [
  given(policy('mutating', first, '$id-a')),
  given(bound('mutating', {}, '$id-a')),
  given(policy('mutating', second, '$id-b')),
  given(bound('mutating', {}, '$id-b')),
  ...inForce('mutating'),
]

const mutations: Case[] = [
  changed('an object', applied('Object{data: {"added": "1"}}')),
  changed('an object with labels', applied('Object{metadata: Object.metadata{labels: {"a": "b"}}}')),
  changed('an object that says what is there', applied('Object{data: {"given": "yes"}}')),
  changed('an object with another value', applied('Object{data: {"given": object.data.given + "!"}}')),
  changed('an empty object', applied('Object{}')),
  changed('a patch', json('[JSONPatch{op: "add", path: "/data/added", value: "1"}]')),
  changed('a patch of nothing', json('[]')),
  changed('a patch of labels', json('[JSONPatch{op: "add", path: "/metadata/labels", value: {"a": "b"}}]')),
  changed(
    'a patch with an escaped key',
    json(
      '[JSONPatch{op: "add", path: "/metadata/annotations", value: {}}, JSONPatch{op: "add", path: "/metadata/annotations/" + jsonpatch.escapeKey("a.b/c"), value: "d"}]',
    ),
  ),
  changed('a patch that moves', json('[JSONPatch{op: "move", from: "/data/given", path: "/data/moved"}]')),
  changed('a patch that copies', json('[JSONPatch{op: "copy", from: "/data/given", path: "/data/copied"}]')),
  changed('a patch that removes', json('[JSONPatch{op: "remove", path: "/data/given"}]')),
  changed('a patch that removes what is not there', json('[JSONPatch{op: "remove", path: "/data/none"}]')),
  changed(
    'a patch that tests',
    json(
      '[JSONPatch{op: "test", path: "/data/given", value: "yes"}, JSONPatch{op: "replace", path: "/data/given", value: "tested"}]',
    ),
  ),
  changed(
    'a patch that tests in vain',
    json(
      '[JSONPatch{op: "test", path: "/data/given", value: "no"}, JSONPatch{op: "replace", path: "/data/given", value: "tested"}]',
    ),
  ),
  changed('a patch with an unknown operation', json('[JSONPatch{op: "jump", path: "/data/given"}]')),
  changed('a patch with an unknown field', json('[JSONPatch{op: "add", path: "/nothing", value: 1}]')),
  changed('a patch with a wrong type', json('[JSONPatch{op: "add", path: "/data/n", value: 1}]')),
  changed('a patch that makes it invalid', json('[JSONPatch{op: "add", path: "/data/a~1b", value: "x"}]')),
  changed('a patch of the name', json('[JSONPatch{op: "replace", path: "/metadata/name", value: "other"}]')),
  changed('an error', json('[JSONPatch{op: "add", path: "/data/x", value: object.data.none}]')),
  changed('an error, ignored', {
    ...json('[JSONPatch{op: "add", path: "/data/x", value: object.data.none}]'),
    failurePolicy: 'Ignore',
  }),
  changed('a patch that does not fit, ignored', {
    ...json('[JSONPatch{op: "remove", path: "/data/none"}]'),
    failurePolicy: 'Ignore',
  }),
  changed('an error in an object', applied('Object{data: {"x": object.data.none}}')),
  changed('a wrong type in an object', applied('Object{data: {"x": 1}}')),
  changed('an unknown field in an object', applied('Object{nothing: 1}')),
  changed('wrong names of types in an object', applied('Object{metadata: Object.spec{labels: {"a": "b"}}}')),
  changed(
    'a condition',
    {
      ...applied('Object{data: {"added": "1"}}'),
      matchConditions: [{ name: 'c', expression: "object.metadata.name == 'm'" }],
    },
    [makeMap(), makeMap('n')],
  ),
  changed('a condition with an error', {
    ...applied('Object{data: {"added": "1"}}'),
    matchConditions: [{ name: 'c', expression: 'object.data.none == "x"' }],
  }),
  changed('variables', {
    ...applied('Object{data: {"added": variables.a}}'),
    variables: [v('a', "object.data.given + '?'")],
  }),
  changed('several', {
    mutations: [
      { patchType: 'ApplyConfiguration', applyConfiguration: { expression: 'Object{data: {"a": "1"}}' } },
      {
        patchType: 'JSONPatch',
        jsonPatch: { expression: '[JSONPatch{op: "add", path: "/data/b", value: object.data.a + "2"}]' },
      },
    ],
  }),
  changed(
    'containers by their names',
    {
      ...podRules,
      ...applied('Object{spec: Object.spec{containers: [Object.spec.containers{name: "c", image: "other"}]}}'),
    },
    [post(pods, pod('p'))],
  ),
  changed(
    'another container',
    {
      ...podRules,
      ...applied(
        'Object{spec: Object.spec{initContainers: [Object.spec.initContainers{name: "side", image: "i", restartPolicy: "Always"}]}}',
      ),
    },
    [post(pods, pod('p'))],
  ),
  changed(
    'an atomic list',
    {
      ...podRules,
      ...applied('Object{spec: Object.spec{containers: [Object.spec.containers{name: "c", args: ["a"]}]}}'),
    },
    [post(pods, pod('p'))],
  ),
  changed(
    'a container in a patch',
    {
      ...podRules,
      ...json(
        '[JSONPatch{op: "add", path: "/spec/containers/-", value: Object.spec.containers{name: "d", image: "i"}}]',
      ),
    },
    [post(pods, pod('p'))],
  ),
  changed(
    'a wrong name of a type in a patch',
    {
      ...podRules,
      ...json(
        '[JSONPatch{op: "add", path: "/spec/containers/-", value: Object.spec.containers{name: "d", image: "i", resources: Object.spec{}}}]',
      ),
    },
    [post(pods, pod('p'))],
  ),
  changed(
    'a deployment',
    {
      ...applied('Object{spec: Object.spec{replicas: object.spec.replicas + 1}}'),
      matchConstraints: { resourceRules: [rule({ apiGroups: ['apps'], resources: ['deployments'] })] },
    },
    [post(deployments, deployment('d')), patch('merge', `${deployments}/d`, { metadata: { labels: { a: 'b' } } })],
  ),
  changed(
    'a scale',
    {
      ...json('[JSONPatch{op: "replace", path: "/spec/replicas", value: 7}]'),
      matchConstraints: { resourceRules: [rule({ apiGroups: ['apps'], resources: ['deployments/scale'] })] },
    },
    [given(post(deployments, deployment('d'))), patch('merge', `${deployments}/d/scale`, { spec: { replicas: 1 } })],
  ),
  changed(
    'an update',
    {
      ...applied('Object{data: {"added": oldObject.data.given}}'),
      matchConstraints: { resourceRules: [rule({ operations: ['UPDATE'] })] },
    },
    [makeMap(), put(`${maps}/m?fieldManager=me`, { metadata: { name: 'm' }, data: { given: 'no' } })],
  ),
  changed(
    'the authorizer',
    applied("Object{data: {'may': string(authorizer.requestResource.check('delete').allowed())}}"),
  ),
  changed('the namespace', applied("Object{data: {'in': namespaceObject.metadata.name}}")),
  changed('too dear', applied(`Object{data: {'x': string(${dear})}}`)),
  {
    name: 'mutating: again if needed',
    steps: [
      ...twice(
        { ...applied("Object{data: {'a': string(object.data.size())}}"), reinvocationPolicy: 'IfNeeded' },
        applied("Object{data: {'b': '1'}}"),
      ),
      makeMap(),
    ],
  },
  {
    name: 'mutating: params',
    steps: [
      param('p', { label: 'x' }),
      ...mutated(
        { ...kinds, ...applied('Object{data: {"added": params.data.label}}') },
        { matchResources: only, paramRef: { name: 'p', namespace: '$ns', parameterNotFoundAction: 'Deny' } },
      ),
      ...known([1]),
      judgedMap,
    ],
  },
  {
    name: 'mutating: several params',
    steps: [
      param('p', { key: 'x' }, { param: 'yes' }),
      param('q', { key: 'y' }, { param: 'yes' }),
      ...mutated(
        { ...kinds, ...applied('Object{data: {params.data.key: "1"}}') },
        {
          matchResources: only,
          paramRef: { selector: { matchLabels: { param: 'yes' } }, namespace: '$ns', parameterNotFoundAction: 'Deny' },
        },
      ),
      ...known([1]),
      judgedMap,
    ],
  },
  {
    name: 'mutating: params that are missing',
    steps: [
      ...mutated(
        { ...kinds, ...applied('Object{data: {"added": "1"}}') },
        { matchResources: only, paramRef: { name: 'none', namespace: '$ns', parameterNotFoundAction: 'Deny' } },
      ),
      judgedMap,
    ],
  },
]

/** What policies refuse, change and say. */
export const policies: Catalogue = {
  name: 'policies',
  cases: [
    ...verdicts,
    ...actions,
    ...seen,
    ...requests,
    ...conditions,
    ...variables,
    ...params,
    ...audits,
    ...shapes,
    ...mutations,
  ],
}
