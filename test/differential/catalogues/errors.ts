import { type Case, type Catalogue, del, get, given, patch, post, put, single, type Step } from '../case.ts'
import { configMap, maps, pod, pods } from '../things.ts'

const role = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata: { name: 'a' }, rules: [] }
const roles = '/apis/rbac.authorization.k8s.io/v1/clusterroles'

/** Every method at one path. */
function everyMethod(name: string, path: string, body: object, more: Omit<Step, 'method' | 'path'> = {}): Case {
  return {
    name,
    steps: [
      get(path, more),
      get(`${path}?watch=1&timeoutSeconds=1`, more),
      post(path, body, more),
      put(path, body, more),
      patch('merge', path, { metadata: { labels: { x: 'y' } } }, more),
      del(path, more),
    ],
  }
}

const kindOf = (body: unknown): unknown => {
  const { kind, message } = body as { kind: string; message?: string }
  return message ?? kind
}
const map = configMap('a')

/** Requests that lead nowhere. */
export const errors: Catalogue = {
  name: 'errors',
  cases: [
    everyMethod('an object that is not there', `${maps}/a`, map),
    everyMethod('a cluster-wide object that is not there', `${roles}/$id`, role),
    everyMethod(
      'a cluster-wide object through a namespace',
      `/apis/rbac.authorization.k8s.io/v1/namespaces/$ns/clusterroles/a`,
      role,
    ),
    everyMethod(
      'cluster-wide objects through a namespace',
      `/apis/rbac.authorization.k8s.io/v1/namespaces/$ns/clusterroles`,
      role,
    ),
    everyMethod('a namespaced object without its namespace', '/api/v1/configmaps/a', map),
    everyMethod('an object in a namespace that is not there', '/api/v1/namespaces/$id/configmaps/a', map),
    everyMethod('a collection in a namespace that is not there', '/api/v1/namespaces/$id/configmaps', map),
    everyMethod('an unknown resource', '/api/v1/namespaces/$ns/nonsenses', map),
    everyMethod('an object of an unknown resource', '/api/v1/namespaces/$ns/nonsenses/a', map),
    everyMethod('an unknown cluster-wide resource', '/api/v1/nonsenses', map),
    everyMethod('an unknown resource of another group', '/apis/apps/v1/nonsenses', map),
    everyMethod('an unknown version of the core group', '/api/v2/namespaces/$ns/configmaps', map),
    everyMethod('an unknown version', '/apis/apps/v1beta1/namespaces/$ns/deployments', map),
    everyMethod('an unknown group', '/apis/nonsense.example.com/v1/namespaces/$ns/deployments', map),
    everyMethod('an unknown group with no resource', '/apis/nonsense.example.com', map),
    everyMethod('an unknown group and version with no resource', '/apis/nonsense.example.com/v1', map),
    everyMethod('an unknown version with no resource', '/apis/apps/v9', map),
    everyMethod('an unknown path', '/nonsense/path', map),
    everyMethod('an unknown path below api', '/api/nonsense', map),
    everyMethod('a namespace as resource of itself', '/api/v1/namespaces/$ns/namespaces', map),
    {
      ...everyMethod('an unknown subresource', `${maps}/a/nonsense`, map),
      steps: [given(post(maps, map)), ...everyMethod('', `${maps}/a/nonsense`, map).steps],
    },
    {
      name: 'an unknown subresource of a pod',
      steps: [given(post(pods, pod('p'))), ...everyMethod('', `${pods}/p/nonsense`, pod('p')).steps],
    },
    {
      name: 'status of what has none',
      steps: [given(post(maps, map)), ...everyMethod('', `${maps}/a/status`, map).steps],
    },
    {
      name: 'scale of what has none',
      steps: [given(post(pods, pod('p'))), ...everyMethod('', `${pods}/p/scale`, pod('p')).steps],
    },
    everyMethod('a subresource of a collection', `${maps}//status`, map),
    everyMethod('binding', `${pods}/a/binding`, pod('a')),
    everyMethod('eviction', `${pods}/a/eviction`, pod('a')),
    everyMethod('log', `${pods}/a/log`, pod('a')),
    everyMethod('exec', `${pods}/a/exec`, pod('a')),
    everyMethod('attach', `${pods}/a/attach`, pod('a')),
    everyMethod('portforward', `${pods}/a/portforward`, pod('a')),
    everyMethod('proxy of a pod', `${pods}/a/proxy`, pod('a')),
    everyMethod('proxy of a service', '/api/v1/namespaces/$ns/services/a/proxy/x', map),
    everyMethod('proxy of a node', '/api/v1/nodes/$id/proxy/x', map),
    everyMethod('status of a pod', `${pods}/a/status`, pod('a')),
    everyMethod('ephemeral containers', `${pods}/a/ephemeralcontainers`, pod('a')),
    everyMethod('resize', `${pods}/a/resize`, pod('a')),
    everyMethod('token', '/api/v1/namespaces/$ns/serviceaccounts/a/token', map),
    everyMethod('approval', '/apis/certificates.k8s.io/v1/certificatesigningrequests/$id/approval', map),
    everyMethod('finalize', '/api/v1/namespaces/$id/finalize', map),
    everyMethod('bindings', '/api/v1/namespaces/$ns/bindings', map),
    // What they say is how the parts are.
    everyMethod('component statuses', '/api/v1/componentstatuses', map, { view: kindOf }),
    everyMethod('a component status', '/api/v1/componentstatuses/scheduler', map, { view: kindOf }),
    everyMethod('token reviews', '/apis/authentication.k8s.io/v1/tokenreviews', map),
    everyMethod('a token review', '/apis/authentication.k8s.io/v1/tokenreviews/a', map),
    everyMethod('access reviews', '/apis/authorization.k8s.io/v1/subjectaccessreviews', map),
    everyMethod('local access reviews', '/apis/authorization.k8s.io/v1/namespaces/$ns/localsubjectaccessreviews', map),
    everyMethod('not allowed', '/api/v1/namespaces/$ns/configmaps/a', map, { user: 'alice' }),
    everyMethod('not allowed: a collection', '/api/v1/namespaces/$ns/configmaps', map, { user: 'alice' }),
    everyMethod('not allowed: cluster-wide', `${roles}/a`, role, { user: 'alice' }),
    everyMethod('not allowed: a subresource', `${pods}/a/log`, map, { user: 'alice' }),
    everyMethod('not allowed: an unknown resource', '/api/v1/nonsenses', map, { user: 'alice' }),
    everyMethod('not allowed: an unknown group', '/apis/none.example.com/v1/nonsenses', map, { user: 'alice' }),
    everyMethod('not allowed: a path', '/metrics', map, { user: 'alice' }),
    everyMethod('anonymous', maps, map, { user: 'anonymous' }),
    everyMethod('anonymous: a path', '/openapi/v2', map, { user: 'anonymous' }),
    ...single({
      'a bad token': get(maps, { headers: { authorization: 'Bearer nonsense' } }),
      'a bad token at a public path': get('/version', { headers: { authorization: 'Bearer nonsense' } }),
      'another scheme of authorization': get(maps, { headers: { authorization: 'Basic YTpi' } }),
      'an empty token': get(maps, { headers: { authorization: 'Bearer ' } }),
      'POST to an object': post(`${maps}/a`, map),
      'PUT to a collection': put(maps, map),
      'DELETE of a collection of reviews': del('/apis/authentication.k8s.io/v1/tokenreviews'),
      'trailing slash': get(`${maps}/`),
      'trailing slash of an object': get(`${maps}/none/`),
      'double slash': get('/api//v1/namespaces'),
      'double slash at the start': get('//api/v1/namespaces/default'),
      dots: get('/api/v1/../v1/namespaces/default'),
      'an escaped slash': get(`${maps}/a%2Fb`),
      'an escaped name': get('/api/v1/namespaces/%64efault', { compare: ['status', 'headers'] }),
      'a bad escape': get(`${maps}/%zz`),
      'a space': get(`${maps}/a%20b`),
      'a name in capitals': get(`${maps}/ABC`),
      'a long name': get(`${maps}/${'a'.repeat(300)}`),
      'a percent sign': get(`${maps}/a%25b`),
      'a NUL': get(`${maps}/a%00b`),
      'no version': get('/apis/apps'),
      root: get('/', { compare: ['status', 'headers'] }),
      'a very long URL': get(`${maps}?labelSelector=${'a'.repeat(200_000)}`, { compare: ['status'] }),
      'a long query': get(`${maps}?labelSelector=x+in+(${Array.from({ length: 500 }, (_, i) => `value${i}`).join()})`),
    }),
  ],
}
