import { type Case, type Catalogue, get, given, patch, post, type Step } from '../case.ts'
import { requests } from '../certificate-requests.ts'

const RBAC = '/apis/rbac.authorization.k8s.io/v1'
const GROUP = 'rbac.authorization.k8s.io'
const AUTHORIZATION = '/apis/authorization.k8s.io/v1'
const CLAIMS = '/apis/resource.k8s.io/v1/namespaces/$ns/resourceclaims'
const TEMPLATES = '/apis/resource.k8s.io/v1/namespaces/$ns/resourceclaimtemplates'

const as = (user: string, step: Step, ...groups: string[]): Step => ({
  ...step,
  headers: {
    ...step.headers,
    'Impersonate-User': user,
    ...(groups[0] !== undefined && { 'Impersonate-Group': groups[0] }),
  },
})
const rule = (verbs: string, group: string, resources: string, more: object = {}): object => ({
  verbs: verbs.split(','),
  apiGroups: [group],
  resources: resources.split(','),
  ...more,
})
/** Gives a user rules in the namespace of the case, or everywhere. */
const granted = (name: string, rules: readonly object[], user = '$id', everywhere = false): Step[] => {
  const kind = everywhere ? 'ClusterRole' : 'Role'
  const at = everywhere ? `${RBAC}/cluster` : `${RBAC}/namespaces/$ns/`
  const called = everywhere ? `$id-${name}` : name
  return [
    given(post(`${at}roles`, { metadata: { name: called }, rules })),
    given(
      post(`${at}rolebindings`, {
        metadata: { name: called },
        roleRef: { apiGroup: GROUP, kind, name: called },
        subjects: [{ kind: 'User', apiGroup: GROUP, name: user }],
      }),
    ),
  ]
}

/** Upstream's order is that of chance; what everyone has is told by other catalogues. */
const own = (body: unknown): unknown => {
  const { status, kind, spec } = body as { status?: Rules; kind?: string; spec?: unknown }
  if (typeof status !== 'object') return body
  const { resourceRules = [], nonResourceRules = [], ...rest } = status
  const sorted = (list: readonly object[] | null): string[] =>
    (list ?? [])
      .map((one) => JSON.stringify(one))
      .filter((text) => !text.includes('selfsubject') && !text.includes('/healthz') && !text.includes('clustertrust'))
      .sort()
  return { kind, spec, ...rest, resourceRules: sorted(resourceRules), nonResourceRules: sorted(nonResourceRules) }
}
interface Rules {
  readonly resourceRules?: readonly object[] | null
  readonly nonResourceRules?: readonly object[] | null
}
/** Nobody manages what is not stored. */
const unmanaged = (body: unknown): unknown => {
  const { metadata, ...rest } = body as { metadata?: Record<string, unknown> }
  const { managedFields: _managed, ...kept } = metadata ?? {}
  return { ...rest, metadata: kept }
}
const review = (path: string, body: unknown, view = unmanaged): Step => post(`${AUTHORIZATION}/${path}`, body, { view })
/** Upstream's text shows who manages the review. */
const codeAlone = (body: unknown): unknown => (body as { code?: number }).code
const rules = (spec: unknown, user?: string, ...groups: string[]): Step => {
  const step = post(`${AUTHORIZATION}/selfsubjectrulesreviews`, { spec }, { view: own })
  return user === undefined ? step : as(user, step, ...groups)
}

const rulesCases: Case[] = [
  {
    name: 'what one may do, told',
    steps: [
      rules({ namespace: '$ns' }, '$id'),
      ...granted('own', [
        rule('get,list', '', 'pods,pods/log'),
        rule('*', 'apps', '*', { resourceNames: ['x'] }),
        rule('get', '', 'secrets'),
      ]),
      ...granted(
        'all',
        [{ verbs: ['get'], nonResourceURLs: ['/metrics', '/x/*'] }, rule('list', '', 'nodes')],
        '$id',
        true,
      ),
      rules({ namespace: '$ns' }, '$id'),
      rules({ namespace: 'other' }, '$id'),
      rules({ namespace: '$ns' }, 'nobody'),
      rules({ namespace: '$ns' }, 'system:node:$id', 'system:nodes'),
      rules({ namespace: '$ns' }, 'root', 'system:masters'),
      rules({ namespace: '$ns' }),
      rules({}),
      rules({ namespace: '' }),
      rules(undefined),
      rules({ namespace: 7 }),
      rules({ namespace: '$ns', odd: 1 }),
    ],
  },
  {
    name: 'what one may do by roles that are not there',
    steps: [
      given(
        post(`${RBAC}/namespaces/$ns/rolebindings`, {
          metadata: { name: 'gone' },
          roleRef: { apiGroup: GROUP, kind: 'Role', name: 'gone' },
          subjects: [{ kind: 'User', apiGroup: GROUP, name: '$id' }],
        }),
      ),
      rules({ namespace: '$ns' }, '$id'),
      as('$id', get('/api/v1/namespaces/$ns/pods')),
      as(
        '$id',
        review('selfsubjectaccessreviews', {
          spec: { resourceAttributes: { namespace: '$ns', verb: 'get', resource: 'pods' } },
        }),
      ),
    ],
  },
]

