import type { Chance } from '../../fuzz/chance.ts'
import { type Case, get, post, type Step } from '../case.ts'
import { type CelType, type Environment, expression } from './cel.ts'

const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
const admission = '/apis/admissionregistration.k8s.io/v1'

/** What rules of the schema below see. */
const RULE: Environment = {
  bool: ['self.b'],
  int: ['self.n', 'self.o.n'],
  double: ['self.d'],
  string: ['self.s', 'self.o.s', 'self.e'],
  strings: ['self.l', 'self.st'],
  ints: ['self.li'],
  map: ['self.m'],
  objects: ['self.lo'],
  object: ['self.o'],
  timestamp: ['self.t'],
  duration: ['self.du'],
  bytes: ['self.by'],
}
const POLICY: Environment = {
  bool: ['request.dryRun', 'has(object.metadata)', "authorizer.group('apps').resource('pods').check('get').allowed()"],
  int: ['object.spec.replicas', 'variables.n'],
  string: [
    'object.metadata.name',
    'request.operation',
    'request.userInfo.username',
    'namespaceObject.metadata.name',
    'params.data.x',
    'variables.s',
  ],
  strings: ['object.metadata.finalizers', 'request.userInfo.groups'],
  map: ['object.metadata.labels', 'oldObject.metadata.annotations'],
  objects: ['object.spec.list'],
  object: ['object.spec'],
}

const text = { type: 'string', maxLength: 20 }
const schemaOf = (bounded: boolean): Record<string, unknown> => {
  const string = bounded ? text : { type: 'string' }
  const most = bounded ? { maxItems: 5 } : {}
  const object = { type: 'object', required: ['n'], properties: { s: string, n: { type: 'integer' } } }
  return {
    b: { type: 'boolean' },
    n: { type: 'integer' },
    d: { type: 'number' },
    s: string,
    e: { type: 'string', enum: ['a', 'b'] },
    l: { type: 'array', ...most, items: string },
    st: { type: 'array', ...most, 'x-kubernetes-list-type': 'set', items: string },
    li: { type: 'array', ...most, items: { type: 'integer' } },
    m: { type: 'object', ...(bounded && { maxProperties: 5 }), additionalProperties: string },
    lo: { type: 'array', ...most, 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['n'], items: object },
    o: object,
    t: { type: 'string', format: 'date-time' },
    du: { type: 'string', format: 'duration' },
    by: { type: 'string', format: 'byte', ...(bounded && { maxLength: 20 }) },
  }
}

const VALUES: Readonly<Record<string, readonly unknown[]>> = {
  b: [true, false],
  n: [0, 1, -1, 42, Number.MAX_SAFE_INTEGER],
  d: [0, 1.5, -2, 1e10, 1],
  s: ['', 'a', 'abc', '10.0.0.1', '1Gi', 'é𝒳', '1h', '1.2.3', 'a,b'],
  e: ['a', 'b'],
  l: [[], ['a'], ['b', 'a', 'abc']],
  st: [['a', 'b'], []],
  li: [[], [1], [3, 1, 2]],
  m: [{}, { a: 'b' }, { b: 'c', a: 'x' }],
  lo: [[], [{ n: 1, s: 'a' }], [{ n: 2 }, { n: 1, s: 'b' }]],
  o: [{ n: 1 }, { n: 2, s: 'x' }],
  t: ['2026-01-01T00:00:00Z', '1999-12-31T23:59:59.123Z'],
  du: ['1h', '90s', '0s'],
  by: ['aGVsbG8=', ''],
}

const definition = (properties: object, rules: readonly object[]): object => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'things.$id.example.com' },
  spec: {
    group: '$id.example.com',
    scope: 'Namespaced',
    names: { plural: 'things', singular: 'thing', kind: 'Thing', listKind: 'ThingList' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: { spec: { type: 'object', properties, 'x-kubernetes-validations': rules } },
          },
        },
      },
    ],
  },
})

/** Types that can be said as text. */
const SPOKEN: readonly CelType[] = ['string', 'int', 'double', 'uint', 'timestamp', 'duration', 'bytes']

function rule(chance: Chance, wrong: number, depth = 3): object {
  if (chance.is(0.5)) return { rule: expression('bool', RULE, chance, { wrong, depth }) }
  const type = chance.pick(SPOKEN)
  const spoken = expression(type, RULE, chance, { wrong, depth })
  return { rule: 'false', messageExpression: `'${type}: ' + string(${spoken})` }
}

