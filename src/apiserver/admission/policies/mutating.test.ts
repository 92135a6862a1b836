import assert from 'node:assert/strict'
import { before, suite, test } from 'node:test'
import { GuardedServer } from '../../guarded-server.suite.ts'

const GROUP = '/apis/admissionregistration.k8s.io/v1'
const POLICIES = `${GROUP}/mutatingadmissionpolicies`
const BINDINGS = `${GROUP}/mutatingadmissionpolicybindings`
const MAPS = '/api/v1/namespaces/default/configmaps'
const DEPLOYMENTS = '/apis/apps/v1/namespaces/default/deployments'

const apply = (expression: string): object => ({ patchType: 'ApplyConfiguration', applyConfiguration: { expression } })
const patch = (...operations: string[]): object => {
  return {
    patchType: 'JSONPatch',
    jsonPatch: { expression: `[${operations.map((o) => `JSONPatch{${o}}`).join(', ')}]` },
  }
}

async function bind(api: GuardedServer, name: string, spec: object, binding: object = {}): Promise<void> {
  const rule = {
    apiGroups: ['', 'apps'],
    apiVersions: ['v1'],
    operations: ['CREATE'],
    resources: ['configmaps', 'deployments'],
  }
  const shared = { reinvocationPolicy: 'Never', matchConstraints: { resourceRules: [rule] } }
  await api.create(POLICIES, { metadata: { name }, spec: { ...shared, ...spec } })
  await api.create(BINDINGS, { metadata: { name }, spec: { policyName: name, ...binding } })
}

async function unbind(api: GuardedServer, name: string): Promise<void> {
  await api.expect(200, 'DELETE', `${BINDINGS}/${name}`)
  await api.expect(200, 'DELETE', `${POLICIES}/${name}`)
}

interface Case {
  readonly name: string
  readonly spec: object
  readonly binding?: object
  /** What the ConfigMap holds then. */
  readonly data?: Readonly<Record<string, string>>
  /** What the answer says, with its code. */
  readonly refusal?: string
  readonly code?: number
}

const NOPE = 'expression \'Object{data: {"x": object.data.nope}}\' resulted in error: no such key: nope'
const OF_MAPS = { paramKind: { apiVersion: 'v1', kind: 'ConfigMap' } }
const denied = (why: string): string => `policy 'p' with binding 'p' denied request: ${why}`

const cases: readonly Case[] = [
  {
    name: 'an apply configuration',
    spec: { mutations: [apply('Object{data: {"x": object.data.a + "1"}}')] },
    data: { a: 'b', x: 'b1' },
  },
  {
    name: 'operations, with an escaped key that the kind refuses',
    spec: { mutations: [patch('op: "add", path: "/data/" + jsonpatch.escapeKey("x~/y"), value: "1"')] },
    refusal:
      "ConfigMap \"m\" is invalid: data[x~/y]: Invalid value: \"x~/y\": a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
    code: 422,
  },
  {
    name: 'a test that fails',
    spec: { mutations: [patch('op: "test", path: "/data/a", value: "z"', 'op: "add", path: "/data/q", value: "1"')] },
    data: { a: 'b' },
  },
  {
    name: 'an operation that fails',
    spec: { mutations: [patch('op: "remove", path: "/nope/a"')] },
    refusal: denied('JSON Patch: remove operation does not apply: doc is missing path: "/nope/a": missing value'),
  },
  {
    name: 'an unknown field',
    spec: { mutations: [patch('op: "add", path: "/foo", value: "1"')] },
    refusal: 'Internal error occurred: strict decoding error: unknown field "foo"',
    code: 500,
  },
  {
    name: 'a configuration that does not fit',
    spec: { mutations: [apply('Object{spec: Object.spec{foo: 1}}')] },
    refusal: denied(
      'error applying patch: failed to convert patch object to typed object: .spec: field not declared in schema',
    ),
  },
  {
    name: 'a type of another path',
    spec: { mutations: [apply('Object{metadata: Object.wrong{labels: {"a": "b"}}}')] },
    refusal: denied(
      'type mismatch: unexpected type name "Object.wrong", expected "Object.metadata", which matches field name path from root Object type',
    ),
  },
  { name: 'an error', spec: { mutations: [apply('Object{data: {"x": object.data.nope}}')] }, refusal: denied(NOPE) },
  {
    name: 'an error that is ignored',
    spec: { mutations: [apply('Object{data: {"x": object.data.nope}}')], failurePolicy: 'Ignore' },
    data: { a: 'b' },
  },
  {
    name: 'one mutation after the other, with variables',
    spec: {
      variables: [{ name: 'v', expression: 'object.data.a + "v"' }],
      mutations: [apply('Object{data: {"a": variables.v}}'), apply('Object{data: {"y": variables.v}}')],
    },
    data: { a: 'bv', y: 'bvv' },
  },
  {
    name: 'a condition that is false',
    spec: {
      mutations: [apply('Object{data: {"x": "1"}}')],
      matchConditions: [{ name: 'c', expression: 'object.data.a == "z"' }],
    },
    data: { a: 'b' },
  },
  {
    name: 'parameters',
    spec: { ...OF_MAPS, mutations: [apply('Object{data: {"x": params.data.max}}')] },
    binding: { paramRef: { name: 'param', parameterNotFoundAction: 'Deny' } },
    data: { a: 'b', x: '9' },
  },
  {
    name: 'parameters that are not there',
    spec: { ...OF_MAPS, mutations: [apply('Object{data: {"x": params.data.max}}')] },
    binding: { paramRef: { name: 'nope', parameterNotFoundAction: 'Deny' } },
    refusal: denied(
      'failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction',
    ),
  },
]

