import { type Catalogue, del, get, given, patch, post, put } from '../case.ts'
import { configMap, deployment, deployments, pod, pods } from '../things.ts'

const accounts = '/api/v1/namespaces/$ns/serviceaccounts'
const requests = '/apis/certificates.k8s.io/v1/certificatesigningrequests'
const running = given({
  ...post(pods, { ...pod('p'), spec: { nodeName: 'n', containers: [{ name: 'c', image: 'i' }] } }),
  save: 'p',
})
const binding = (name: string, more: object = {}): object => ({
  apiVersion: 'v1',
  kind: 'Binding',
  metadata: { name },
  target: { kind: 'Node', name: 'n' },
  ...more,
})
const eviction = (name: string, more: object = {}): object => ({
  apiVersion: 'policy/v1',
  kind: 'Eviction',
  metadata: { name, namespace: '$ns' },
  ...more,
})
const scale = (replicas: unknown, metadata: object = {}): object => ({
  apiVersion: 'autoscaling/v1',
  kind: 'Scale',
  metadata: { name: 'd', namespace: '$ns', ...metadata },
  spec: { replicas },
})
const review = (group: string, kind: string, spec: object): object => ({ apiVersion: group, kind, spec })
const access = (verb: string, resource: string): object => ({
  resourceAttributes: { verb, resource, namespace: '$ns' },
})
const authorization = '/apis/authorization.k8s.io/v1'
const tokens = '/apis/authentication.k8s.io/v1/tokenreviews'
const hideToken = (body: unknown): unknown => {
  const { status, ...rest } = body as { status?: { token?: string } }
  return status?.token ? { ...rest, status: { ...status, token: '<some>' } } : body
}

/** Rules come in no order. */
function inOrder(body: unknown): unknown {
  if (typeof body === 'object' && body !== null && !Array.isArray(body)) {
    return Object.fromEntries(Object.entries(body).map(([field, value]) => [field, inOrder(value)]))
  }
  if (!Array.isArray(body)) return body
  return body.map(inOrder).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
}