const SPECS: Readonly<Record<string, unknown>> = {
  'nothing at all': undefined,
  nothing: {},
  both: { resourceAttributes: { verb: 'get' }, nonResourceAttributes: { path: '/' } },
  'an empty resource': { resourceAttributes: {} },
  'an empty path': { nonResourceAttributes: {} },
  'a path': { nonResourceAttributes: { path: '/nothing', verb: 'get' } },
  'a resource': {
    resourceAttributes: { namespace: '$ns', verb: 'get', resource: 'pods', name: 'x', subresource: 'log' },
  },
  'a version': { resourceAttributes: { verb: 'get', resource: 'pods', version: 'v7', group: 'apps' } },
  'a raw field selector': {
    resourceAttributes: { verb: 'list', resource: 'pods', fieldSelector: { rawSelector: 'a=b' } },
  },
  'a broken raw field selector': {
    resourceAttributes: { verb: 'list', resource: 'pods', fieldSelector: { rawSelector: 'a' } },
  },
  'a raw selector of labels': {
    resourceAttributes: { verb: 'list', resource: 'pods', labelSelector: { rawSelector: 'a in (b,c),!d' } },
  },
  'a broken raw selector of labels': {
    resourceAttributes: { verb: 'list', resource: 'pods', labelSelector: { rawSelector: 'a in b' } },
  },
  'both forms of a selector': {
    resourceAttributes: {
      verb: 'list',
      resource: 'pods',
      labelSelector: { rawSelector: 'a', requirements: [{ key: 'a', operator: 'Exists' }] },
    },
  },
  'requirements of labels with faults': {
    resourceAttributes: {
      verb: 'list',
      resource: 'pods',
      labelSelector: {
        requirements: [
          { key: '', operator: 'In', values: [] },
          { key: 'a', operator: 'Exists', values: ['b'] },
          { key: 'a', operator: '', values: ['b'] },
          { operator: 'NotIn' },
          { key: 'a b', operator: 'DoesNotExist' },
          { key: 'a', operator: 'In', values: ['b c'] },
        ],
      },
    },
  },
  'requirements of fields with faults': {
    resourceAttributes: {
      verb: 'list',
      resource: 'pods',
      fieldSelector: {
        requirements: [
          { key: '', operator: 'In', values: [] },
          { key: 'a', operator: 'Exists', values: ['b'] },
          { key: 'a', operator: '', values: ['b'] },
          { operator: 'NotIn' },
          { key: 'a', operator: 'Gt', values: ['1'] },
          { key: 'a', operator: 'In', values: ['b', 'c'] },
        ],
      },
    },
  },
  'a selector on a get': {
    resourceAttributes: { verb: 'get', resource: 'pods', fieldSelector: { rawSelector: 'a=b' } },
  },
  'a field that is not there': { resourceAttributes: { verb: 'get', odd: 'x' } },
  'a field of another type': { resourceAttributes: { verb: 7 } },
}

const reviewCases: Case[] = Object.entries(SPECS).map(([what, spec]) => ({
  name: `reviews of ${what}`,
  steps: [
    review('selfsubjectaccessreviews', { spec }),
    as('$id', review('selfsubjectaccessreviews', { spec }), 'system:authenticated'),
    review('subjectaccessreviews', { spec: spec && { user: 'x', ...spec } }),
    review('subjectaccessreviews', { spec }),
    review('subjectaccessreviews', { spec: spec && { groups: ['system:masters'], uid: 'u', ...spec } }),
    review('namespaces/$ns/localsubjectaccessreviews', { spec: spec && { user: 'x', ...spec } }),
  ],
}))

const metadataCases: Case[] = [
  {
    name: 'reviews with metadata, and asked for otherwise than by POST',
    steps: [
      review(
        'selfsubjectaccessreviews',
        {
          metadata: { name: 'x' },
          spec: { resourceAttributes: { verb: 'get', resource: 'pods' } },
        },
        codeAlone,
      ),
      review('selfsubjectaccessreviews', {
        metadata: { namespace: 'x' },
        spec: { resourceAttributes: { verb: 'get', resource: 'pods' } },
      }),
      review('namespaces/$ns/localsubjectaccessreviews', {
        metadata: { namespace: 'x' },
        spec: { user: 'x', resourceAttributes: { namespace: '$ns', verb: 'get' } },
      }),
      review(
        'namespaces/$ns/localsubjectaccessreviews',
        {
          metadata: { name: 'x' },
          spec: { user: 'x', resourceAttributes: { namespace: '$ns', verb: 'get' } },
        },
        codeAlone,
      ),
      review('subjectaccessreviews?dryRun=All', {
        spec: { user: 'x', resourceAttributes: { verb: 'get' } },
      }),
      get(`${AUTHORIZATION}/selfsubjectaccessreviews`),
      get(`${AUTHORIZATION}/selfsubjectaccessreviews/x`),
    ],
  },
]

