import { asked, type Case, type Catalogue, del, get, given, patch, post, put, type Step } from '../case.ts'
import { answerTo, type Behaviour } from '../hook-server.ts'
import { deployment, deployments, maps, pod, pods } from '../things.ts'
import {
  allow,
  ca,
  clusterHook,
  configured,
  encoded,
  hook,
  makeMap,
  mutating,
  patching,
  rule,
  validating,
} from './webhook-steps.ts'

const ANY = { operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*/*'] }

/** Requests of which a webhook is told; what it is told is compared. */
function told(name: string, steps: readonly Step[], more: object = {}, reviews = ['v1', 'v1beta1']): Case[] {
  return reviews.map((version) => ({
    generated: ['g-'],
    name: `told: ${name}, ${version}`,
    hooks: { v: allow },
    steps: [
      ...validating(
        hook('v', { rules: [{ ...ANY, scope: 'Namespaced' }], admissionReviewVersions: [version], ...more }),
      ),
      ...steps,
      asked,
    ],
  }))
}

const hpa = {
  metadata: { name: 'h' },
  spec: {
    maxReplicas: 3,
    scaleTargetRef: { kind: 'Deployment', name: 'd', apiVersion: 'apps/v1' },
    metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } }],
  },
}
const HPAS = '/apis/autoscaling/v2/namespaces/$ns/horizontalpodautoscalers'
const scaling = (version: string, resource = 'horizontalpodautoscalers'): object => ({
  operations: ['*'],
  apiGroups: ['autoscaling'],
  apiVersions: [version],
  resources: [resource],
})