/** What lies below objects, and reviews. */
export const subresources: Catalogue = {
  name: 'subresources',
  cases: [
    {
      name: 'binding',
      steps: [
        given(post(pods, pod('p'), { save: 'p' })),
        post(`${pods}/p/binding`, binding('q')),
        post(`${pods}/p/binding`, binding('p', { metadata: {} })),
        post(`${pods}/p/binding`, binding('p')),
        post(`${pods}/p/binding`, binding('p', { target: { kind: 'Node', name: 'other' } })),
        post(`${pods}/p/binding`, binding('p', { target: {} })),
        post(`${pods}/p/binding`, binding('p', { target: { kind: 'Pod', name: 'x' } })),
        post(`${pods}/none/binding`, binding('none')),
        post(`${pods}/p/binding`, configMap('p')),
        get(`${pods}/p`),
      ],
    },
    {
      name: 'bindings',
      steps: [
        given(post(pods, pod('p'), { save: 'p' })),
        post('/api/v1/namespaces/$ns/bindings', binding('p', { metadata: { name: 'p', uid: 'other' } })),
        post('/api/v1/namespaces/$ns/bindings?dryRun=All', binding('p')),
        post(
          '/api/v1/namespaces/$ns/bindings',
          binding('p', { metadata: { name: 'p', annotations: { a: 'b' }, labels: { c: 'd' } } }),
        ),
        get(`${pods}/p`),
      ],
    },
    {
      name: 'eviction',
      steps: [
        running,
        post(`${pods}/p/eviction?dryRun=All`, eviction('p')),
        post(`${pods}/p/eviction`, eviction('q')),
        post(`${pods}/none/eviction`, eviction('none')),
        post(`${pods}/p/eviction`, { kind: 'Eviction', apiVersion: 'policy/v1beta1', metadata: { name: 'p' } }),
        post(`${pods}/p/eviction`, {}),
        post(`${pods}/p/eviction`, eviction('p', { deleteOptions: { dryRun: ['x'] } })),
        post(`${pods}/p/eviction`, eviction('p', { deleteOptions: { gracePeriodSeconds: 3 } })),
        get(`${pods}/p`),
      ],
    },
    {
      // Upstream tries for a while.
      name: 'eviction of another pod of the name',
      steps: [
        running,
        post(`${pods}/p/eviction`, eviction('p', { deleteOptions: { preconditions: { uid: 'x' } } })),
        get(`${pods}/p`),
      ],
    },
    {
      name: 'eviction under a budget',
      steps: [
        given(
          post('/apis/policy/v1/namespaces/$ns/poddisruptionbudgets', {
            metadata: { name: 'b' },
            spec: { minAvailable: 1, selector: { matchLabels: { a: 'b' } } },
          }),
        ),
        given(
          post(pods, {
            ...pod('p'),
            metadata: { name: 'p', labels: { a: 'b' } },
            spec: { nodeName: 'n', containers: [{ name: 'c', image: 'i' }] },
          }),
        ),
        given(
          patch('merge', `${pods}/p/status`, {
            status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] },
          }),
        ),
        post(`${pods}/p/eviction`, eviction('p')),
        given(
          patch('merge', '/apis/policy/v1/namespaces/$ns/poddisruptionbudgets/b/status', {
            status: {
              observedGeneration: 1,
              disruptionsAllowed: 1,
              currentHealthy: 2,
              desiredHealthy: 1,
              expectedPods: 2,
            },
          }),
        ),
        post(`${pods}/p/eviction`, eviction('p')),
        get('/apis/policy/v1/namespaces/$ns/poddisruptionbudgets/b'),
        get(`${pods}/p`),
      ],
    },
    {
      name: 'scale',
      steps: [
        given(post(deployments, deployment('d'), { save: 'd' })),
        get(`${deployments}/d/scale`),
        put(`${deployments}/d/scale`, scale(3)),
        put(`${deployments}/d/scale`, scale(-1)),
        put(`${deployments}/d/scale`, scale('x')),
        put(`${deployments}/d/scale`, scale(3, { name: 'e' })),
        put(`${deployments}/d/scale`, scale(3, { resourceVersion: '1' })),
        put(`${deployments}/d/scale`, scale(3, { uid: 'x' })),
        put(`${deployments}/d/scale`, scale(4, { resourceVersion: '{{d.metadata.resourceVersion}}' })),
        put(`${deployments}/d/scale`, { ...scale(3), apiVersion: 'extensions/v1beta1' }),
        put(`${deployments}/d/scale`, deployment('d')),
        put(`${deployments}/none/scale`, scale(3, { name: 'none' })),
        put(`${deployments}/d/scale?dryRun=All`, scale(9)),
        patch('json', `${deployments}/d/scale`, [{ op: 'replace', path: '/spec/replicas', value: 0 }]),
        patch('strategic', `${deployments}/d/scale`, { spec: { replicas: 2 } }),
        patch('apply', `${deployments}/d/scale?fieldManager=x&force=true`, {
          apiVersion: 'autoscaling/v1',
          kind: 'Scale',
          metadata: { name: 'd' },
          spec: { replicas: 6 },
        }),
        patch('merge', `${deployments}/d/scale`, { spec: { replicas: null } }),
        patch('merge', `${deployments}/d/scale`, { status: { replicas: 5 } }),
        del(`${deployments}/d/scale`),
        get(`${deployments}/d`, { view: (body) => (body as { spec: { replicas: number } }).spec.replicas }),
      ],
    },
    {
      name: 'scale of others',
      steps: [
        given(
          post('/apis/apps/v1/namespaces/$ns/statefulsets', {
            metadata: { name: 's' },
            spec: {
              serviceName: 'x',
              selector: { matchLabels: { a: 'b' } },
              template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } },
            },
          }),
        ),
        given(
          post('/apis/apps/v1/namespaces/$ns/replicasets', {
            metadata: { name: 'r' },
            spec: {
              selector: { matchExpressions: [{ key: 'a', operator: 'In', values: ['b', 'c'] }] },
              template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } },
            },
          }),
        ),
        given(
          post('/api/v1/namespaces/$ns/replicationcontrollers', {
            metadata: { name: 'c' },
            spec: { template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } } },
          }),
        ),
        get('/apis/apps/v1/namespaces/$ns/statefulsets/s/scale'),
        get('/apis/apps/v1/namespaces/$ns/replicasets/r/scale'),
        get('/api/v1/namespaces/$ns/replicationcontrollers/c/scale'),
        patch('merge', '/api/v1/namespaces/$ns/replicationcontrollers/c/scale', { spec: { replicas: 4 } }),
        get('/api/v1/namespaces/$ns/replicationcontrollers/c'),
      ],
    },
    {
      name: 'status of a pod',
      steps: [
        running,
        get(`${pods}/p/status`),
        patch('merge', `${pods}/p/status`, {
          status: { phase: 'Running' },
          spec: { nodeName: 'x' },
          metadata: { labels: { a: 'b' } },
        }),
        patch('strategic', `${pods}/p/status`, { status: { conditions: [{ type: 'Ready', status: 'True' }] } }),
        patch('strategic', `${pods}/p/status`, { status: { phase: 'Nonsense' } }),
        put(`${pods}/p/status`, { ...pod('p'), status: { phase: 'Failed' } }),
        patch('merge', `${pods}/p`, { status: { phase: 'Unknown' } }),
        post(`${pods}/p/status`, {}),
        del(`${pods}/p/status`),
        get(`${pods}/p`),
      ],
    },
    {
      name: 'ephemeral containers and resize',
      steps: [
        running,
        get(`${pods}/p/ephemeralcontainers`),
        patch('strategic', `${pods}/p/ephemeralcontainers`, {
          spec: { ephemeralContainers: [{ name: 'e', image: 'i', targetContainerName: 'c' }] },
        }),
        patch('strategic', `${pods}/p/ephemeralcontainers`, {
          spec: { ephemeralContainers: [{ name: 'c', image: 'i' }] },
        }),
        patch('strategic', `${pods}/p/ephemeralcontainers`, { spec: { containers: [{ name: 'c', image: 'j' }] } }),
        patch('json', `${pods}/p/ephemeralcontainers`, [{ op: 'remove', path: '/spec/ephemeralContainers/0' }]),
        get(`${pods}/p/resize`),
        patch('strategic', `${pods}/p/resize`, {
          spec: { containers: [{ name: 'c', resources: { requests: { cpu: '1' } } }] },
        }),
        patch('strategic', `${pods}/p`, {
          spec: { containers: [{ name: 'c', resources: { requests: { cpu: '1' } } }] },
        }),
        patch('strategic', `${pods}/p/resize`, { spec: { containers: [{ name: 'c', image: 'x' }] } }),
      ],
    },
    {
      name: 'logs of a pod that has no node',
      steps: [
        given(post(pods, pod('p'))),
        ...[
          '',
          '?container=nonsense',
          '?tailLines=abc',
          '?tailLines=-1',
          '?sinceSeconds=0',
          '?follow=x',
          '?limitBytes=0',
          '?sinceTime=abc',
          '?stream=Stdout',
          '?stream=x',
          '?previous=true',
          '?sinceSeconds=1&sinceTime=2020-01-01T00:00:00Z',
        ].map((query) => get(`${pods}/p/log${query}`)),
        get(`${pods}/none/log`),
      ],
    },
    {
      name: 'exec, attach and port-forward without an upgrade',
      steps: [
        running,
        ...['exec', 'attach', 'portforward'].flatMap((name) => [
          get(`${pods}/p/${name}`),
          post(`${pods}/p/${name}`, ''),
          get(`${pods}/none/${name}`),
          get(`${pods}/p/${name}?container=nonsense&command=x`),
          get(`${pods}/p/${name}?command=x&stdout=true`, { compare: ['status'] }),
        ]),
      ],
    },
    {
      name: 'proxies of what is not there',
      steps: [
        given(
          post('/api/v1/namespaces/$ns/services', {
            metadata: { name: 's' },
            spec: { ports: [{ name: 'http', port: 80 }] },
          }),
        ),
        given(post(pods, pod('p'))),
        ...['s', 's:http', 's:x', 's:99', 'https:s:http', 'x:s:http', 'none', ':s:', 'a:b:c:d'].flatMap((name) => [
          get(`/api/v1/namespaces/$ns/services/${name}/proxy`),
          get(`/api/v1/namespaces/$ns/services/${name}/proxy/x`),
        ]),
        ...['p', 'p:80', 'x:p:80', 'none', 'p:x'].map((name) => get(`${pods}/${name}/proxy/`)),
        get('/api/v1/nodes/none/proxy/'),
        get('/api/v1/nodes/none:1/proxy/'),
      ],
    },
    {
      name: 'tokens of a service account',
      steps: [
        post(`${accounts}/default/token`, {}, { view: hideToken }),
        post(
          `${accounts}/default/token`,
          {
            apiVersion: 'authentication.k8s.io/v1',
            kind: 'TokenRequest',
            spec: { audiences: ['x', 'y'], expirationSeconds: 700 },
          },
          { view: hideToken },
        ),
        post(`${accounts}/default/token`, { spec: { expirationSeconds: 10 } }, { view: hideToken }),
        post(`${accounts}/default/token`, { spec: { expirationSeconds: 4294967297 } }, { view: hideToken }),
        post(
          `${accounts}/default/token`,
          { spec: { boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: 'none' } } },
          { view: hideToken },
        ),
        post(
          `${accounts}/default/token`,
          { spec: { boundObjectRef: { kind: 'ConfigMap', apiVersion: 'v1', name: 'none' } } },
          { view: hideToken },
        ),
        post(`${accounts}/default/token`, { metadata: { name: 'other' } }, { view: hideToken }),
        post(`${accounts}/default/token`, { metadata: { namespace: 'other' } }, { view: hideToken }),
        post(`${accounts}/default/token?dryRun=All`, {}, { view: hideToken }),
        post(`${accounts}/none/token`, {}, { view: hideToken }),
        post(`${accounts}/default/token`, configMap('x'), { view: hideToken }),
        get(`${accounts}/default/token`),
      ],
    },
    {
      name: 'approval of a certificate request that is malformed',
      steps: [
        post(requests, {
          metadata: { name: '$id' },
          spec: { request: 'aGVsbG8=', signerName: 'example.com/x', usages: ['client auth'] },
        }),
        post(requests, { metadata: { name: '$id' }, spec: {} }),
        put(`${requests}/none/approval`, { metadata: { name: 'none' } }),
        put(`${requests}/none/status`, { metadata: { name: 'none' } }),
      ],
    },
    {
      name: 'finalize',
      steps: [
        put('/api/v1/namespaces/$ns/finalize', { metadata: { name: 'other' } }),
        put('/api/v1/namespaces/$ns/finalize', {
          metadata: { name: '$ns' },
          spec: { finalizers: ['kubernetes', 'example.com/x'] },
        }),
        put('/api/v1/namespaces/$ns/finalize', { metadata: { name: '$ns' }, spec: { finalizers: ['nonsense'] } }),
        get('/api/v1/namespaces/$ns/finalize'),
        patch('merge', '/api/v1/namespaces/$ns/finalize', {}),
        patch('merge', '/api/v1/namespaces/$ns', { spec: { finalizers: ['a.b/c'] } }),
        patch('merge', '/api/v1/namespaces/$ns/status', { status: { phase: 'Terminating' } }),
        get('/api/v1/namespaces/$ns'),
      ],
    },
    {
      name: 'access reviews',
      steps: [
        post(
          `${authorization}/subjectaccessreviews`,
          review('authorization.k8s.io/v1', 'SubjectAccessReview', { user: 'alice', ...access('get', 'pods') }),
        ),
        post(
          `${authorization}/subjectaccessreviews`,
          review('authorization.k8s.io/v1', 'SubjectAccessReview', {
            user: 'x',
            groups: ['system:masters'],
            ...access('get', 'pods'),
          }),
        ),
        post(`${authorization}/subjectaccessreviews`, {}),
        post(`${authorization}/subjectaccessreviews`, { spec: { user: 'a' } }),
        post(`${authorization}/subjectaccessreviews`, {
          spec: { user: 'a', ...access('get', 'pods'), nonResourceAttributes: { path: '/x', verb: 'get' } },
        }),
        post(`${authorization}/subjectaccessreviews`, {
          spec: { user: 'a', nonResourceAttributes: { path: '/version', verb: 'get' } },
        }),
        post(`${authorization}/subjectaccessreviews`, { spec: access('get', 'pods') }),
        post(`${authorization}/subjectaccessreviews`, {
          metadata: { name: 'x', labels: { a: 'b' } },
          spec: { user: 'a', ...access('get', 'pods') },
        }),
        post(`${authorization}/subjectaccessreviews`, {
          spec: { user: 'a', ...access('get', 'pods') },
          status: { allowed: true, reason: 'x' },
        }),
        post(`${authorization}/subjectaccessreviews?dryRun=All`, { spec: { user: 'a', ...access('get', 'pods') } }),
        post(`${authorization}/subjectaccessreviews`, {
          spec: {
            user: 'a',
            resourceAttributes: {
              verb: 'list',
              resource: 'pods',
              fieldSelector: { rawSelector: 'a=b', requirements: [{ key: 'a', operator: 'In', values: ['b'] }] },
              labelSelector: { rawSelector: 'nonsense in (' },
            },
          },
        }),
        post(`${authorization}/selfsubjectaccessreviews`, { spec: access('get', 'pods') }),
        post(`${authorization}/selfsubjectaccessreviews`, { spec: access('get', 'pods') }, { user: 'alice' }),
        post(`${authorization}/selfsubjectaccessreviews`, {}, { user: 'alice' }),
        post(`${authorization}/namespaces/$ns/localsubjectaccessreviews`, {
          metadata: { namespace: '$ns' },
          spec: { user: 'a', ...access('get', 'pods') },
        }),
        post(`${authorization}/namespaces/$ns/localsubjectaccessreviews`, {
          spec: { user: 'a', ...access('get', 'pods') },
        }),
        post(`${authorization}/namespaces/$ns/localsubjectaccessreviews`, {
          metadata: { namespace: 'other' },
          spec: { user: 'a', ...access('get', 'pods') },
        }),
        post(`${authorization}/namespaces/$ns/localsubjectaccessreviews`, {
          spec: { user: 'a', resourceAttributes: { verb: 'get', resource: 'pods', namespace: 'other' } },
        }),
        post(
          `${authorization}/selfsubjectrulesreviews`,
          { spec: { namespace: '$ns' } },
          // Other cases give alice more.
          { headers: { 'Impersonate-User': '$id' }, view: inOrder },
        ),
        post(`${authorization}/selfsubjectrulesreviews`, { spec: {} }),
        post(
          `${authorization}/selfsubjectrulesreviews`,
          { spec: { namespace: '$ns' } },
          { user: 'anonymous', view: inOrder },
        ),
      ],
    },
    {
      name: 'token reviews',
      steps: [
        post(tokens, { spec: { token: 'admintoken' } }),
        post(tokens, { spec: { token: 'alicetoken', audiences: ['x'] } }),
        post(tokens, { spec: { token: 'nonsense' } }),
        post(tokens, { spec: {} }),
        post(tokens, {}),
        post(tokens, { metadata: { name: 'x' }, spec: { token: 'admintoken' }, status: { authenticated: false } }),
        post(
          tokens,
          { spec: { token: 'admintoken' } },
          { headers: { accept: 'application/json;as=Table;g=meta.k8s.io;v=v1' } },
        ),
        post(tokens, { spec: { token: 'admintoken' } }, { headers: { accept: 'application/yaml' } }),
        post(tokens, { spec: { token: 'admintoken' } }, { headers: { accept: 'application/vnd.kubernetes.protobuf' } }),
        post(tokens, { spec: { token: 'admintoken' } }, { user: 'alice' }),
      ],
    },
    {
      name: 'impersonation',
      steps: [
        post('/apis/authentication.k8s.io/v1/selfsubjectreviews', {}, { headers: { 'impersonate-user': 'bob' } }),
        post(
          '/apis/authentication.k8s.io/v1/selfsubjectreviews',
          {},
          {
            headers: {
              'impersonate-user': 'bob',
              'impersonate-group': 'g',
              'impersonate-extra-a%2fb': 'c',
              'impersonate-uid': 'u',
            },
          },
        ),
        post(
          '/apis/authentication.k8s.io/v1/selfsubjectreviews',
          {},
          { headers: { 'impersonate-user': 'system:serviceaccount:$ns:default' } },
        ),
        post(
          '/apis/authentication.k8s.io/v1/selfsubjectreviews',
          {},
          { headers: { 'impersonate-user': 'system:anonymous' } },
        ),
        post(
          '/apis/authentication.k8s.io/v1/selfsubjectreviews',
          {},
          { headers: { 'impersonate-user': 'system:node:x' } },
        ),
        post('/apis/authentication.k8s.io/v1/selfsubjectreviews', {}, { headers: { 'impersonate-group': 'g' } }),
        post('/apis/authentication.k8s.io/v1/selfsubjectreviews', {}, { headers: { 'impersonate-uid': 'g' } }),
        post(
          '/apis/authentication.k8s.io/v1/selfsubjectreviews',
          {},
          { headers: { 'impersonate-user': 'bob' }, user: 'alice' },
        ),
        post(
          '/apis/authentication.k8s.io/v1/selfsubjectreviews',
          {},
          { headers: { 'impersonate-user': 'bob' }, user: 'anonymous' },
        ),
        get(pods, { headers: { 'impersonate-user': 'bob' } }),
      ],
    },
    {
      name: 'a pod asks for its token',
      steps: [
        running,
        post(
          `${accounts}/default/token`,
          { spec: { boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: 'p' } } },
          { view: hideToken },
        ),
        post(
          `${accounts}/default/token`,
          { spec: { boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: 'p', uid: 'other' } } },
          { view: hideToken },
        ),
      ],
    },
  ],
}