/** Rules of custom resources: whether they are taken, by their types and by their cost. */
export const rules = (chance: Chance): Case => ({
  name: 'rules',
  steps: chance.times(6, () =>
    post(
      `${definitions}?dryRun=All`,
      definition(
        schemaOf(chance.is(0.6)),
        chance.times(2, () => rule(chance, 0.04)),
      ),
    ),
  ),
})

/** What rules say of objects. */
export function verdicts(chance: Chance): Case {
  const path = '/apis/$id.example.com/v1/namespaces/$ns/things'
  const thing = (): Step =>
    post(`${path}?dryRun=All`, {
      apiVersion: '$id.example.com/v1',
      kind: 'Thing',
      metadata: { name: 'a' },
      spec: Object.fromEntries(
        Object.entries(VALUES)
          .filter(() => chance.is(0.93))
          .map(([name, values]) => [name, chance.pick(values)]),
      ),
    })
  return {
    name: 'verdicts',
    steps: [
      post(
        definitions,
        definition(
          schemaOf(true),
          chance.times(2, () => rule(chance, 0, 2)),
        ),
      ),
      get(path, { until: '"items"' }),
      ...chance.times(6, thing),
      { method: 'DELETE', path: `${definitions}/things.$id.example.com`, compare: ['status'] },
    ],
  }
}

const bool = (chance: Chance): string => expression('bool', POLICY, chance, { wrong: 0.04 })

function policy(chance: Chance): Step {
  const kind = chance.pick(['validating', 'validating', 'mutating', 'webhook'])
  const matchConditions = chance.is(0.4)
    ? { matchConditions: [{ name: chance.pick(['c', 'a/b', '', '-']), expression: bool(chance) }] }
    : {}
  const rule = { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['configmaps'] }
  const variables = [
    { name: 'n', expression: '1' },
    { name: chance.pick(['s', 's', 's.t', '1']), expression: expression('string', POLICY, chance) },
  ]
  if (kind === 'webhook')
    return post(`${admission}/validatingwebhookconfigurations?dryRun=All`, {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingWebhookConfiguration',
      metadata: { name: '$id' },
      webhooks: [
        {
          name: 'a.example.com',
          clientConfig: { url: 'https://localhost' },
          rules: [rule],
          sideEffects: 'None',
          admissionReviewVersions: ['v1'],
          matchConditions: [{ name: 'c', expression: bool(chance) }],
        },
      ],
    })
  const common = {
    matchConstraints: { resourceRules: [rule] },
    variables,
    ...matchConditions,
    ...(chance.is(0.6) && { paramKind: { apiVersion: 'v1', kind: 'ConfigMap' } }),
  }
  if (kind === 'mutating') {
    const mutation = chance.is(0.5)
      ? {
          patchType: 'ApplyConfiguration',
          applyConfiguration: {
            expression: chance.pick(
              ['Object{', 'Object{metadata: Object.metadata{', 'Object{spec: Object.spec{'].map(
                (open) =>
                  `${open}${chance.pick(['labels', 'name', 'replicas', 'x'])}: ${chance.is(0.5) ? expression('string', POLICY, chance) : expression('map', POLICY, chance)}${'}'.repeat(open.split('{').length - 1)}`,
              ),
            ),
          },
        }
      : {
          patchType: 'JSONPatch',
          jsonPatch: {
            expression: `[JSONPatch{op: ${chance.pick(["'add'", "'x'", '1'])}, path: ${expression('string', POLICY, chance)}, value: ${expression(chance.pick(['string', 'int', 'map']), POLICY, chance)}}]`,
          },
        }
    return post(`${admission}/mutatingadmissionpolicies?dryRun=All`, {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'MutatingAdmissionPolicy',
      metadata: { name: '$id' },
      spec: { ...common, reinvocationPolicy: 'Never', mutations: [mutation] },
    })
  }
  const validations = chance.times(2, () => ({
    expression: bool(chance),
    ...(chance.is(0.3) && { messageExpression: expression('string', POLICY, chance, { wrong: 0.05 }) }),
  }))
  const auditAnnotations = chance.is(0.3)
    ? {
        auditAnnotations: [
          {
            key: chance.pick(['k', 'a/b', '']),
            valueExpression: expression('string', POLICY, chance, { wrong: 0.05 }),
          },
        ],
      }
    : {}
  return post(`${admission}/validatingadmissionpolicies?dryRun=All`, {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingAdmissionPolicy',
    metadata: { name: '$id' },
    spec: { ...common, validations, ...auditAnnotations },
  })
}

/** Policies and match conditions: whether their expressions are taken. */
export const policies = (chance: Chance): Case => ({ name: 'policies', steps: chance.times(8, () => policy(chance)) })
