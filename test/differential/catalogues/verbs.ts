import { type Catalogue, del, get, given, patch, post, put, single } from '../case.ts'
import { configMap, deployment, deployments, maps, pod, pods } from '../things.ts'

const made = given(post(maps, configMap('a'), { save: 'a' }))
const role = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata: { name: '$id' }, rules: [] }
const roles = '/apis/rbac.authorization.k8s.io/v1/clusterroles'

/** Every verb where it is wanted. */
export const verbs: Catalogue = {
  name: 'verbs',
  cases: [
    {
      name: 'the life of a namespaced object',
      steps: [
        post(maps, configMap('a'), { save: 'a' }),
        get(`${maps}/a`),
        put(`${maps}/a`, configMap('a', { data: { a: '2' } })),
        patch('merge', `${maps}/a`, { data: { b: '3' } }),
        patch('strategic', `${maps}/a`, { data: { c: '3' } }),
        patch('json', `${maps}/a`, [{ op: 'remove', path: '/data/c' }]),
        patch('apply', `${maps}/a?fieldManager=me`, { apiVersion: 'v1', kind: 'ConfigMap', data: { d: '4' } }),
        get(maps),
        del(`${maps}/a`),
        get(`${maps}/a`),
        get(maps),
      ],
      managedFields: true,
    },
    {
      name: 'the life of a cluster-wide object',
      steps: [
        post(roles, role),
        get(`${roles}/$id`),
        put(`${roles}/$id`, { ...role, rules: [{ verbs: ['get'], apiGroups: [''], resources: ['pods'] }] }),
        patch('merge', `${roles}/$id`, { metadata: { labels: { x: 'y' } } }),
        get(`${roles}?labelSelector=x=y&fieldSelector=metadata.name=$id`),
        del(`${roles}/$id`),
        get(`${roles}/$id`),
      ],
    },
    {
      name: 'the life of a namespace',
      steps: [
        post('/api/v1/namespaces', { metadata: { name: '$id' } }),
        get('/api/v1/namespaces/$id'),
        patch('merge', '/api/v1/namespaces/$id', { metadata: { labels: { x: 'y' } } }),
        get('/api/v1/namespaces/$id/status'),
        del('/api/v1/namespaces/$id'),
        get('/api/v1/namespaces/$id'),
        post('/api/v1/namespaces/$id/configmaps', configMap('late')),
        put('/api/v1/namespaces/$id/finalize', {
          apiVersion: 'v1',
          kind: 'Namespace',
          metadata: { name: '$id' },
          spec: { finalizers: [] },
        }),
        get('/api/v1/namespaces/$id'),
      ],
    },
    {
      name: 'the life of a pod that no node has',
      steps: [post(pods, pod('p')), get(`${pods}/p`), del(`${pods}/p`), get(`${pods}/p`)],
    },
    {
      name: 'the life of a pod that a node has',
      steps: [
        given(post(pods, pod('p'))),
        post(`${pods}/p/binding`, {
          apiVersion: 'v1',
          kind: 'Binding',
          metadata: { name: 'p' },
          target: { kind: 'Node', name: 'n' },
        }),
        get(`${pods}/p`),
        del(`${pods}/p`),
        get(`${pods}/p`),
        del(`${pods}/p?gracePeriodSeconds=5`),
        del(`${pods}/p?gracePeriodSeconds=0`),
        get(`${pods}/p`),
      ],
    },
    {
      name: 'a Deployment, its status and its scale',
      steps: [
        post(deployments, deployment('d'), { save: 'd' }),
        get(`${deployments}/d/status`),
        patch('merge', `${deployments}/d/status`, { status: { replicas: 3 }, spec: { replicas: 9 } }),
        get(`${deployments}/d/scale`),
        put(`${deployments}/d/scale`, {
          apiVersion: 'autoscaling/v1',
          kind: 'Scale',
          metadata: { name: 'd', namespace: '$ns' },
          spec: { replicas: 5 },
        }),
        patch('merge', `${deployments}/d/scale`, { spec: { replicas: -1 } }),
        patch('merge', `${deployments}/d/scale`, { spec: { replicas: 7 } }),
        get(`${deployments}/d`),
        del(`${deployments}/d`),
      ],
    },
    {
      name: 'a collection is deleted',
      steps: [
        made,
        given(post(maps, configMap('b', { metadata: { name: 'b', labels: { x: 'y' } } }))),
        del(`${maps}?labelSelector=x=y`),
        get(maps),
        del(maps),
        get(maps),
      ],
    },
    {
      name: 'HEAD',
      steps: [
        made,
        { method: 'HEAD', path: `${maps}/a` },
        { method: 'HEAD', path: maps },
        { method: 'HEAD', path: `${maps}/none` },
      ],
    },
    {
      name: 'OPTIONS and other methods',
      steps: [
        made,
        ...['OPTIONS', 'TRACE', 'PROPFIND', 'LINK'].flatMap((method) => [
          { method, path: `${maps}/a` },
          { method, path: maps },
          { method, path: '/version', compare: ['status', 'headers'] as const },
        ]),
      ],
    },
    ...single({
      'all namespaces': get('/api/v1/configmaps?labelSelector=none=such'),
      'core v1 in another place': get('/apis/v1/configmaps'),
    }),
  ],
}
