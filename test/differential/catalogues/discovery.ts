import { type Case, type Catalogue, get, post, single, type Step } from '../case.ts'
import { digest } from '../normalise.ts'

const groups = [
  'admissionregistration.k8s.io',
  'apiextensions.k8s.io',
  'apiregistration.k8s.io',
  'apps',
  'authentication.k8s.io',
  'authorization.k8s.io',
  'autoscaling',
  'batch',
  'certificates.k8s.io',
  'coordination.k8s.io',
  'discovery.k8s.io',
  'events.k8s.io',
  'flowcontrol.apiserver.k8s.io',
  'networking.k8s.io',
  'node.k8s.io',
  'policy',
  'rbac.authorization.k8s.io',
  'resource.k8s.io',
  'scheduling.k8s.io',
  'storage.k8s.io',
]
const aggregated = (version: string): Partial<Step> => ({
  headers: { accept: `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList` },
})
const both =
  'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json'

/** Freshness is a matter of when each server looked; resources by name are easier to compare. */
function byName(body: unknown): unknown {
  if (typeof body !== 'object' || body === null || !('items' in body)) return body
  const { items, ...rest } = body as { items: { metadata: { name?: string }; versions: Version[] }[] }
  return {
    ...rest,
    groups: Object.fromEntries(items.map(({ metadata, versions }) => [metadata.name ?? '', versions.map(versionOf)])),
    order: items.map(({ metadata }) => metadata.name ?? ''),
  }
}
interface Version {
  readonly version: string
  readonly resources?: { readonly resource: string }[]
}
function versionOf({ resources = [], ...rest }: Version): unknown {
  return {
    ...rest,
    resources: Object.fromEntries(resources.map(({ resource, ...of }) => [resource, of])),
    order: resources.map(({ resource }) => resource).join(),
  }
}
function listByName(body: unknown): unknown {
  if (typeof body !== 'object' || body === null || !('resources' in body)) return body
  const { resources, ...rest } = body as { resources: { name: string }[] }
  return {
    ...rest,
    resources: Object.fromEntries(resources.map(({ name, ...of }) => [name, of])),
    order: resources.map(({ name }) => name).join(),
  }
}
/** Each path and each model of a document, by a hash of what it says without its texts. */
function openApi(body: unknown): unknown {
  if (typeof body !== 'object' || body === null) return body
  const document = body as OpenApi
  const { parameters = {} } = document
  // Upstream's parameters that are shared have names of its own.
  const inPlace = JSON.parse(JSON.stringify(document.paths ?? {}), (_field, value: { $ref?: string } | null) => {
    const name = value?.$ref?.startsWith('#/parameters/') ? value.$ref.slice('#/parameters/'.length) : undefined
    return name === undefined ? value : parameters[name]
  }) as object
  return {
    fields: Object.keys(document).sort(),
    paths: hashes(inPlace),
    models: hashes(document.definitions ?? document.components?.schemas),
  }
}
interface OpenApi {
  readonly paths?: object
  readonly definitions?: object
  readonly parameters?: Readonly<Record<string, unknown>>
  readonly components?: { readonly schemas?: object }
}
function hashes(of: object = {}): unknown {
  return Object.fromEntries(Object.entries(of).map(([name, value]) => [name, digest(withoutTexts(value)).slice(0, 6)]))
}
function withoutTexts(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutTexts)
  if (typeof value !== 'object' || value === null) return value
  // A reference that has a text beside it is wrapped.
  const { allOf, ...rest } = value as { allOf?: { $ref?: string }[] }
  if (allOf?.length === 1 && allOf[0]?.$ref !== undefined) return withoutTexts({ ...rest, ...allOf[0] })
  const entries = Object.entries(value as Record<string, unknown>)
  return Object.fromEntries(
    entries
      .filter(([field, of]) => field !== 'description' || typeof of !== 'string')
      .map(([field, of]) => [field, withoutTexts(of)]),
  )
}
const hashless = (body: unknown): unknown =>
  JSON.parse(JSON.stringify(body).replaceAll(/hash=[0-9A-Z]+/g, 'hash=<some>')) as unknown
const methods = (path: string): Step[] =>
  ['POST', 'PUT', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS'].map((method): Step => ({
    method,
    path,
    compare: ['status', 'headers'],
  }))
const names = ['paths', 'kind', 'apiVersion'] as const
const health = ['/healthz', '/livez', '/readyz']