suite('a mutating policy', () => {
  let api: GuardedServer
  before(async () => {
    api = await GuardedServer.start()
    await api.create(MAPS, { metadata: { name: 'param' }, data: { max: '9' } })
  })

  for (const { name, spec, binding, data, refusal, code = 403 } of cases) {
    test(name, async () => {
      await bind(api, 'p', spec, binding)
      const response = await api.send('POST', `${MAPS}?dryRun=All`, { metadata: { name: 'm' }, data: { a: 'b' } })
      await unbind(api, 'p')
      const said = response.body as { message?: string; data?: unknown }
      if (refusal === undefined) assert.deepEqual(said.data, data, said.message)
      else {
        assert.equal(said.message, refusal)
        assert.equal(response.status, code)
      }
    })
  }

  const deployment = {
    metadata: { name: 'd' },
    spec: {
      selector: { matchLabels: { a: 'b' } },
      template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } },
    },
  }

  test('merges lists by their keys, and what it brings gets its defaults', async () => {
    const containers = 'Object.spec.template.spec.containers'
    const spec = `spec: Object.spec.template.spec{containers: [${containers}{name: "c", env: [${containers}.env{name: "E", value: "v"}]}, ${containers}{name: "side", image: "s"}]}`
    await bind(api, 'p', {
      mutations: [apply(`Object{spec: Object.spec{replicas: 3, template: Object.spec.template{${spec}}}}`)],
    })
    const made = await api.create<{ spec: { replicas: number; template: { spec: { containers: object[] } } } }>(
      `${DEPLOYMENTS}?dryRun=All`,
      deployment,
    )
    await unbind(api, 'p')
    assert.equal(made.spec.replicas, 3)
    const defaults = {
      imagePullPolicy: 'Always',
      resources: {},
      terminationMessagePath: '/dev/termination-log',
      terminationMessagePolicy: 'File',
    }
    assert.deepEqual(made.spec.template.spec.containers, [
      { name: 'c', image: 'i', env: [{ name: 'E', value: 'v' }], ...defaults },
      { name: 'side', image: 's', ...defaults },
    ])
  })

  test('may not replace what is owned as a whole', async () => {
    const containers = 'Object.spec.template.spec.containers'
    const inner = `spec: Object.spec.template.spec{containers: [${containers}{name: "c", command: ["x"]}], nodeSelector: {"a": "b"}}`
    await bind(api, 'p', { mutations: [apply(`Object{spec: Object.spec{template: Object.spec.template{${inner}}}}`)] })
    const said = await api.refused(403, 'POST', DEPLOYMENTS, deployment)
    await unbind(api, 'p')
    const paths = '.spec.template.spec.containers[0].command, .spec.template.spec.nodeSelector'
    const why = `invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: ${paths}`
    assert.equal(said, denied(`error applying patch: ${why}`))
  })

  test('changes a scale by a JSON Patch, but not by an apply configuration', async () => {
    await api.create(DEPLOYMENTS, deployment)
    const rule = { apiGroups: ['apps'], apiVersions: ['v1'], operations: ['UPDATE'], resources: ['deployments/scale'] }
    const matchConstraints = { resourceRules: [rule] }
    const scale = { metadata: { name: 'd', namespace: 'default' }, spec: { replicas: 2 } }
    await bind(api, 'p', { matchConstraints, mutations: [patch('op: "replace", path: "/spec/replicas", value: 4')] })
    const scaled = await api.expect<typeof scale>(200, 'PUT', `${DEPLOYMENTS}/d/scale`, scale)
    assert.equal(scaled.spec.replicas, 4)
    await unbind(api, 'p')
    await bind(api, 'p', { matchConstraints, mutations: [apply('Object{spec: Object.spec{replicas: 4}}')] })
    const said = await api.refused(403, 'PUT', `${DEPLOYMENTS}/d/scale`, scale)
    await unbind(api, 'p')
    const why = 'no corresponding type for autoscaling/v1, Kind=Scale'
    assert.equal(said, denied(`error applying patch: failed to convert patch object to typed object: ${why}`))
  })

  test('is asked again after others, if it wants to be', async () => {
    const count =
      'Object{data: {"first": (has(object.data.first) ? object.data.first : "") + (has(object.data.second) ? "2" : "1")}}'
    const second = { mutations: [apply('Object{data: {"second": "x"}}')] }
    const data = async (reinvocationPolicy: string): Promise<unknown> => {
      await bind(api, 'p', { mutations: [apply(count)], reinvocationPolicy })
      await bind(api, 'q', second)
      const made = await api.create<{ data: unknown }>(`${MAPS}?dryRun=All`, {
        metadata: { name: 'm' },
        data: { a: 'b' },
      })
      await unbind(api, 'p')
      await unbind(api, 'q')
      return made.data
    }
    assert.deepEqual(await data('Never'), { a: 'b', first: '1', second: 'x' })
    assert.deepEqual(await data('IfNeeded'), { a: 'b', first: '12', second: 'x' })
  })
})