const requests: Case[] = [
  ...told('a pod is created', [post(pods, pod('p'))]),
  ...told('a name is made', [post(maps, { metadata: { generateName: 'g-' } }, { compare: ['status'] })], {}, ['v1']),
  ...told('options of a create', [
    post(`${maps}?dryRun=All&fieldManager=me&fieldValidation=Strict`, { metadata: { name: 'm' } }),
  ]),
  ...told('an update', [makeMap(), put(`${maps}/m?fieldManager=me`, { metadata: { name: 'm' }, data: { b: '1' } })]),
  ...told('patches', [
    makeMap(),
    patch('merge', `${maps}/m`, { data: { b: '1' } }),
    patch('json', `${maps}/m`, [{ op: 'add', path: '/data/c', value: '2' }]),
    patch('strategic', `${maps}/m`, { data: { d: '1' } }),
  ]),
  ...told(
    'apply',
    [
      patch('apply', `${maps}/m?fieldManager=a`, { apiVersion: 'v1', kind: 'ConfigMap', data: { a: '1' } }),
      patch('apply', `${maps}/m?fieldManager=a&force=true`, { apiVersion: 'v1', kind: 'ConfigMap', data: { a: '2' } }),
    ],
    {},
    ['v1'],
  ),
  ...told(
    'an update that creates',
    [put('/apis/coordination.k8s.io/v1/namespaces/$ns/leases/l', { metadata: { name: 'l' }, spec: {} })],
    {},
    ['v1'],
  ),
  ...told('an update that changes nothing', [given(makeMap()), asked, patch('merge', `${maps}/m`, {})], {}, ['v1']),
  ...told('a delete', [makeMap(), del(`${maps}/m`)]),
  ...told(
    'a delete with options',
    [
      makeMap(),
      del(`${maps}/m`, { body: { gracePeriodSeconds: 3, propagationPolicy: 'Background', dryRun: ['All'] } }),
      del(`${maps}/m?gracePeriodSeconds=1&propagationPolicy=Orphan`),
    ],
    {},
    ['v1'],
  ),
  ...told('a delete of what is not there', [del(`${maps}/m`)], {}, ['v1']),
  ...told(
    'a collection is deleted',
    [
      given(makeMap('a', { labels: { out: 'yes' } })),
      given(makeMap('b', { labels: { out: 'yes' } })),
      asked,
      del(`${maps}?labelSelector=out%3Dyes`, { compare: ['status'] }),
    ],
    {},
    ['v1'],
  ),
  ...told('an empty collection is deleted', [del(`${maps}?labelSelector=out%3Dyes`, { compare: ['status'] })], {}, [
    'v1',
  ]),
  ...told(
    'a pod is deleted by and by',
    [
      given(post(pods, pod('p', { spec: { nodeName: 'somewhere', containers: [{ name: 'c', image: 'i' }] } }))),
      asked,
      del(`${pods}/p`),
    ],
    {},
    ['v1'],
  ),
  ...told(
    'a status',
    [
      given(post(deployments, deployment('d'))),
      asked,
      patch('merge', `${deployments}/d/status`, { status: { replicas: 2 } }),
    ],
    {},
    ['v1'],
  ),
  ...told('a scale', [
    given(post(deployments, deployment('d'))),
    asked,
    put(`${deployments}/d/scale`, { metadata: { name: 'd' }, spec: { replicas: 5 } }),
    patch('merge', `${deployments}/d/scale`, { spec: { replicas: 6 } }),
  ]),
  ...told(
    'a binding',
    [
      given(post(pods, pod('p'))),
      asked,
      post(`${pods}/p/binding`, { metadata: { name: 'p' }, target: { kind: 'Node', name: 'n' } }),
    ],
    {},
    ['v1'],
  ),
  ...told(
    'an old binding',
    [
      given(post(pods, pod('p'))),
      asked,
      post('/api/v1/namespaces/$ns/bindings', { metadata: { name: 'p' }, target: { kind: 'Node', name: 'n' } }),
    ],
    {},
    ['v1'],
  ),
  ...told(
    'an eviction',
    [given(post(pods, pod('p'))), asked, post(`${pods}/p/eviction`, { metadata: { name: 'p' } })],
    {},
    ['v1'],
  ),
  ...told(
    'an ephemeral container',
    [
      given(post(pods, pod('p'))),
      asked,
      patch('strategic', `${pods}/p/ephemeralcontainers`, {
        spec: {
          ephemeralContainers: [{ name: 'e', image: 'i', terminationMessagePolicy: 'File', imagePullPolicy: 'Always' }],
        },
      }),
    ],
    {},
    ['v1'],
  ),
  ...told(
    'a resize',
    [
      given(post(pods, pod('p'))),
      asked,
      patch('strategic', `${pods}/p/resize`, {
        spec: { containers: [{ name: 'c', resources: { requests: { cpu: '1' } } }] },
      }),
    ],
    {},
    ['v1'],
  ),
  ...told(
    'a token',
    [
      post(
        '/api/v1/namespaces/$ns/serviceaccounts/default/token',
        { spec: { audiences: ['a'] } },
        { compare: ['status'] },
      ),
    ],
    {},
    ['v1'],
  ),
  ...told(
    'an access review',
    [
      post('/apis/authorization.k8s.io/v1/namespaces/$ns/localsubjectaccessreviews', {
        metadata: { namespace: '$ns' },
        spec: { user: 'bob', resourceAttributes: { namespace: '$ns', verb: 'get', resource: 'pods' } },
      }),
    ],
    {},
    ['v1'],
  ),
  ...told(
    'someone who is no administrator',
    [
      given(
        post('/apis/rbac.authorization.k8s.io/v1/namespaces/$ns/roles', {
          metadata: { name: 'alice' },
          rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['create'] }],
        }),
      ),
      given(
        post('/apis/rbac.authorization.k8s.io/v1/namespaces/$ns/rolebindings', {
          metadata: { name: 'alice' },
          roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'alice' },
          subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'alice' }],
        }),
      ),
      asked,
      { ...makeMap(), user: 'alice' },
    ],
    {},
    ['v1'],
  ),
  ...told(
    'a Service',
    [post('/api/v1/namespaces/$ns/services', { metadata: { name: 's' }, spec: { ports: [{ port: 80 }] } })],
    {},
    ['v1'],
  ),
  ...told(
    'a secret',
    [post('/api/v1/namespaces/$ns/secrets', { metadata: { name: 's' }, stringData: { a: 'b' } })],
    {},
    ['v1'],
  ),
  ...told(
    'fields that nobody knows',
    [post(maps, { metadata: { name: 'm', more: 1 }, data: { a: 'b' }, extra: true })],
    {},
    ['v1'],
  ),
  ...told(
    'an event',
    [
      post('/api/v1/namespaces/$ns/events', {
        metadata: { name: 'e' },
        involvedObject: { namespace: '$ns', name: 'x' },
      }),
    ],
    {},
    ['v1'],
  ),
  ...told(
    'a connection',
    [post(`${pods}/p/exec?command=ls&command=-l&stdin=true&container=c`, undefined, { compare: ['status'] })],
    { failurePolicy: 'Fail' },
  ),
  ...told(
    'other connections',
    [
      post(`${pods}/p/attach?stdout=true`, undefined, { compare: ['status'] }),
      post(`${pods}/p/portforward?ports=80`, undefined, { compare: ['status'] }),
      get(`${pods}/p/proxy/some/path?a=b`, { compare: ['status'] }),
      get('/api/v1/namespaces/$ns/services/s/proxy/', { compare: ['status'] }),
    ],
    {},
    ['v1'],
  ),
  ...told('another version', [post(HPAS, hpa)], { rules: [scaling('v1')] }),
  ...told('another version, asked for exactly', [post(HPAS, hpa)], { rules: [scaling('v1')], matchPolicy: 'Exact' }, [
    'v1',
  ]),
  ...told(
    'another version, updated and deleted',
    [
      given(post(HPAS, hpa)),
      asked,
      patch('merge', `${HPAS}/h`, { spec: { maxReplicas: 4 } }),
      patch('merge', `${HPAS}/h/status`, { status: { desiredReplicas: 1 } }),
      del(`${HPAS}/h`),
    ],
    { rules: [scaling('v1', '*/*')] },
    ['v1'],
  ),
  ...told(
    'events of the other group',
    [
      post('/api/v1/namespaces/$ns/events', {
        metadata: { name: 'e' },
        involvedObject: { namespace: '$ns', name: 'x' },
      }),
    ],
    { rules: [rule({ apiGroups: ['events.k8s.io'], resources: ['events'] })] },
    ['v1'],
  ),
  ...told(
    'the earlier rule of two for other versions',
    [post(HPAS, hpa)],
    {
      rules: [scaling('v3'), scaling('v1'), scaling('v2', 'others')],
    },
    ['v1'],
  ),
  ...told(
    'a scale, asked for as another version',
    [
      given(post(deployments, deployment('d'))),
      asked,
      patch('merge', `${deployments}/d/scale`, { spec: { replicas: 6 } }),
    ],
    { rules: [rule({ apiGroups: ['extensions'], apiVersions: ['v1beta1'], resources: ['deployments/scale'] })] },
    ['v1'],
  ),
]

