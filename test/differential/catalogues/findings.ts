import { type Case, type Catalogue, del, get, given, patch, post, put, single, type Step } from '../case.ts'
import { deployment, deployments, maps, pod, pods } from '../things.ts'

const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
const things = '/apis/$id.example.com/v1/namespaces/$ns/things'

const definition = {
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
        subresources: { status: {}, scale: { specReplicasPath: '.spec.a', statusReplicasPath: '.status.replicas' } },
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: {
              spec: {
                type: 'object',
                properties: {
                  a: { type: 'integer' },
                  b: { 'x-kubernetes-int-or-string': true },
                  n: { type: 'string' },
                  l: { type: 'array', items: { type: 'string' } },
                },
              },
              status: { type: 'object', properties: { replicas: { type: 'integer' } } },
            },
          },
        },
      },
    ],
  },
}

const thing = (more: object): object => ({
  apiVersion: '$id.example.com/v1',
  kind: 'Thing',
  metadata: { name: 'a' },
  ...more,
})
const ofThings = (name: string, ...steps: readonly Step[]): Case => ({
  name,
  steps: [given(post(definitions, definition)), get(things, { until: '"items"' }), ...steps],
})

/** A body with something in it that JSON.stringify does not write. */
const configuration = (data: string): string =>
  `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":${data}}`
const twice = configuration('{"a":"1","a":"2"}')

