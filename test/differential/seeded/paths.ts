import type { Chance } from '../../fuzz/chance.ts'
import { WORDS } from '../../fuzz/words.ts'
import { type Case, given, post, type Step } from '../case.ts'
import { configMap, deployment, deployments, maps, pod, pods } from '../things.ts'
import { modest } from './modest.ts'
import { mutate, textOf } from './mutate.ts'
import { anyAccept, anyContentType, anyQuery, otherHeaders } from './wishes.ts'

const METHODS = ['GET', 'GET', 'GET', 'GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS', 'TRACE']
const PATHS = [
  maps,
  `${maps}/a`,
  `${maps}/none`,
  `${pods}/a`,
  pods,
  `${pods}/a/status`,
  `${pods}/a/log`,
  `${pods}/a/ephemeralcontainers`,
  deployments,
  `${deployments}/a`,
  `${deployments}/a/scale`,
  `${deployments}/a/status`,
  '/api/v1/namespaces/$ns',
  '/api/v1/namespaces/$ns/status',
  '/api/v1/namespaces/$ns/finalize',
  '/api/v1/namespaces',
  '/api/v1/nodes/$id',
  '/api/v1/nodes/$id/status',
  '/api/v1/watch/namespaces/$ns/configmaps',
  '/apis/rbac.authorization.k8s.io/v1/clusterroles/view',
  '/apis/rbac.authorization.k8s.io/v1/namespaces/$ns/roles',
  '/apis/autoscaling/v1/namespaces/$ns/horizontalpodautoscalers',
  '/apis/autoscaling/v2/namespaces/$ns/horizontalpodautoscalers',
  '/apis/events.k8s.io/v1/namespaces/$ns/events',
  '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/none',
  '/apis/apiregistration.k8s.io/v1/apiservices/v1.apps',
  '/apis/apiregistration.k8s.io/v1/apiservices/v1.apps/status',
  '/apis/authentication.k8s.io/v1/selfsubjectreviews',
  '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews',
  '/apis/coordination.k8s.io/v1/namespaces/$ns/leases',
  '/apis/policy/v1/namespaces/$ns/poddisruptionbudgets',
  '/api',
  '/api/v1',
  '/apis',
  '/apis/apps',
  '/apis/apps/v1',
  '/apis/apiregistration.k8s.io',
  '/apis/apiextensions.k8s.io/v1',
  '/version',
  '/healthz',
  '/healthz/ping',
  '/livez',
  '/livez/etcd',
  '/readyz',
  '/openid/v1/jwks',
  '/.well-known/openid-configuration',
  '/openapi/v3',
  '/openapi/v3/apis/none',
  '/openapi/v2',
  '/metrics',
  '/logs',
  '/swagger.json',
  '/',
  '',
]
const SEGMENTS = [
  'status',
  'scale',
  'log',
  'x',
  '..',
  '.',
  '',
  'namespaces',
  'default',
  'v1',
  'v2',
  'apps',
  'none.example.com',
  'nonsenses',
  'proxy',
  'exec',
  'x'.repeat(300),
  'Pods',
  'pods',
  '%2e',
  '%2e%2e',
  '%2f',
  'a%2fb',
  '%00',
  '%20',
  'a%20b',
  'a:b',
  'a;b',
  'a,b',
  '%e2%80%a8',
  '%ff',
  '%5c',
  'a@b',
  '*',
  '+',
  '~',
  '$',
  '%25',
  '%3f',
  '%23',
]

/** A path that leads somewhere, or nearly. */
export function anyPath(chance: Chance): string {
  let path = chance.pick(PATHS)
  if (chance.is(0.45)) return path
  for (let left = 1 + chance.below(2); left > 0; left--) path = bent(path, chance)
  return path.replace(/^(?!\/)/, '/')
}

function bent(path: string, chance: Chance): string {
  const segments = path.split('/')
  const at = 1 + chance.below(segments.length)
  switch (chance.below(6)) {
    case 0:
      return `${path}/`
    case 1:
      return segments.toSpliced(at, 0, chance.pick(SEGMENTS)).join('/')
    case 2:
      return segments.toSpliced(at, 1, chance.pick(SEGMENTS)).join('/')
    case 3:
      return segments.toSpliced(at, 1).join('/')
    case 4:
      return `${path}/${chance.is(0.7) ? chance.pick(SEGMENTS) : encodeURIComponent(chance.pick(WORDS).toWellFormed())}`
    default:
      return segments.slice(0, at).join('/')
  }
}

const QUIET_WRITES = /^\/+(?:api\/v1\/namespaces|apis|api)/

function anyStep(chance: Chance): Step {
  const method = chance.pick(METHODS)
  const path = anyPath(chance)
  const writes = !['GET', 'HEAD', 'OPTIONS'].includes(method)
  let query = anyQuery(chance)
  // What all cases share is left as it is.
  if (writes && !path.includes('$ns/') && QUIET_WRITES.test(path)) query += `${query === '' ? '?' : '&'}dryRun=All`
  if (path.startsWith('/api/v1/watch') || /\/watch\//.test(path)) query += `${query === '' ? '?' : '&'}timeoutSeconds=1`
  const type =
    method === 'PATCH'
      ? chance.pick([
          'application/merge-patch+json',
          'application/json-patch+json',
          'application/apply-patch+yaml',
          anyContentType(chance),
        ])
      : chance.is(0.7)
        ? 'application/json'
        : anyContentType(chance)
  const body = writes && chance.is(0.9) ? { body: anyBody(chance) } : {}
  const headers = {
    ...(chance.is(0.4) && { accept: anyAccept(chance) }),
    ...(writes && { 'content-type': type }),
    ...otherHeaders(chance),
  }
  const user = chance.is(0.05) ? ({ user: chance.pick(['alice', 'anonymous'] as const) } as const) : {}
  return { method, path: `${path}${query}`, headers, ...body, ...user, view: modest(path) }
}

function anyBody(chance: Chance): string {
  const object = chance.pick([
    configMap('a'),
    configMap('b'),
    pod('b'),
    deployment('b'),
    {},
    { kind: 'DeleteOptions', apiVersion: 'v1' },
    { metadata: { labels: { x: 'y' } } },
    [{ op: 'add', path: '/metadata/labels', value: { a: 'b' } }],
    null,
    [],
  ])
  return textOf(chance.is(0.4) ? mutate(object, chance) : object)
}

/** Requests of all methods at all sorts of paths, with all sorts of queries and headers. */
export const paths = (chance: Chance): Case => ({
  name: 'paths',
  steps: [
    given(post(maps, configMap('a', { metadata: { name: 'a', labels: { a: 'b' } } }))),
    given(post(pods, pod('a'))),
    given(post(deployments, deployment('a'))),
    ...chance.times(10, () => anyStep(chance)),
  ],
})