const label = { labels: { case: '$id' } }
const cluster: Case[] = [
  {
    name: 'told: cluster-wide objects',
    hooks: { v: allow },
    steps: [
      ...validating(clusterHook('v', { rules: [ANY] })),
      post('/apis/rbac.authorization.k8s.io/v1/clusterroles', { metadata: { name: '$id', ...label } }),
      patch('merge', '/apis/rbac.authorization.k8s.io/v1/clusterroles/$id', { metadata: { labels: { more: 'yes' } } }),
      del('/apis/rbac.authorization.k8s.io/v1/clusterroles/$id'),
      post('/api/v1/nodes', { metadata: { name: '$id', ...label } }),
      patch('merge', '/api/v1/nodes/$id/status', { status: { phase: 'Running' } }),
      asked,
    ],
  },
  {
    name: 'told: namespaces',
    hooks: { v: allow },
    steps: [
      ...validating(clusterHook('v', { rules: [ANY], namespaceSelector: { matchLabels: { seen: 'yes' } } })),
      post('/api/v1/namespaces', { metadata: { name: '$id-a', labels: { case: '$id', seen: 'yes' } } }),
      post('/api/v1/namespaces', { metadata: { name: '$id-b', labels: { case: '$id' } } }),
      patch('merge', '/api/v1/namespaces/$id-b', { metadata: { labels: { seen: 'yes' } } }),
      patch('merge', '/api/v1/namespaces/$id-a', { metadata: { labels: { seen: 'no' } } }),
      del('/api/v1/namespaces/$id-b', { compare: ['status'] }),
      put(
        '/api/v1/namespaces/$id-b/finalize',
        { metadata: { name: '$id-b' }, spec: { finalizers: [] } },
        { compare: ['status'] },
      ),
      asked,
    ],
  },
  {
    name: 'scopes of rules',
    hooks: { all: allow, cluster: allow, namespaced: allow },
    steps: [
      ...validating(
        ...['*', 'Cluster', 'Namespaced'].map((scope) =>
          clusterHook(scope === '*' ? 'all' : scope.toLowerCase(), { rules: [{ ...ANY, scope }] }),
        ),
      ),
      post('/api/v1/namespaces', { metadata: { name: '$id', ...label } }, { compare: ['status'] }),
      post(maps, { metadata: { name: 'm', ...label } }, { compare: ['status'] }),
      post(
        '/apis/scheduling.k8s.io/v1/priorityclasses',
        { metadata: { name: '$id', ...label }, value: 1 },
        { compare: ['status'] },
      ),
      asked,
    ],
  },
  {
    name: 'a certificate request and its approval',
    hooks: { v: allow },
    steps: [
      ...validating(clusterHook('v', { rules: [ANY] })),
      post(
        '/apis/certificates.k8s.io/v1/certificatesigningrequests',
        {
          metadata: { name: '$id', ...label },
          spec: {
            signerName: 'example.com/signer',
            usages: ['digital signature'],
            request:
              'LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlIa01JR0tBZ0VBTUNneEVEQU9CZ05WQkFvTUIyVjRZVzF3YkdVeEZEQVNCZ05WQkFNTUMyVjRZVzF3YkdVdQpZMjl0TUZrd0V3WUhLb1pJemowQ0FRWUlLb1pJemowREFRY0RRZ0FFCi0tLS0tRU5EIENFUlRJRklDQVRFIFJFUVVFU1QtLS0tLQo=',
          },
        },
        { compare: ['status'] },
      ),
      asked,
    ],
  },
  {
    name: 'never asked about policies and configurations',
    hooks: { v: () => ({ allowed: false }) },
    steps: [
      ...validating(clusterHook('v', { rules: [ANY] })),
      post('/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies', {
        metadata: { name: '$id', ...label },
        spec: { validations: [{ expression: 'true' }], matchConstraints: { resourceRules: [rule({})] } },
      }),
      post('/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations', {
        metadata: { name: '$id', ...label },
      }),
      post('/apis/scheduling.k8s.io/v1/priorityclasses', { metadata: { name: '$id', ...label }, value: 1 }),
      asked,
    ],
  },
]

/** How a server takes what a webhook answers. */
function answered(
  name: string,
  behaviour: Behaviour,
  kind: 'both' | 'mutating' | 'validating' = 'both',
  more: object = {},
): Case[] {
  const kinds = kind === 'both' ? (['mutating', 'validating'] as const) : [kind]
  return kinds.map((one) => ({
    name: `answer: ${name}, ${one}`,
    hooks: { a: behaviour },
    steps: [...configured(one, [hook('a', more)]), makeMap()],
  }))
}

const raw =
  (
    status: number,
    body: string | ((question: string) => string),
    headers: Record<string, string> = { 'content-type': 'application/json' },
  ): Behaviour =>
  (question, { outgoing }) => {
    outgoing.writeHead(status, headers).end(typeof body === 'string' ? body : body(answerTo(question, {})))
  }

const text = { 'content-type': 'text/plain' }
const rewritten = (
  change: (review: Record<string, unknown> & { response: Record<string, unknown> }) => void,
): Behaviour =>
  raw(200, (right) => {
    const review = JSON.parse(right) as Record<string, unknown> & { response: Record<string, unknown> }
    change(review)
    return JSON.stringify(review)
  })