/** What generated requests (../generated) found. */
export const findings: Catalogue = {
  name: 'findings',
  cases: [
    ...single({
      "pretty in Go's words for true": get('/api/v1/namespaces/$ns?pretty=True'),
      'pretty in other words': get('/api/v1/namespaces/$ns?pretty=yes'),
      'apply: a key twice': patch('apply', `${maps}/a?fieldManager=m`, twice),
      'apply: a key twice, strict': patch('apply', `${maps}/a?fieldManager=m&fieldValidation=Strict`, twice),
      'apply: a key twice, and what cannot be applied': patch(
        'apply',
        `${maps}/a?fieldManager=m`,
        configuration('{"a":1,"a":1}'),
      ),
      'YAML: a key twice in what looks like JSON': post(maps, twice, {
        headers: { 'content-type': 'application/yaml' },
      }),
      'another kind with fields of other types': post(maps, '{"apiVersion":"v1","kind":"None","metadata":"x"}'),
      'another version with fields of other types': post(maps, '{"apiVersion":"x/v1","kind":"ConfigMap","data":[]}'),
      'a version of three parts with fields of other types': post(
        maps,
        '{"apiVersion":"a/b/c","kind":"ConfigMap","data":[]}',
      ),
      'a list in place of its items': post(maps, '{"apiVersion":"v1","kind":"ConfigMapList","items":"x"}', {
        compare: ['status'],
      }),
      'rules review with metadata': post(
        '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews',
        {
          kind: 'SelfSubjectRulesReview',
          apiVersion: 'authorization.k8s.io/v1',
          metadata: { name: 'a', labels: { x: 'y' } },
          spec: { namespace: 'default' },
        },
        { view: metadataOf, compare: ['status', 'body'] },
      ),
      'binding without a name': post('/api/v1/namespaces/$ns/bindings', {
        apiVersion: 'v1',
        kind: 'Binding',
        target: { kind: 'Node', name: 'n' },
      }),
      'other methods than GET come before the form': del('/openid/v1/jwks', { headers: { accept: 'text/html' } }),
      "PUT of the issuer's document": put('/.well-known/openid-configuration', {}),
      'HEAD of the versions of the core group, in a form that is not': {
        method: 'HEAD',
        path: '/api',
        headers: { accept: 'application/cbor-seq' },
      },
    }),
    {
      name: 'subresources of kinds of their own: fields of other types',
      steps: [
        given(post(pods, pod('p'))),
        given(post(deployments, deployment('d'))),
        post(`${pods}/p/eviction`, {
          apiVersion: 'policy/v1',
          kind: 'Eviction',
          metadata: { name: 'p' },
          deleteOptions: { gracePeriodSeconds: 'x' },
        }),
        post(`${pods}/p/binding`, { apiVersion: 'v1', kind: 'Binding', metadata: { name: 'p' }, target: 'x' }),
        post('/api/v1/namespaces/$ns/serviceaccounts/default/token', {
          apiVersion: 'authentication.k8s.io/v1',
          kind: 'TokenRequest',
          spec: { audiences: 'x' },
        }),
        put(`${deployments}/d/scale`, {
          apiVersion: 'autoscaling/v1',
          kind: 'Scale',
          metadata: { name: 'd' },
          spec: { replicas: 'x' },
        }),
        put(`${deployments}/d/scale`, {
          apiVersion: 'apps/v1beta2',
          kind: 'Scale',
          metadata: { name: 'd' },
          spec: { replicas: 1 },
        }),
        patch('apply', `${deployments}/d/scale?fieldManager=m`, { apiVersion: 'apps/v1', kind: 'Scale' }),
        patch('apply', `${deployments}/d/scale?fieldManager=m`, { kind: 'Scale', spec: { replicas: 1 } }),
        patch('apply', `${deployments}/none/scale?fieldManager=m`, { kind: 'Scale', spec: { replicas: 1 } }),
        patch('apply', `${deployments}/d/scale?fieldManager=m`, { kind: 'Scale', apiVersion: 5 }),
        get(`${deployments}/d/status/x`),
        get(`${pods}/p/log/x`),
        del(`${deployments}/d/status/x`),
      ],
    },
    {
      name: 'watches of the old kind begin with what is there',
      steps: [
        given(post(maps, { metadata: { name: 'a' } })),
        get('/api/v1/watch/namespaces/$ns/configmaps?timeoutSeconds=1', { watch: { events: 1 } }),
        get('/api/v1/watch/namespaces/$ns/configmaps/a?resourceVersion=0&timeoutSeconds=1', { watch: { events: 1 } }),
      ],
    },
    {
      name: 'strategic merge patch of what an object is',
      steps: [
        given(post(pods, pod('p'))),
        patch('strategic', `${pods}/p`, { kind: [[1]] }),
        patch('strategic', `${pods}/p`, { apiVersion: { a: 1 } }),
        patch('strategic', `${pods}/p`, { kind: 'x', apiVersion: null }),
      ],
    },
    {
      name: 'patch: how an object that is none is quoted',
      steps: [
        given(post(pods, pod('p'))),
        patch('merge', `${pods}/p`, { spec: { containers: 1 }, metadata: { labels: { z: 'y', a: 'b' } } }),
        patch('merge', `${pods}/p`, { spec: 'x' }),
        patch('json', `${pods}/p`, [{ op: 'replace', path: '/spec/containers/0/image', value: { z: 1, a: 2 } }]),
        patch('json', `${pods}/p`, [{ op: 'add', path: '/metadata/labels', value: ['x'] }]),
      ],
    },
    ofThings(
      'custom resources: values of other types',
      ...['"web"', '["web"]', '1.5', '{"name":"a","labels":"x"}', '{"name":"a","labels":{"a":1}}'].map((metadata) =>
        post(things, `{"apiVersion":"$id.example.com/v1","kind":"Thing","metadata":${metadata},"spec":{}}`),
      ),
      ...[
        { b: { a: [1, { b: null }], c: 1 } },
        { b: [{ a: 1 }] },
        { n: { x: { y: 1 } } },
        { l: { x: 1 } },
        { l: [{ x: 1 }] },
      ].flatMap((spec) => [post(things, thing({ spec })), post(`${things}?fieldValidation=Strict`, thing({ spec }))]),
      put(`${things}/a`, thing({ metadata: 'web' })),
    ),
    ofThings(
      'custom resources: what they say they are',
      post(things, '{"apiVersion":"$id.example.com/v1","kind":null,"metadata":{"name":"a","labels":"x"}}'),
      post(things, '{"apiVersion":"$id.example.com/v1","kind":"Thing","kind":"X","metadata":{"name":"a"}}'),
      post(things, '{"apiVersion":"$id.example.com/v1","kind":"Thing","apiVersion":"x","metadata":{"name":"a"}}'),
      post(
        things,
        '{"apiVersion":"$id.example.com/v1","kind":"Thing","metadata":{"name":"a"},"metadata":{"name":"b","name":"c"}}',
      ),
    ),
    ofThings(
      'custom resources: methods of subresources, and fields that are not selected by',
      given(post(things, thing({}))),
      del(`${things}/a/status`),
      del(`${things}/a/scale`),
      post(`${things}/a/status`, {}),
      get(`${things}?fieldSelector=a%3Db`),
      patch(
        'apply',
        `${things}/a?fieldManager=m`,
        '{"apiVersion":"$id.example.com/v1","kind":"Thing","metadata":{"name":"a"},"spec":{"a":1,"a":2}}',
      ),
    ),
  ],
}

function metadataOf(body: unknown): unknown {
  const { metadata, spec } = body as { metadata: unknown; spec: unknown }
  return { metadata, spec }
}