/** What a server says of itself. */
export const discovery: Catalogue = {
  name: 'discovery',
  cases: [
    ...single({
      '/api': get('/api'),
      '/api/': get('/api/'),
      '/apis': get('/apis'),
      '/apis/': get('/apis/'),
      '/api/v1': get('/api/v1', { view: listByName }),
      '/api/v1/': get('/api/v1/', { view: listByName }),
      '/api/v2': get('/api/v2'),
      '/version': get('/version', { view: (body) => Object.keys(body as object).sort() }),
      '/version/': get('/version/', { view: (body) => Object.keys(body as object).sort() }),
      '/metrics': get('/metrics', { compare: ['status', 'headers'] }),
      '/': get('/', { view: (body) => names.map((name) => typeof (body as Record<string, unknown>)[name]) }),
      '/api, aggregated': get('/api', { ...aggregated('v2'), view: byName }),
      '/apis, aggregated': get('/apis', { ...aggregated('v2'), view: byName }),
      '/api, aggregated v2beta1': get('/api', aggregated('v2beta1')),
      '/apis, aggregated v2beta1': get('/apis', aggregated('v2beta1')),
      '/apis, aggregated v3': get('/apis', aggregated('v3')),
      '/apis, as kubectl asks': get('/apis', { headers: { accept: both }, view: byName }),
      '/api, as kubectl asks': get('/api', { headers: { accept: both }, view: byName }),
      '/apis, aggregated, without access': get('/apis', {
        ...aggregated('v2'),
        user: 'anonymous',
        compare: ['status'],
      }),
      '/apis, aggregated as nopeer': get('/apis', {
        headers: { accept: 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList;profile=nopeer' },
        view: byName,
      }),
      '/apis, aggregated in protobuf': get('/apis', {
        headers: { accept: 'application/vnd.kubernetes.protobuf;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList' },
        compare: ['status', 'headers'],
      }),
      '/api/v1, aggregated': get('/api/v1', { ...aggregated('v2'), compare: ['status', 'headers'] }),
      '/apis in protobuf': get('/apis', { headers: { accept: 'application/vnd.kubernetes.protobuf' } }),
      '/api in protobuf': get('/api', { headers: { accept: 'application/vnd.kubernetes.protobuf' } }),
      '/apis in YAML': get('/apis', { headers: { accept: 'application/yaml' } }),
      '/apis/apps in protobuf': get('/apis/apps', { headers: { accept: 'application/vnd.kubernetes.protobuf' } }),
      '/apis/apps/v1 in protobuf': get('/apis/apps/v1', { headers: { accept: 'application/vnd.kubernetes.protobuf' } }),
      '/apis for alice': get('/apis', { user: 'alice', compare: ['status'] }),
      '/api for nobody': get('/api', { user: 'anonymous' }),
      '/version for nobody': get('/version', { user: 'anonymous', compare: ['status', 'headers'] }),
      '/healthz for nobody': get('/healthz', { user: 'anonymous' }),
      '/metrics for nobody': get('/metrics', { user: 'anonymous' }),
      '/healthz/etcd for nobody': get('/healthz/etcd', { user: 'anonymous' }),
      'openid configuration': get('/.well-known/openid-configuration', { compare: ['status', 'headers'] }),
      'openid keys': get('/openid/v1/jwks', { compare: ['status', 'headers'] }),
      '/logs': get('/logs'),
      '/debug/pprof': get('/debug/pprof', { compare: ['status'] }),
      '/flagz': get('/flagz', { compare: ['status', 'headers'] }),
      '/statusz': get('/statusz', { compare: ['status', 'headers'] }),
      '/metrics/slis': get('/metrics/slis', { compare: ['status', 'headers'] }),
      '/ui': get('/ui'),
      '/swagger.json': get('/swagger.json'),
      '/swaggerapi': get('/swaggerapi'),
    }),
    ...groups.flatMap((group): Case[] => [
      { name: `/apis/${group}`, steps: [get(`/apis/${group}`), get(`/apis/${group}/`)] },
      ...(group === 'autoscaling' ? ['v1', 'v2'] : ['v1']).map((version): Case => ({
        name: `/apis/${group}/${version}`,
        steps: [get(`/apis/${group}/${version}`, { view: listByName })],
      })),
    ]),
    ...[
      '/api',
      '/apis',
      '/api/v1',
      '/apis/apps',
      '/apis/apps/v1',
      '/version',
      '/healthz',
      '/openapi/v2',
      '/openapi/v3',
      '/metrics',
      '/',
    ].map((path): Case => ({ name: `methods of ${path}`, steps: methods(path) })),
    {
      name: 'aggregated, known already',
      steps: ['/api', '/apis'].flatMap((path) => [
        get(path, { ...aggregated('v2'), compare: ['status', 'headers'] }),
        get(path, {
          headers: { ...aggregated('v2').headers, 'if-none-match': '"other"' },
          compare: ['status', 'headers'],
        }),
      ]),
    },
    ...health.flatMap((path): Case[] => [
      {
        name: `${path}: kinds of answers`,
        steps: [
          get(path),
          get(`${path}/ping`),
          get(`${path}/log`),
          get(`${path}/etcd`),
          get(`${path}/nonsense`),
          get(`${path}/`),
          get(`${path}?verbose`, { compare: ['status', 'headers'] }),
          get(`${path}?verbose=1`, { compare: ['status', 'headers'] }),
          get(`${path}?exclude=etcd`),
          get(`${path}?exclude=nonsense`),
          get(`${path}?verbose&exclude=nonsense&exclude=etcd`, {
            view: (text) =>
              String(text)
                .split('\n')
                .filter((line) => /etcd |ping|warn|exclude|check/.test(line)),
          }),
        ],
      },
    ]),
    {
      name: 'a health endpoint without what only the other has',
      steps: [
        get('/livez/informer-sync'),
        get('/readyz/informer-sync'),
        get('/healthz/poststarthook/rbac/bootstrap-roles'),
        get('/readyz/poststarthook/rbac/bootstrap-roles'),
        get('/readyz/shutdown'),
        get('/livez/shutdown'),
      ],
    },
    ...single({
      '/openapi/v2': get('/openapi/v2', { view: openApi }),
      '/openapi/v2 in protobuf': get('/openapi/v2', {
        headers: { accept: 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf' },
        compare: ['status', 'headers'],
      }),
      '/openapi/v2 in the new protobuf': get('/openapi/v2', {
        headers: { accept: 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf' },
        compare: ['status', 'headers'],
      }),
      '/openapi/v2 in YAML': get('/openapi/v2', { headers: { accept: 'application/yaml' } }),
      '/openapi/v2 in anything': get('/openapi/v2', { headers: { accept: '*/*' }, compare: ['status', 'headers'] }),
      '/openapi/v2/': get('/openapi/v2/', { compare: ['status'] }),
      '/openapi/v3': get('/openapi/v3', { view: hashless }),
      '/openapi/v3/': get('/openapi/v3/', { compare: ['status', 'headers'] }),
      '/openapi/v3 in YAML': get('/openapi/v3', {
        headers: { accept: 'application/yaml' },
        compare: ['status', 'headers'],
      }),
      '/openapi/v3 of nonsense': get('/openapi/v3/apis/nonsense/v1'),
      '/openapi/v3 of nonsense with a hash': get('/openapi/v3/apis/nonsense/v1?hash=ABC'),
      '/openapi/v3 with a stale hash': get('/openapi/v3/apis/apps/v1?hash=ABC', {
        view: (text) => String(text).replaceAll(/hash=[0-9A-F]+/g, 'hash=<some>'),
        compare: ['status', 'body'],
      }),
      '/openapi/v3 in protobuf': get('/openapi/v3/apis/apps/v1', {
        headers: { accept: 'application/com.github.proto-openapi.spec.v3@v1.0+protobuf' },
        compare: ['status', 'headers'],
      }),
      '/openapi/v3 in the new protobuf': get('/openapi/v3/apis/apps/v1', {
        headers: { accept: 'application/com.github.proto-openapi.spec.v3.v1.0+protobuf' },
        compare: ['status', 'headers'],
      }),
      '/openapi/v3 in text': get('/openapi/v3/apis/apps/v1', { headers: { accept: 'text/plain' } }),
      '/openapi': get('/openapi'),
    }),
    ...[
      'api',
      'apis',
      'api/v1',
      'version',
      '.well-known/openid-configuration',
      'openid/v1/jwks',
      'logs',
      ...groups.flatMap((group) => [`apis/${group}`, `apis/${group}/v1`]),
      'apis/autoscaling/v2',
    ].map((name): Case => ({ name: `/openapi/v3/${name}`, steps: [get(`/openapi/v3/${name}`, { view: openApi })] })),
    {
      name: 'a document of OpenAPI under its hash',
      steps: [
        get('/openapi/v3', { setup: true, save: 'index' }),
        get('{{index.paths.apis/apps/v1.serverRelativeURL}}', { compare: ['status'] }),
        get('/openapi/v2', { headers: { 'if-none-match': '"x"' }, compare: ['status', 'headers'] }),
      ],
    },
    {
      name: 'CORS',
      steps: [
        get('/version', { headers: { origin: 'http://example.com' }, compare: ['status', 'headers'] }),
        {
          method: 'OPTIONS',
          path: '/api/v1/pods',
          headers: { origin: 'http://example.com', 'access-control-request-method': 'GET' },
        },
      ],
    },
    {
      name: 'proxying reviews of oneself',
      steps: [
        post('/apis/authentication.k8s.io/v1/selfsubjectreviews', {}),
        post('/apis/authentication.k8s.io/v1/selfsubjectreviews', {}, { user: 'alice' }),
        post('/apis/authentication.k8s.io/v1/selfsubjectreviews', {}, { user: 'anonymous' }),
      ],
    },
  ],
}