const denial =
  (status?: object): Behaviour =>
  () => ({ allowed: false, ...(status && { status }) })

const answers: Case[] = [
  ...answered('refused', denial()),
  ...answered('refused with a message', denial({ message: 'not today' })),
  ...answered('refused with a reason', denial({ reason: 'NotToday' })),
  ...answered('refused with an empty status', denial({})),
  ...answered('refused as a success', denial({ status: 'Success', code: 200, message: 'fine' })),
  ...answered('refused with a code', denial({ code: 418, message: 'a teapot' })),
  ...answered('refused with a low code', denial({ code: 302, message: 'elsewhere' })),
  ...answered('refused with a high code', denial({ code: 799, message: 'far' }), 'validating'),
  ...answered(
    'refused with everything',
    denial({
      status: 'Failure',
      code: 409,
      reason: 'Conflict',
      message: 'taken',
      details: {
        name: 'n',
        group: 'g',
        kind: 'k',
        uid: 'u',
        causes: [{ reason: 'r', message: 'm', field: 'f' }],
        retryAfterSeconds: 7,
      },
      metadata: { resourceVersion: '5', continue: 'c' },
    }),
  ),
  ...answered(
    'refused with fields that a status does not have',
    denial({ message: 'm', more: 'x', kind: 'Other', apiVersion: 'v9' }),
  ),
  ...answered(
    'refused to come again',
    denial({ code: 429, reason: 'TooManyRequests', message: 'later', details: { retryAfterSeconds: 3 } }),
  ),
  ...answered('allowed with a status', () => ({ status: { message: 'unseen', code: 500 } })),
  ...answered(
    'not said whether allowed',
    rewritten((review) => delete review.response['allowed']),
  ),
  ...answered(
    'allowed by a word',
    rewritten((review) => (review.response['allowed'] = 'true')),
  ),
  ...answered(
    'another uid',
    rewritten((review) => (review.response['uid'] = 'other')),
  ),
  ...answered(
    'no uid',
    rewritten((review) => delete review.response['uid']),
  ),
  ...answered(
    'a number for uid',
    rewritten((review) => (review.response['uid'] = 3)),
  ),
  ...answered(
    'no kind',
    rewritten((review) => delete review['kind']),
  ),
  ...answered(
    'no apiVersion',
    rewritten((review) => delete review['apiVersion']),
  ),
  ...answered(
    'neither kind nor apiVersion',
    rewritten((review) => {
      delete review['kind']
      delete review['apiVersion']
    }),
  ),
  ...answered(
    'another kind',
    rewritten((review) => (review['kind'] = 'Review')),
  ),
  ...answered(
    'another group',
    rewritten((review) => (review['apiVersion'] = 'example.com/v1')),
  ),
  ...answered(
    'another version',
    rewritten((review) => (review['apiVersion'] = 'admission.k8s.io/v1beta1')),
  ),
  ...answered(
    'a version that does not exist',
    rewritten((review) => (review['apiVersion'] = 'admission.k8s.io/v2')),
  ),
  ...answered(
    'a Status',
    raw(200, JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', message: 'm', code: 403 })),
  ),
  ...answered(
    'no response',
    rewritten((review) => Reflect.deleteProperty(review, 'response')),
  ),
  ...answered(
    'null for response',
    raw(200, JSON.stringify({ kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1', response: null })),
  ),
  ...answered(
    'a word for response',
    raw(200, JSON.stringify({ kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1', response: 'yes' })),
  ),
  ...answered('an empty object', raw(200, '{}')),
  ...answered('nothing', raw(200, '')),
  ...answered('no JSON', raw(200, 'all is well')),
  ...answered('broken JSON', raw(200, '{"kind":"AdmissionReview",')),
  ...answered(
    'JSON and more',
    raw(200, (right) => `${right} and more`),
    'validating',
  ),
  ...answered('a list', raw(200, '[]')),
  ...answered('null', raw(200, 'null'), 'validating'),
  ...answered(
    'YAML',
    raw(200, 'kind: AdmissionReview\napiVersion: admission.k8s.io/v1\n', { 'content-type': 'application/yaml' }),
  ),
  ...answered(
    'another content type',
    raw(200, (right) => right, text),
  ),
  ...answered(
    'no content type',
    raw(200, (right) => right, {}),
  ),
  ...answered(
    'a broken content type',
    raw(200, (right) => right, { 'content-type': ';;' }),
  ),
  ...answered(
    'protobuf by name',
    raw(200, (right) => right, { 'content-type': 'application/vnd.kubernetes.protobuf' }),
  ),
  ...answered(
    'fields unknown',
    rewritten((review) => {
      review['more'] = 1
      review.response['more'] = 1
    }),
  ),
  ...answered(
    'keys in other cases',
    raw(200, (right) => right.replace('"allowed"', '"Allowed"')),
  ),
  ...answered(
    'keys twice',
    raw(200, (right) => right.replace('"allowed":true', '"allowed":true,"allowed":false')),
  ),
  ...answered(
    'status 201',
    raw(201, (right) => right),
  ),
  ...answered('status 204', raw(204, '')),
  ...answered(
    'status 206',
    raw(206, (right) => right),
  ),
  ...answered(
    'status 207',
    raw(207, (right) => right),
  ),
  ...answered('status 304', raw(304, '')),
  ...answered('status 400', raw(400, 'bad')),
  ...answered('status 400 with JSON', raw(400, '{"a":1}')),
  ...answered('status 401', raw(401, 'who')),
  ...answered('status 403', raw(403, 'no', text)),
  ...answered('status 404', raw(404, 'gone')),
  ...answered('status 405', raw(405, 'gone')),
  ...answered('status 406', raw(406, 'gone')),
  ...answered('status 408', raw(408, 'gone')),
  ...answered('status 409', raw(409, 'gone')),
  ...answered('status 410', raw(410, 'gone')),
  ...answered('status 415', raw(415, 'gone')),
  ...answered('status 418', raw(418, 'gone')),
  ...answered('status 422', raw(422, 'gone')),
  ...answered('status 429', raw(429, 'slow', { 'content-type': 'text/plain', 'retry-after': '1' }), 'validating', {
    timeoutSeconds: 2,
    failurePolicy: 'Fail',
  }),
  ...answered('status 500', raw(500, 'broken')),
  ...answered('status 500 with text', raw(500, 'broken\nin two lines "quoted"', text)),
  ...answered('status 500 with nothing', raw(500, '')),
  ...answered('status 500 with a long text', raw(500, 'x'.repeat(5000), text)),
  ...answered('status 502', raw(502, 'gateway')),
  ...answered('status 503', raw(503, 'away')),
  ...answered('status 504', raw(504, 'away')),
  ...answered(
    'status 500 with a Status',
    raw(
      500,
      JSON.stringify({
        kind: 'Status',
        apiVersion: 'v1',
        status: 'Failure',
        message: 'mine',
        reason: 'Odd',
        code: 500,
      }),
    ),
  ),
  ...answered(
    'status 403 with a Status',
    raw(
      403,
      JSON.stringify({
        kind: 'Status',
        apiVersion: 'v1',
        status: 'Failure',
        message: 'mine',
        reason: 'Forbidden',
        code: 403,
      }),
    ),
  ),
  ...answered(
    'status 200 with a failed review',
    raw(400, (right) => right),
  ),
  ...[301, 302, 303, 307, 308].flatMap((status) =>
    answered(
      `status ${status}`,
      (question, { incoming, outgoing }) => {
        const path = incoming.url ?? ''
        if (path.includes('/elsewhere')) {
          outgoing.writeHead(200, { 'content-type': 'application/json' }).end(answerTo(question, {}))
          return
        }
        outgoing.writeHead(status, { location: path.replace('?', '/elsewhere?') }).end()
      },
      'validating',
    ),
  ),
  ...answered('status 302 without a place', raw(302, ''), 'validating'),
  ...answered('closed', (_question, { incoming }) => void incoming.socket.destroy()),
  ...answered('closed in the middle', (question, { outgoing }) => {
    outgoing.writeHead(200, { 'content-type': 'application/json', 'content-length': '5000' })
    outgoing.write(answerTo(question, {}).slice(0, 20), () => outgoing.destroy())
  }),
  ...answered('closed in the middle of chunks', (question, { outgoing }) => {
    outgoing.writeHead(200, { 'content-type': 'application/json' })
    outgoing.write(answerTo(question, {}).slice(0, 20), () => outgoing.destroy())
  }),
  ...answered('never', () => undefined, 'both', { timeoutSeconds: 1 }),
  ...answered('never, ignored', () => undefined, 'both', { timeoutSeconds: 1, failurePolicy: 'Ignore' }),
  ...answered(
    'a beginning and no end',
    (_question, { outgoing }) => {
      outgoing.writeHead(200, { 'content-type': 'application/json' }).write('{')
    },
    'both',
    { timeoutSeconds: 1 },
  ),
  ...answered('not HTTP', (_question, { incoming }) => void incoming.socket.end('hello\r\n\r\n')),
  ...answered('an error, ignored', raw(500, 'broken'), 'both', { failurePolicy: 'Ignore' }),
  ...answered('refused, where failures are ignored', denial({ message: 'no' }), 'both', { failurePolicy: 'Ignore' }),
  ...answered(
    'another uid, ignored',
    rewritten((review) => (review.response['uid'] = 'other')),
    'both',
    { failurePolicy: 'Ignore' },
  ),
  ...answered('a patch of one who validates', patching({ op: 'add', path: '/data/a', value: 'b' }), 'validating'),
  ...answered('a type of patch of one who validates', () => ({ patchType: 'JSONPatch' }), 'validating'),
  ...answered('warnings', () => ({
    warnings: ['one', 'two', 'one', '', 'with "quotes" and \\', 'line\nbreak', 'ümlaut \u0001'],
  })),
  ...answered('a long warning', () => ({ warnings: ['x'.repeat(300), 'y'.repeat(5000)] })),
  ...answered('many warnings', () => ({
    warnings: Array.from({ length: 40 }, (_one, index) => `${index} ${'w'.repeat(250)}`),
  })),
  ...answered('warnings and a refusal', () => ({ allowed: false, warnings: ['one'] })),
  ...answered(
    'warnings that are none',
    rewritten((review) => (review.response['warnings'] = 'x')),
  ),
  ...answered(
    'annotations that are none',
    rewritten((review) => (review.response['auditAnnotations'] = { a: 1 })),
  ),
  ...answered(
    'v1beta1, another uid',
    rewritten((review) => (review.response['uid'] = 'other')),
    'both',
    { admissionReviewVersions: ['v1beta1'] },
  ),
  ...answered(
    'v1beta1, answered as v1',
    rewritten((review) => (review['apiVersion'] = 'admission.k8s.io/v1')),
    'both',
    { admissionReviewVersions: ['v1beta1', 'v1'] },
  ),
  ...answered(
    'v1beta1, no kind',
    rewritten((review) => {
      delete review['kind']
      delete review['apiVersion']
    }),
    'both',
    { admissionReviewVersions: ['v1beta1'] },
  ),
  ...answered('v1beta1, a patch of one who validates', patching({ op: 'add', path: '/data/a', value: 'b' }), 'both', {
    admissionReviewVersions: ['v1beta1'],
  }),
]

const add = (path: string, value: unknown): object => ({ op: 'add', path, value })

const patches: Case[] = [
  ...answered('patched', patching(add('/data/a', 'b')), 'mutating'),
  ...answered('patched with nothing', patching(), 'mutating'),
  ...answered('patched to the same', patching({ op: 'replace', path: '/data/given', value: 'yes' }), 'mutating'),
  ...answered('patched, v1beta1 without a type', () => ({ patch: encoded([add('/data/a', 'b')]) }), 'mutating', {
    admissionReviewVersions: ['v1beta1'],
  }),
  ...answered('patched without a type', () => ({ patch: encoded([add('/data/a', 'b')]) }), 'mutating'),
  ...answered('a type without a patch', () => ({ patchType: 'JSONPatch' }), 'mutating'),
  ...answered('an empty type', () => ({ patchType: '', patch: encoded([add('/data/a', 'b')]) }), 'mutating'),
  ...answered('another type', () => ({ patchType: 'MergePatch', patch: encoded([add('/data/a', 'b')]) }), 'mutating'),
  ...answered('a merge patch', () => ({ patchType: 'JSONPatch', patch: encoded({ data: { a: 'b' } }) }), 'mutating'),
  ...answered(
    'a patch that is no JSON',
    () => ({ patchType: 'JSONPatch', patch: Buffer.from('oh').toString('base64') }),
    'mutating',
  ),
  ...answered('a patch that is no base64', () => ({ patchType: 'JSONPatch', patch: '!!' }), 'mutating'),
  ...answered('a patch that is not encoded', () => ({ patchType: 'JSONPatch', patch: { a: 'b' } }), 'mutating'),
  ...answered('a patch with a bad operation', patching({ op: 'jump', path: '/data' }), 'mutating'),
  ...answered('a patch without a path', patching({ op: 'add', value: 'b' }), 'mutating'),
  ...answered('a patch that removes what is not there', patching({ op: 'remove', path: '/data/none' }), 'mutating'),
  ...answered(
    'a patch that replaces what is not there',
    patching({ op: 'replace', path: '/data/none', value: 'x' }),
    'mutating',
  ),
  ...answered('a patch into nothing', patching(add('/none/a/b', 'x')), 'mutating'),
  ...answered(
    'a patch with a failed test',
    patching({ op: 'test', path: '/data/given', value: 'no' }, add('/data/a', 'b')),
    'mutating',
  ),
  ...answered('a patch that makes a wrong type', patching(add('/data/a', 7)), 'mutating'),
  ...answered('a patch that makes no object', patching({ op: 'replace', path: '', value: [] }), 'mutating'),
  ...answered('a patch that makes nothing', patching({ op: 'replace', path: '', value: null }), 'mutating'),
  ...answered('a patch of a field that nobody knows', patching(add('/more', 'x')), 'mutating'),
  ...answered('a patch of the kind', patching({ op: 'replace', path: '/kind', value: 'Oh' }), 'mutating'),
  ...answered('a patch of the version', patching({ op: 'replace', path: '/apiVersion', value: 'v9' }), 'mutating'),
  ...answered('a patch of the name', patching({ op: 'replace', path: '/metadata/name', value: 'other' }), 'mutating'),
  ...answered(
    'a patch of the namespace',
    patching({ op: 'replace', path: '/metadata/namespace', value: 'default' }),
    'mutating',
  ),
  ...answered('a patch of the uid', patching(add('/metadata/uid', 'mine')), 'mutating'),
  ...answered('a patch of the resourceVersion', patching(add('/metadata/resourceVersion', '1')), 'mutating'),
  ...answered('a patch of managedFields', patching({ op: 'remove', path: '/metadata/managedFields' }), 'mutating'),
  ...answered('a patch to an invalid object', patching(add('/data/a~1b', 'x')), 'mutating'),
  ...answered(
    'a patch and a refusal',
    () => ({ allowed: false, patchType: 'JSONPatch', patch: encoded([add('/data/a', 'b')]) }),
    'mutating',
  ),
]

const second = { reinvocationPolicy: 'IfNeeded' }

const rounds: Case[] = [
  {
    name: 'patches of several, in the order of configurations and hooks',
    hooks: {
      a: patching(add('/data/a', '1')),
      b: (question) => {
        const data = (question.request['object'] as { data: Record<string, string> }).data
        return { patchType: 'JSONPatch', patch: encoded([add('/data/b', Object.keys(data).toSorted().join())]) }
      },
      c: allow,
    },
    steps: [
      ...configured('mutating', [hook('b')], '$id-2'),
      ...configured('mutating', [hook('a')], '$id-1'),
      ...validating(hook('c')),
      makeMap(),
      asked,
    ],
  },
  {
    name: 'asked again if needed',
    hooks: { a: allow, b: patching(add('/data/b', '1')), c: allow },
    steps: [...mutating(hook('a', second), hook('b'), hook('c', second)), makeMap(), asked],
  },
  {
    name: 'asked again and patched again',
    hooks: {
      a: (question) => {
        const data = (question.request['object'] as { data: Record<string, string> }).data
        return { patchType: 'JSONPatch', patch: encoded([add('/data/count', String(Object.keys(data).length))]) }
      },
      b: patching(add('/data/b', '1')),
    },
    steps: [...mutating(hook('a', second), hook('b', second)), makeMap(), asked],
  },
  {
    name: 'asked again after a change by a plugin',
    hooks: { a: allow, b: patching(add('/spec/initContainers', [{ name: 'i', image: 'i' }])) },
    steps: [
      ...mutating(
        hook('a', { ...second, rules: [rule({ resources: ['pods'] })] }),
        hook('b', { rules: [rule({ resources: ['pods'] })] }),
      ),
      post(pods, pod('p')),
      asked,
    ],
  },
  {
    name: 'not asked in the second round for the first time',
    hooks: { a: allow, b: patching(add('/metadata/labels', { look: 'yes' })) },
    steps: [
      ...mutating(hook('a', { ...second, objectSelector: { matchLabels: { look: 'yes' } } }), hook('b')),
      makeMap(),
      asked,
    ],
  },
  {
    name: 'a label that a webhook adds is seen by the next ones',
    hooks: { a: patching(add('/metadata/labels', { look: 'yes' })), b: allow, c: allow },
    steps: [
      ...mutating(hook('a'), hook('b', { objectSelector: { matchLabels: { look: 'yes' } } })),
      ...validating(hook('c', { objectSelector: { matchLabels: { look: 'yes' } } })),
      makeMap(),
      asked,
    ],
  },
  {
    name: 'the first refusal of several',
    hooks: { a: denial({ message: 'a' }), b: denial({ message: 'b' }) },
    steps: [...mutating(hook('a'), hook('b')), makeMap(), asked],
  },
  {
    name: 'no validation after a refused mutation',
    hooks: { a: denial({ message: 'a' }), b: denial({ message: 'b' }) },
    steps: [...mutating(hook('a')), ...validating(hook('b')), makeMap(), asked],
  },
  {
    name: 'what is added to a pod is defaulted',
    hooks: { a: patching(add('/spec/containers/-', { name: 'side', image: 'i', ports: [{ containerPort: 80 }] })) },
    steps: [...mutating(hook('a', { rules: [rule({ resources: ['pods'] })] })), post(pods, pod('p'))],
  },
  {
    name: 'what is added to a deployment counts for its generation',
    managedFields: false,
    hooks: { a: patching({ op: 'replace', path: '/spec/paused', value: true }, add('/spec/replicas', 7)) },
    steps: [
      given(post(deployments, deployment('d'))),
      ...mutating(
        hook('a', { rules: [rule({ apiGroups: ['apps'], resources: ['deployments'], operations: ['UPDATE'] })] }),
      ),
      patch('merge', `${deployments}/d`, { metadata: { labels: { a: 'b' } } }),
    ],
  },
  ...(['create', 'update', 'apply'] as const).map((how): Case => ({
    name: `who owns what a webhook adds: ${how}`,
    hooks: { a: patching(add('/data/hooked', '1')) },
    steps: [
      ...(how === 'create' ? [] : [given(makeMap())]),
      ...mutating(hook('a')),
      how === 'create'
        ? post(`${maps}?fieldManager=me`, { metadata: { name: 'm' }, data: { given: 'yes' } })
        : how === 'update'
          ? put(`${maps}/m?fieldManager=me`, { metadata: { name: 'm' }, data: { given: 'no' } })
          : patch('apply', `${maps}/m?fieldManager=me&force=true`, {
              apiVersion: 'v1',
              kind: 'ConfigMap',
              data: { given: 'no' },
            }),
    ],
  })),
  {
    name: 'a patch of a delete',
    hooks: { a: patching(add('/data/a', 'b')) },
    steps: [given(makeMap()), ...mutating(hook('a')), del(`${maps}/m`)],
  },
  {
    name: 'a patch of a connection',
    hooks: { a: patching(add('/stdin', true)) },
    steps: [
      ...mutating(hook('a', { rules: [rule({ resources: ['pods/exec'] })] })),
      post(`${pods}/p/exec?command=ls`, undefined),
    ],
  },
  {
    name: 'a patch of a scale',
    hooks: { a: patching({ op: 'replace', path: '/spec/replicas', value: 9 }) },
    steps: [
      given(post(deployments, deployment('d'))),
      ...mutating(hook('a', { rules: [rule({ apiGroups: ['apps'], resources: ['deployments/scale'] })] })),
      put(`${deployments}/d/scale`, { metadata: { name: 'd' }, spec: { replicas: 5 } }),
    ],
  },
  {
    name: 'a patch of a status',
    hooks: { a: patching(add('/metadata/labels', { a: 'b' }), add('/spec/replicas', 9), add('/status/replicas', 4)) },
    steps: [
      given(post(deployments, deployment('d'))),
      ...mutating(hook('a', { rules: [rule({ apiGroups: ['apps'], resources: ['deployments/status'] })] })),
      patch('merge', `${deployments}/d/status`, { status: { replicas: 2 } }),
    ],
  },
  {
    name: 'a patch in another version',
    hooks: { a: patching(add('/spec/targetCPUUtilizationPercentage', 33)), b: allow },
    steps: [
      ...mutating(hook('a', { rules: [scaling('v1')] }), hook('b', { rules: [scaling('v2')] })),
      post(HPAS, hpa),
      asked,
    ],
  },
  {
    name: 'a dry run is refused for one with side effects',
    hooks: { a: allow },
    steps: [
      ...validating(hook('a', { sideEffects: 'NoneOnDryRun' })),
      post(`${maps}?dryRun=All`, { metadata: { name: 'm' } }),
      asked,
    ],
  },
]

const condition = (expression: string, more: object = {}): object => ({
  matchConditions: [{ name: 'c', expression, ...more }],
})

function conditioned(name: string, more: object): Case[] {
  return (['mutating', 'validating'] as const).map((kind) => ({
    name: `condition: ${name}, ${kind}`,
    hooks: { a: allow },
    steps: [...configured(kind, [hook('a', more)]), makeMap(), { ...asked, view: countOf }],
  }))
}

const countOf = (value: unknown): unknown => (Array.isArray(value) ? value.length : value)

const conditions: Case[] = [
  ...conditioned('true', condition("request.operation == 'CREATE'")),
  ...conditioned('false', condition('object.data.size() > 9')),
  ...conditioned('an error', condition('object.data.none == "x"')),
  ...conditioned('an error, ignored', { ...condition('object.data.none == "x"'), failurePolicy: 'Ignore' }),
  ...conditioned('an error and a false', {
    matchConditions: [
      { name: 'a', expression: 'object.data.none == "x"' },
      { name: 'b', expression: 'false' },
    ],
  }),
  ...conditioned('two errors', {
    matchConditions: [
      { name: 'a', expression: 'object.data.none == "x"' },
      { name: 'b', expression: 'object.data.nought == "x"' },
    ],
  }),
  ...conditioned(
    'the authorizer',
    condition("authorizer.group('').resource('pods').namespace('default').check('get').allowed()"),
  ),
  ...conditioned('the authorizer, of the request', condition("authorizer.requestResource.check('delete').allowed()")),
  ...conditioned(
    'the user',
    condition("request.userInfo.username == 'admin' && 'system:masters' in request.userInfo.groups"),
  ),
  ...conditioned('no old object', condition('oldObject == null')),
  ...conditioned('the options', condition("request.options.kind == 'CreateOptions'")),
  ...conditioned(
    'too dear',
    condition(
      `[1,2,3,4,5,6,7,8,9,10].all(a, [1,2,3,4,5,6,7,8,9,10].all(b, [1,2,3,4,5,6,7,8,9,10].all(c, [1,2,3,4,5,6,7,8,9,10].all(d, [1,2,3,4,5,6,7,8,9,10].all(e, [1,2,3,4,5,6,7,8,9,10].all(f, a+b+c+d+e+f > 0))))))`,
    ),
  ),
]

const missing = { clientConfig: { service: { namespace: '$ns', name: 's' }, caBundle: ca } }
const service = (spec: object): Step =>
  given(post('/api/v1/namespaces/$ns/services', { metadata: { name: 's' }, spec }))

const places: Case[] = [
  { name: 'a Service that is not there', steps: [...validating(hook('a', missing)), makeMap()] },
  {
    name: 'a Service with path and port',
    steps: [
      ...validating(
        hook('a', {
          clientConfig: { service: { namespace: '$ns', name: 's', port: 8443, path: '/a/b' }, caBundle: ca },
        }),
      ),
      makeMap(),
    ],
  },
  {
    name: 'a Service without endpoints',
    steps: [service({ ports: [{ port: 443 }] }), ...validating(hook('a', missing)), makeMap()],
  },
  {
    name: 'a Service without the port',
    steps: [service({ ports: [{ port: 80 }] }), ...validating(hook('a', missing)), makeMap()],
  },
  {
    name: 'a Service that is not there, ignored',
    steps: [...validating(hook('a', { ...missing, failurePolicy: 'Ignore' })), makeMap()],
  },
  {
    name: 'an authority that is not believed',
    hooks: { a: allow },
    steps: [...validating(hook('a', { clientConfig: { url: '$hooks/a' } })), { ...makeMap(), compare: ['status'] }],
  },
  {
    name: 'a host that is not there',
    steps: [
      ...validating(hook('a', { clientConfig: { url: 'https://no-such-host.invalid/a', caBundle: ca } })),
      { ...makeMap(), compare: ['status'] },
    ],
  },
  {
    name: 'a port where nobody listens',
    steps: [...validating(hook('a', { clientConfig: { url: 'https://127.0.0.1:1/a', caBundle: ca } })), makeMap()],
  },
  {
    name: 'a namespace that is not there',
    hooks: { a: allow },
    steps: [...validating(hook('a')), post('/api/v1/namespaces/none-$id/configmaps', { metadata: { name: 'm' } })],
  },
]

/** What webhooks are asked, and what becomes of their answers. */
export const webhooks: Catalogue = {
  name: 'webhooks',
  cases: [...requests, ...cluster, ...answers, ...patches, ...rounds, ...conditions, ...places],
}
