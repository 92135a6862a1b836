import { type Case, type Catalogue, del, get, given, patch, post, put, type Step } from '../case.ts'
import { configMap, deployment, deployments, maps } from '../things.ts'

const table = 'as=Table;g=meta.k8s.io;v=v1'
const partial = 'as=PartialObjectMetadata;g=meta.k8s.io;v=v1'
const partials = 'as=PartialObjectMetadataList;g=meta.k8s.io;v=v1'

const accepts = [
  '',
  '*/*',
  '*',
  'application/*',
  'text/*',
  'text/html',
  'text/html,application/xhtml+xml,*/*;q=0.8',
  'application/json',
  'APPLICATION/JSON',
  'application/json;q=0',
  'application/json;q=0.1,application/yaml;q=0.9',
  'application/yaml',
  'application/yaml;q=0.5,application/json;q=0.5',
  'application/vnd.kubernetes.protobuf',
  'application/vnd.kubernetes.protobuf,application/json',
  'application/vnd.kubernetes.protobuf;type=x',
  'application/cbor',
  'application/cbor,application/json;q=0.5',
  'application/json;pretty=1',
  'application/json;pretty=true',
  'application/json; charset=utf-8',
  'application/json;stream=watch',
  'application/json;stream=other',
  'application/json;sv=x',
  'application/json;nonsense=x',
  'application/json;q=x',
  'application/json;q=2',
  ',',
  ';',
  'application/json,,',
  'application',
  '/',
  `application/json;${table}`,
  `application/json;${table.replace('v=v1', 'v=v1beta1')}`,
  `application/json;${table.replace('v=v1', 'v=v2')}`,
  `application/json;${table.replace('v=v1', 'v=')}`,
  `application/json;${table.replace('g=meta.k8s.io', 'g=x')}`,
  'application/json;as=Table',
  'application/json;g=meta.k8s.io;v=v1',
  'application/json;as=Nonsense;g=meta.k8s.io;v=v1',
  `application/json;${table},application/json`,
  `application/json;as=Nonsense;g=meta.k8s.io;v=v1,application/json`,
  `application/yaml;${table}`,
  `application/vnd.kubernetes.protobuf;${table}`,
  `application/vnd.kubernetes.protobuf;${table},application/json;${table}`,
  `application/vnd.kubernetes.protobuf;${table},application/vnd.kubernetes.protobuf`,
  `application/json;${partial}`,
  `application/json;${partial.replace('v=v1', 'v=v1beta1')}`,
  `application/yaml;${partial}`,
  `application/vnd.kubernetes.protobuf;${partial}`,
  `application/json;${partials}`,
  `application/json;${partials.replace('v=v1', 'v=v1beta1')}`,
  `application/yaml;${partials}`,
  `application/vnd.kubernetes.protobuf;${partials}`,
  `application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json`,
]

const named = (accept: string): Case => {
  const more: Partial<Step> = { headers: { accept } }
  return {
    name: `Accept: ${accept}`,
    steps: [
      given(post(maps, configMap('a'))),
      get(`${maps}/a`, more),
      get(maps, more),
      get(`${maps}/none`, more),
      get('/api/v1/namespaces/$ns/nonsense', more),
      post(maps, configMap('b'), more),
      put(`${maps}/a`, configMap('a'), more),
      patch('merge', `${maps}/a`, {}, { headers: { accept, 'content-type': 'application/merge-patch+json' } }),
      del(`${maps}/a`, more),
      get(maps),
    ],
  }
}
const includes = ['', 'None', 'Metadata', 'Object', 'none', 'nonsense']
const asTable = { headers: { accept: `application/json;${table}` } }
const big = (name: string): object => configMap(name, { data: { a: 'x'.repeat(200_000) } })
const shape = {
  view: (body: unknown): unknown => (typeof body === 'object' && body !== null ? Object.keys(body) : body),
}

/** The forms of answers. */
export const negotiation: Catalogue = {
  name: 'negotiation',
  cases: [
    ...accepts.map(named),
    ...includes.map((value): Case => ({
      name: `tables with includeObject=${value}`,
      steps: [
        given(post(maps, configMap('a'))),
        get(`${maps}/a?includeObject=${value}`, asTable),
        get(`${maps}?includeObject=${value}`, asTable),
        get(`${maps}/none?includeObject=${value}`, asTable),
      ],
    })),
    {
      name: 'tables of what is written',
      steps: [
        post(deployments, deployment('d'), asTable),
        get(`${deployments}/d/status`, asTable),
        get(`${deployments}/d/scale`, asTable),
        patch(
          'merge',
          `${deployments}/d/scale`,
          { spec: { replicas: 1 } },
          { headers: { accept: `application/json;${partial}`, 'content-type': 'application/merge-patch+json' } },
        ),
        get(`${deployments}/d/scale`, { headers: { accept: 'application/vnd.kubernetes.protobuf' } }),
        get(`${deployments}/d/scale`, { headers: { accept: 'application/yaml' } }),
      ],
    },
    {
      name: 'paths that are no resources',
      steps: ['/version', '/healthz', '/api', '/apis', '/apis/apps', '/apis/apps/v1', '/nonsense'].flatMap((path) =>
        ['application/yaml', 'application/vnd.kubernetes.protobuf', 'text/html', `application/json;${table}`].map(
          (accept) => get(path, { headers: { accept }, compare: ['status', 'headers'] }),
        ),
      ),
    },
    {
      name: 'errors before an object is reached',
      steps: ['application/yaml', 'application/vnd.kubernetes.protobuf', 'text/html'].flatMap((accept) => [
        get(maps, { headers: { accept }, user: 'alice' }),
        get(maps, { headers: { accept, authorization: 'Bearer x' } }),
      ]),
    },
    {
      name: 'compression',
      steps: [
        given(post(maps, big('a'))),
        ...[
          'gzip',
          'gzip, deflate, br',
          'deflate',
          'identity',
          'gzip;q=0',
          '*',
          'x-gzip',
          'GZIP',
          'gzip;q=0.5',
        ].flatMap((encoding) => [
          get(`${maps}/a`, { headers: { 'accept-encoding': encoding }, ...shape }),
          get(maps, { headers: { 'accept-encoding': encoding }, ...shape }),
        ]),
        get(`${maps}/none`, { headers: { 'accept-encoding': 'gzip' } }),
        get('/openapi/v2', { headers: { 'accept-encoding': 'gzip' }, ...shape }),
        get('/api/v1', { headers: { 'accept-encoding': 'gzip' }, ...shape }),
        get('/apis/apps/v1', { headers: { 'accept-encoding': 'gzip' }, ...shape }),
        get('/version', { headers: { 'accept-encoding': 'gzip' }, ...shape }),
        get(`${maps}?watch=1&timeoutSeconds=1`, {
          headers: { 'accept-encoding': 'gzip' },
          compare: ['status', 'headers'],
        }),
      ],
    },
    {
      name: 'for people',
      steps: [
        given(post(maps, configMap('a'))),
        ...['curl/8', 'Wget/1', 'Mozilla/5.0 (X11)', 'kubectl/v1.36', 'curl'].flatMap((agent) => [
          get(`${maps}/a`, { headers: { 'user-agent': agent } }),
          get(`${maps}/a?pretty=0`, { headers: { 'user-agent': agent } }),
        ]),
      ],
    },
  ],
}