const claim = (name: string, adminAccess?: boolean): object => ({
  metadata: { name },
  spec: {
    devices: {
      requests: [{ name: 'one', exactly: { deviceClassName: 'c', ...(adminAccess !== undefined && { adminAccess }) } }],
    },
  },
})
const allocation = (more: object = {}): object => ({
  devices: { results: [{ request: 'one', driver: 'd.example.com', pool: 'p', device: 'x', ...more }] },
  nodeSelector: { nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['n1'] }] }] },
})
const device = (driver: string, data: unknown): object => ({ driver, pool: 'p', device: 'x', data })
const status = (user: string | undefined, value: object): Step => {
  const step = patch('merge', `${CLAIMS}/c/status`, { status: value }, { compare: ['status', 'body'], view: outcome })
  return user === undefined ? step : as(user, step)
}
/** A success is compared by what it says of the status alone. */
const outcome = (body: unknown): unknown => {
  const { kind, status: now } = body as { kind?: string; status?: unknown }
  return kind === 'Status' ? body : now
}

const deviceCases: Case[] = [
  {
    name: 'devices that others use',
    steps: [
      post(CLAIMS, claim('c', true)),
      post(TEMPLATES, { metadata: { name: 't' }, spec: { spec: (claim('', true) as { spec: object }).spec } }),
      post(CLAIMS, {
        ...claim('Bad_Name', true),
        spec: { devices: { requests: [{ name: '-', exactly: { deviceClassName: 'c', adminAccess: true } }] } },
      }),
      post(CLAIMS, claim('d', false), { compare: ['status'] }),
      given(
        patch('merge', '/api/v1/namespaces/$ns', {
          metadata: { labels: { 'resource.kubernetes.io/admin-access': 'yes' } },
        }),
      ),
      post(CLAIMS, claim('c', true)),
      given(
        patch('merge', '/api/v1/namespaces/$ns', {
          metadata: { labels: { 'resource.kubernetes.io/admin-access': 'true' } },
        }),
      ),
      post(CLAIMS, claim('c', true), { compare: ['status'] }),
      post(
        TEMPLATES,
        { metadata: { name: 't' }, spec: { spec: (claim('', true) as { spec: object }).spec } },
        { compare: ['status'] },
      ),
    ],
  },
  {
    name: 'allocations and reports by right',
    steps: [
      given(post(CLAIMS, claim('c'))),
      ...granted('statuses', [rule('patch,update', 'resource.k8s.io', 'resourceclaims/status')]),
      status('$id', { allocation: allocation() }),
      status('$id', { reservedFor: [{ resource: 'pods', name: 'p', uid: 'u' }] }),
      status(undefined, { allocation: allocation({ adminAccess: true }) }),
      ...granted('binds', [rule('patch', 'resource.k8s.io', 'resourceclaims/binding')]),
      status('$id', { allocation: allocation() }),
      ...granted('binds', [rule('patch', 'resource.k8s.io', 'resourceclaims/binding')], '$id', true),
      status('$id', { allocation: allocation() }),
      status('$id', { devices: [device('d.example.com', { a: 1 })] }),
      ...granted('reports', [
        rule('arbitrary-node:patch', 'resource.k8s.io', 'resourceclaims/driver', { resourceNames: ['d.example.com'] }),
      ]),
      status('$id', { devices: [device('d.example.com', { a: 1 })] }),
      status('$id', { devices: [device('d.example.com', { a: 1 }), device('e.example.com', { a: 1 })] }),
      status('$id', { devices: [] }),
    ],
  },
]

const signing = (request: string, name: string): Step =>
  post(
    '/apis/certificates.k8s.io/v1/certificatesigningrequests?dryRun=All',
    {
      metadata: { name: `$id-${name}` },
      spec: { request, signerName: 'example.com/x', usages: ['client auth'] },
    },
    { view: unmanaged },
  )
const certificateCases: Case[] = Object.entries(requests).map(([name, request]) => ({
  name: `a certificate request: ${name}`,
  steps: [signing(request, name)],
}))

/** Who may do what: reviews in every form, devices, certificate requests. */
export const access: Catalogue = {
  name: 'access',
  cases: [...rulesCases, ...reviewCases, ...metadataCases, ...deviceCases, ...certificateCases],
}
