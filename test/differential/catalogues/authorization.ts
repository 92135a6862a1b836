import { type Case, type Catalogue, get, given, patch, post, put, del, type Step } from '../case.ts'
import { configMap, pod } from '../things.ts'

const RBAC = '/apis/rbac.authorization.k8s.io/v1'
const GROUP = 'rbac.authorization.k8s.io'
const AUTHORIZATION = '/apis/authorization.k8s.io/v1'
const selfReview = '/apis/authentication.k8s.io/v1/selfsubjectreviews'

type Headers = Readonly<Record<string, string>>

const node: Headers = { 'Impersonate-User': 'system:node:$id', 'Impersonate-Group': 'system:nodes' }
const as = (user: string): Headers => ({ 'Impersonate-User': user })
const acting = (headers: Headers, step: Step): Step => ({ ...step, headers: { ...step.headers, ...headers } })
const byNode = (...steps: Step[]): Step[] => steps.map((step) => acting(node, step))

const rule = (verbs: string, groups: string, resources: string, more: object = {}): object => ({
  verbs: verbs.split(','),
  apiGroups: groups.split(',').map((group) => (group === 'core' ? '' : group)),
  resources: resources.split(','),
  ...more,
})
const paths = (verbs: string, ...nonResourceURLs: string[]): object => ({ verbs: verbs.split(','), nonResourceURLs })
const clusterRole = (name: string, rules: readonly object[], more: object = {}): object => ({
  metadata: { name },
  rules,
  ...more,
})
const bound = (name: string, kind: string, role: string, user: string): object => ({
  metadata: { name },
  roleRef: { apiGroup: GROUP, kind, name: role },
  subjects: [{ kind: 'User', apiGroup: GROUP, name: user }],
})
/** Gives `$id` (or `user`) rules, in the cluster or in the case's namespace. */
const granted = (where: 'cluster' | 'namespace', rules: readonly object[], user = '$id'): Step[] =>
  where === 'cluster'
    ? [
        given(post(`${RBAC}/clusterroles`, clusterRole('$id-own', rules))),
        given(post(`${RBAC}/clusterrolebindings`, bound('$id-own', 'ClusterRole', '$id-own', user))),
      ]
    : [
        given(post(`${RBAC}/namespaces/$ns/roles`, clusterRole('own', rules))),
        given(post(`${RBAC}/namespaces/$ns/rolebindings`, bound('own', 'Role', 'own', user))),
      ]
const roles = `${RBAC}/namespaces/$ns/roles`
const bindings = `${RBAC}/namespaces/$ns/rolebindings`
const clusterRoles = `${RBAC}/clusterroles`
const clusterBindings = `${RBAC}/clusterrolebindings`
const inCore = '/api/v1/namespaces/$ns'

const onNode = (name: string, spec: object = {}, metadata: object = {}): object => ({
  metadata: { name, ...metadata },
  spec: { nodeName: '$id', containers: [{ name: 'c', image: 'i' }], ...spec },
})
const madeNode = given({
  ...post('/api/v1/nodes', { metadata: { name: '$id', labels: { 'kubernetes.io/os': 'linux' } } }),
  save: 'node',
})
const elsewhere = given({ ...post(`${inCore}/pods`, onNode('elsewhere', { nodeName: 'other' })), save: 'elsewhere' })

const PODS_OF_NODE = {
  volumes: [
    { name: 'a', secret: { secretName: 'volume' } },
    { name: 'b', configMap: { name: 'volume' } },
    { name: 'c', projected: { sources: [{ secret: { name: 'projected' } }, { configMap: { name: 'projected' } }] } },
    { name: 'd', persistentVolumeClaim: { claimName: 'claim' } },
    {
      name: 'e',
      ephemeral: {
        volumeClaimTemplate: { spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } },
      },
    },
    { name: 'f', csi: { driver: 'd', nodePublishSecretRef: { name: 'csi' } } },
    { name: 'g', projected: { sources: [{ serviceAccountToken: { path: 't', audience: 'vault' } }] } },
  ],
  imagePullSecrets: [{ name: 'pull' }],
  resourceClaims: [{ name: 'r', resourceClaimName: 'direct' }],
  containers: [
    {
      name: 'c',
      image: 'i',
      env: [
        { name: 'S', valueFrom: { secretKeyRef: { name: 'env', key: 'k' } } },
        { name: 'M', valueFrom: { configMapKeyRef: { name: 'env', key: 'k' } } },
      ],
      envFrom: [{ secretRef: { name: 'from' } }, { configMapRef: { name: 'from' } }],
    },
  ],
}
const readOfNode = [
  ...['volume', 'projected', 'csi', 'pull', 'env', 'from', 'none'].map((name) => get(`${inCore}/secrets/${name}`)),
  ...['volume', 'projected', 'env', 'from', 'none'].map((name) => get(`${inCore}/configmaps/${name}`)),
  get(`${inCore}/persistentvolumeclaims/claim`),
  get(`${inCore}/persistentvolumeclaims/used-e`),
  get(`${inCore}/persistentvolumeclaims/none`),
  get(`/apis/resource.k8s.io/v1/namespaces/$ns/resourceclaims/direct`),
  get(`/apis/resource.k8s.io/v1/namespaces/$ns/resourceclaims/none`),
  get(`${inCore}/serviceaccounts/default`),
  get(`${inCore}/serviceaccounts/none`),
  get(`${inCore}/secrets`),
  get(`${inCore}/secrets?fieldSelector=metadata.name%3Dnone`),
  get('/api/v1/secrets'),
  del(`${inCore}/secrets/volume`),
  put(`${inCore}/secrets/volume`, {}),
  get(`${inCore}/persistentvolumeclaims`),
  put(`${inCore}/persistentvolumeclaims/none/status`, {}),
  get(`${inCore}/persistentvolumeclaims/none/status`),
  post(`${inCore}/serviceaccounts`, { metadata: { name: 'x' } }),
  post(`${inCore}/serviceaccounts/none/token`, { spec: {} }),
  get('/api/v1/persistentvolumes'),
  get('/api/v1/persistentvolumes/$id-none'),
  get('/apis/storage.k8s.io/v1/volumeattachments'),
  get('/apis/storage.k8s.io/v1/volumeattachments/$id-none'),
]
const readOfPods = [
  get(`${inCore}/pods/used`, { compare: ['status'] }),
  get(`${inCore}/pods/elsewhere`),
  get(`${inCore}/pods/none`),
  get(`${inCore}/pods`),
  get(`${inCore}/pods?fieldSelector=spec.nodeName%3D$id`, { compare: ['status'] }),
  get(`${inCore}/pods?fieldSelector=spec.nodeName%3D%3D$id,metadata.name%3Dx`, { compare: ['status'] }),
  get(`${inCore}/pods?fieldSelector=spec.nodeName!%3D$id`),
  get(`${inCore}/pods?fieldSelector=spec.nodeName%3Dother`),
  get(`${inCore}/pods?fieldSelector=metadata.name%3Dused`, { compare: ['status'] }),
  get(`${inCore}/pods?fieldSelector=metadata.name%3Delsewhere`),
  get('/api/v1/pods?fieldSelector=spec.nodeName%3D$id', { compare: ['status'] }),
  get('/api/v1/pods?fieldSelector=spec.nodeName'),
  del(`${inCore}/pods`),
  del(`${inCore}/pods?fieldSelector=spec.nodeName%3D$id`),
  put(`${inCore}/pods/used`, {}),
  get(`${inCore}/pods/used/log`),
  get(`${inCore}/pods/used/status`),
  post(`${inCore}/pods/used/exec?command=ls`, undefined),
  post(`${inCore}/pods/used/binding`, {}),
  patch('merge', `${inCore}/pods/used/ephemeralcontainers`, {}),
  patch('merge', `${inCore}/pods/used/resize`, {}),
  del(`${inCore}/pods/elsewhere`),
  del(`${inCore}/pods/none`),
  post(`${inCore}/pods/elsewhere/eviction`, {
    apiVersion: 'policy/v1',
    kind: 'Eviction',
    metadata: { name: 'elsewhere' },
  }),
  post(`${inCore}/pods/none/eviction`, { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'none' } }),
  patch('merge', `${inCore}/pods/elsewhere/status`, { status: { message: 'm' } }),
  patch('merge', `${inCore}/pods/used/status`, { metadata: { labels: { a: 'b' } } }),
  patch('merge', `${inCore}/pods/used/status`, {
    status: { resourceClaimStatuses: [{ name: 'r', resourceClaimName: 'stolen' }] },
  }),
  patch('merge', `${inCore}/pods/used/status`, {
    status: {
      extendedResourceClaimStatus: {
        resourceClaimName: 'stolen',
        requestMappings: [{ containerName: 'c', resourceName: 'a.b/c', requestName: 'r' }],
      },
    },
  }),
  patch('merge', `${inCore}/pods/used/status`, { status: { message: 'm' } }),
]
const readOfNodes = [
  get('/api/v1/nodes/$id', { compare: ['status'] }),
  get('/api/v1/nodes/$id-x'),
  get('/api/v1/nodes'),
  get('/api/v1/nodes?fieldSelector=metadata.name%3D$id', { compare: ['status'] }),
  get('/api/v1/nodes?fieldSelector=metadata.name%3D$id-x'),
  get('/api/v1/nodes/$id/proxy/x'),
  get('/api/v1/nodes/$id/status'),
  del('/api/v1/nodes/$id'),
  del('/api/v1/nodes'),
  post('/api/v1/nodes', { metadata: { name: '$id-x' } }),
  post('/api/v1/nodes', { metadata: { generateName: '$id' } }),
  patch('merge', '/api/v1/nodes/$id-x', { spec: { unschedulable: true } }),
  patch('merge', '/api/v1/nodes/$id', { spec: { taints: [{ key: 'k', effect: 'NoSchedule' }] } }),
  patch('merge', '/api/v1/nodes/$id/status', { spec: { taints: [{ key: 'k', effect: 'NoSchedule' }] } }),
  patch('merge', '/api/v1/nodes/$id', {
    metadata: { ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'u' }] },
  }),
  ...[
    'node-restriction.kubernetes.io/a',
    'a.node-restriction.kubernetes.io/a',
    'a.kubernetes.io/b',
    'k8s.io/b',
    'a.k8s.io/b',
  ].map((key) =>
    patch('merge', '/api/v1/nodes/$id', { metadata: { labels: { [key]: 'x', 'x.kubernetes.io/two': 'y' } } }),
  ),
  ...['kubernetes.io/hostname', 'kubelet.kubernetes.io/x', 'a.node.kubernetes.io/x', 'plain', 'example.com/x'].map(
    (key) => patch('merge', '/api/v1/nodes/$id', { metadata: { labels: { [key]: 'x' } } }, { compare: ['status'] }),
  ),
  patch('merge', '/api/v1/nodes/$id', {
    metadata: {
      labels: { 'kubernetes.io/os': null, 'k8s.io/b': 'x' },
      ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'u' }],
    },
  }),
]

const nodeCases: Case[] = [
  {
    name: "a node and what its pods don't name",
    steps: [madeNode, ...byNode(...readOfNode)],
  },
  {
    name: 'a node and what its pods name',
    steps: [
      madeNode,
      given(post(`${inCore}/pods`, onNode('used', PODS_OF_NODE))),
      given(get('/api/v1/nodes?limit=1')),
      given(post(`${inCore}/configmaps`, configMap('unrelated'))),
      given(get(`${inCore}/pods`)),
      ...byNode(...readOfNode),
    ],
  },
  {
    name: 'a node and pods',
    steps: [
      madeNode,
      elsewhere,
      given(post(`${inCore}/pods`, onNode('used', PODS_OF_NODE))),
      given(get('/api/v1/nodes?limit=1')),
      ...byNode(...readOfPods),
    ],
  },
  { name: 'a node and nodes', steps: [madeNode, ...byNode(...readOfNodes)] },
  {
    name: 'a node registers itself with labels',
    steps: byNode(
      post('/api/v1/nodes', {
        metadata: { name: '$id', labels: { 'kubernetes.io/role': 'x', 'node-restriction.kubernetes.io/y': 'z' } },
      }),
      post(
        '/api/v1/nodes',
        {
          metadata: { name: '$id', labels: { 'kubernetes.io/arch': 'x' } },
          spec: { taints: [{ key: 'k', effect: 'NoSchedule' }] },
        },
        { compare: ['status'] },
      ),
    ),
  },
  {
    name: 'a node and its lease and CSINode',
    steps: byNode(
      ...['leases', 'leases/$id', 'leases/$id-x'].map((path) =>
        get(`/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/${path}`),
      ),
      get('/apis/coordination.k8s.io/v1/namespaces/$ns/leases/$id'),
      post('/apis/coordination.k8s.io/v1/namespaces/$ns/leases', { metadata: { name: '$id' } }),
      post('/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases', { metadata: { name: '$id-x' } }),
      post(
        '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases',
        { metadata: { name: '$id' } },
        { compare: ['status'] },
      ),
      del('/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/$id', { compare: ['status'] }),
      del('/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases'),
      ...['csinodes', 'csinodes/$id', 'csinodes/$id-x'].map((path) => get(`/apis/storage.k8s.io/v1/${path}`)),
      post('/apis/storage.k8s.io/v1/csinodes', { metadata: { name: '$id-x' }, spec: { drivers: [] } }),
      post(
        '/apis/storage.k8s.io/v1/csinodes',
        { metadata: { name: '$id' }, spec: { drivers: [] } },
        { compare: ['status'] },
      ),
      del('/apis/storage.k8s.io/v1/csinodes/$id', { compare: ['status'] }),
    ),
  },
  {
    name: 'a node and resource slices',
    steps: [
      ...byNode(
        ...['resourceslices', 'resourceslices/$id', 'resourceslices?fieldSelector=spec.nodeName%3D$id'].map((path) =>
          get(`/apis/resource.k8s.io/v1/${path}`, { compare: path.includes('?') ? ['status'] : ['status', 'body'] }),
        ),
        post('/apis/resource.k8s.io/v1/resourceslices', {
          metadata: { name: '$id-x' },
          spec: { driver: 'a.b', pool: { name: 'p', resourceSliceCount: 1 }, nodeName: 'other' },
        }),
        post('/apis/resource.k8s.io/v1/resourceslices', {
          metadata: { name: '$id-x' },
          spec: { driver: 'a.b', pool: { name: 'p', resourceSliceCount: 1 }, allNodes: true },
        }),
        post(
          '/apis/resource.k8s.io/v1/resourceslices',
          {
            metadata: { name: '$id' },
            spec: { driver: 'a.b', pool: { name: 'p', resourceSliceCount: 1 }, nodeName: '$id' },
          },
          { compare: ['status'] },
        ),
        del('/apis/resource.k8s.io/v1/resourceslices'),
      ),
    ],
  },
  {
    name: 'a node and everything else',
    steps: byNode(
      get('/api/v1/namespaces'),
      get('/api/v1/services', { compare: ['status'] }),
      get(`${inCore}/endpoints/x`),
      get(`${inCore}/endpoints`),
      get('/apis/apps/v1/deployments'),
      get('/apis/storage.k8s.io/v1/csidrivers', { compare: ['status'] }),
      get('/apis/storage.k8s.io/v1/storageclasses'),
      get('/apis/node.k8s.io/v1/runtimeclasses', { compare: ['status'] }),
      get(`${RBAC}/clusterroles`),
      get('/metrics'),
      get('/version', { compare: ['status'] }),
      post('/apis/authorization.k8s.io/v1/subjectaccessreviews', {
        spec: { user: 'x', resourceAttributes: { verb: 'get', resource: 'pods' } },
      }),
      post(
        `${AUTHORIZATION}/selfsubjectrulesreviews`,
        { spec: { namespace: '$ns' } },
        {
          view: (body) =>
            (body as { status?: { incomplete?: boolean; evaluationError?: string } }).status?.evaluationError,
        },
      ),
      post(selfReview, {}),
    ),
  },
  {
    name: 'a node without a name, and one that only looks like one',
    steps: [
      acting({ 'Impersonate-User': 'system:node:', 'Impersonate-Group': 'system:nodes' }, get(`${inCore}/pods`)),
      acting(
        { 'Impersonate-User': 'system:node:', 'Impersonate-Group': 'system:nodes' },
        post(`${inCore}/pods`, pod('p')),
      ),
      acting({ 'Impersonate-User': '$id', 'Impersonate-Group': 'system:nodes' }, get('/api/v1/nodes/$id')),
    ],
  },
  {
    name: 'mirror pods',
    steps: [
      madeNode,
      ...byNode(
        ...[
          {},
          { annotations: { 'kubernetes.io/config.mirror': 'x' } },
          {
            ownerReferences: [
              { apiVersion: 'v1', kind: 'Node', name: '$id', uid: 'u', controller: true },
              { apiVersion: 'v1', kind: 'Node', name: 'other', uid: 'u' },
            ],
          },
          { ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: 'other', uid: 'u', controller: true }] },
          { ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: '$id', uid: 'u' }] },
          {
            ownerReferences: [
              { apiVersion: 'v1', kind: 'Node', name: '$id', uid: 'u', controller: true, blockOwnerDeletion: true },
            ],
          },
          { ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: '$id', uid: 'u', controller: true }] },
        ].map((metadata, index) =>
          post(
            `${inCore}/pods`,
            onNode(
              'm',
              {},
              index < 2 ? metadata : { annotations: { 'kubernetes.io/config.mirror': 'x' }, ...metadata },
            ),
          ),
        ),
        post(
          `${inCore}/pods`,
          onNode('m', { nodeName: 'other' }, { annotations: { 'kubernetes.io/config.mirror': 'x' } }),
        ),
        ...[
          { serviceAccountName: 'default' },
          ...[
            { secret: { secretName: 's' } },
            { configMap: { name: 's' } },
            { persistentVolumeClaim: { claimName: 's' } },
            { csi: { driver: 'd' } },
            { azureFile: { secretName: 's', shareName: 's' } },
            { glusterfs: { endpoints: 'e', path: 'p' } },
            {
              ephemeral: {
                volumeClaimTemplate: {
                  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
                },
              },
            },
            { projected: { sources: [{ configMap: { name: 's' } }] } },
            { projected: { sources: [{ secret: { name: 's' } }] } },
            { projected: { sources: [{ serviceAccountToken: { path: 's' } }] } },
            { projected: { sources: [{ downwardAPI: { items: [] } }, { serviceAccountToken: { path: 's' } }] } },
            { projected: { sources: [{}] } },
            { csi: { driver: 'd', nodePublishSecretRef: { name: 's' } } },
          ].map((source) => ({ volumes: [{ name: 'v', ...source }] })),
          { resourceClaims: [{ name: 'r', resourceClaimName: 's' }] },
          { imagePullSecrets: [{ name: 's' }] },
          {
            volumes: [
              { name: 'v', emptyDir: {} },
              { name: 'h', hostPath: { path: '/' } },
            ],
          },
        ].map((spec) =>
          post(
            `${inCore}/pods`,
            onNode('m', spec, {
              annotations: { 'kubernetes.io/config.mirror': 'x' },
              ownerReferences: [
                { apiVersion: 'v1', kind: 'Node', name: '$id', uid: '{{node.metadata.uid}}', controller: true },
              ],
            }),
            { compare: spec.volumes?.length === 2 ? ['status'] : ['status', 'body'] },
          ),
        ),
      ),
    ],
  },
  {
    name: 'tokens for the pods of a node',
    steps: [
      madeNode,
      elsewhere,
      given({ ...post(`${inCore}/pods`, onNode('used', PODS_OF_NODE)), save: 'used' }),
      given({ ...post(`${inCore}/pods`, onNode('plain')), save: 'plain' }),
      given(get('/api/v1/nodes?limit=1')),
      ...byNode(
        ...[
          {},
          { boundObjectRef: { apiVersion: 'v1', kind: 'Secret', name: 's' } },
          { boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: 'plain' } },
          { boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: 'none', uid: 'u' } },
          { boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: 'plain', uid: 'u' } },
          { boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: 'elsewhere', uid: '{{elsewhere.metadata.uid}}' } },
          {
            audiences: ['a', 'b'],
            boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: 'plain', uid: '{{plain.metadata.uid}}' },
          },
          {
            audiences: ['vault'],
            boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: 'plain', uid: '{{plain.metadata.uid}}' },
          },
          {
            audiences: ['other'],
            boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: 'used', uid: '{{used.metadata.uid}}' },
          },
        ].map((spec) => post(`${inCore}/serviceaccounts/default/token`, { spec })),
        ...[
          { boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: 'plain', uid: '{{plain.metadata.uid}}' } },
          {
            audiences: ['vault'],
            boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: 'used', uid: '{{used.metadata.uid}}' },
          },
        ].map((spec) => post(`${inCore}/serviceaccounts/default/token`, { spec }, { compare: ['status'] })),
      ),
    ],
  },
]

const escalationCases: Case[] = [
  {
    name: 'roles that hold more than their maker',
    steps: [
      ...granted('namespace', [
        rule('*', GROUP, 'roles,rolebindings'),
        rule('get,list', 'core', 'pods,pods/log'),
        rule('get', 'apps', '*', { resourceNames: ['a'] }),
      ]),
      ...[
        [rule('get', 'core', 'pods')],
        [rule('get,list', 'core', 'pods,pods/log')],
        [rule('watch', 'core', 'pods')],
        [rule('get', 'core', '*')],
        [rule('*', 'core', 'pods')],
        [rule('get', 'core', 'pods/*')],
        [rule('get', 'core,apps', 'pods')],
        [rule('get', 'apps', 'deployments', { resourceNames: ['a'] })],
        [rule('get', 'apps', 'deployments', { resourceNames: ['a', 'b'] })],
        [rule('get', 'apps', 'deployments')],
        [rule('get,list', 'core', 'secrets,configmaps', { resourceNames: ['x', 'y'] })],
        [rule('get', 'core', 'nodes'), rule('delete', 'apps', 'deployments'), rule('update', 'core', 'nodes')],
        [rule('escalate', GROUP, 'roles')],
      ].map((rules, index) => acting(as('$id'), post(roles, clusterRole(`r${index}`, rules)))),
      acting(as('$id'), put(`${roles}/r0`, clusterRole('r0', [rule('get', 'core', 'secrets')]))),
      acting(as('$id'), patch('merge', `${roles}/r0`, { rules: [rule('get', 'core', 'secrets')] })),
      acting(as('$id'), patch('merge', `${roles}/r0`, { metadata: { labels: { a: 'b' } } })),
      acting(as('$id'), patch('merge', `${roles}/own`, { metadata: { finalizers: ['a.b/c'] } })),
      acting(
        as('$id'),
        patch('apply', `${roles}/applied?fieldManager=m`, {
          apiVersion: `${GROUP}/v1`,
          kind: 'Role',
          metadata: { name: 'applied' },
          rules: [rule('get', 'core', 'secrets')],
        }),
      ),
      acting(as('$id'), put(`${roles}/put`, clusterRole('put', [rule('get', 'core', 'secrets')]))),
      acting(as('$id'), post(roles, clusterRole('Bad Name', [rule('get', 'core', 'secrets')]))),
      acting(as('$id'), post(roles, clusterRole('bad', [{ verbs: ['get'] }]))),
      acting(as('$id'), post(`${roles}?dryRun=All`, clusterRole('dry', [rule('get', 'core', 'secrets')]))),
    ],
  },
  {
    name: 'a role whose rules its changer does not hold stays as it is',
    steps: [
      ...granted('cluster', [rule('*', GROUP, 'clusterroles')]),
      given(post(clusterRoles, clusterRole('$id-much', [rule('*', 'core', 'secrets')]))),
      acting(
        as('$id'),
        patch('merge', `${clusterRoles}/$id-much`, {
          metadata: { labels: { 'rbac.authorization.k8s.io/aggregate-to-view': 'true' } },
        }),
      ),
      acting(as('$id'), patch('merge', `${clusterRoles}/$id-much`, { metadata: { annotations: { a: 'b' } } })),
      acting(
        as('$id'),
        patch('merge', `${clusterRoles}/$id-much`, { metadata: { finalizers: ['a.b/c'] } }, { compare: ['status'] }),
      ),
      acting(
        as('$id'),
        patch(
          'merge',
          `${clusterRoles}/$id-much`,
          { metadata: { ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'u' }] } },
          { compare: ['status'] },
        ),
      ),
      acting(as('$id'), patch('merge', `${clusterRoles}/$id-much`, {}, { compare: ['status'] })),
    ],
  },
  {
    name: 'roles of paths, and roles that gather others',
    steps: [
      ...granted('cluster', [
        rule('*', GROUP, 'clusterroles,clusterrolebindings'),
        paths('get', '/healthz', '/metrics/*'),
      ]),
      ...[
        [paths('get', '/healthz')],
        [paths('get', '/metrics/a', '/metrics/*')],
        [paths('get', '/metrics')],
        [paths('get', '/healthz/*')],
        [paths('get', '*')],
        [paths('*', '/healthz')],
        [paths('get,post', '/other', '/healthz')],
      ].map((rules, index) => acting(as('$id'), post(clusterRoles, clusterRole(`$id-${index}`, rules)))),
      acting(
        as('$id'),
        post(
          clusterRoles,
          clusterRole('$id-all', [], { aggregationRule: { clusterRoleSelectors: [{ matchLabels: { a: 'b' } }] } }),
        ),
      ),
      acting(
        as('$id'),
        post(clusterRoles, clusterRole('$id-none', [], { aggregationRule: { clusterRoleSelectors: [] } }), {
          compare: ['status'],
        }),
      ),
      given(
        post(
          clusterRoles,
          clusterRole('$id-gathers', [], { aggregationRule: { clusterRoleSelectors: [{ matchLabels: { a: 'b' } }] } }),
        ),
      ),
      acting(as('$id'), patch('merge', `${clusterRoles}/$id-gathers`, { aggregationRule: null })),
      acting(as('$id'), patch('merge', `${clusterRoles}/$id-gathers`, { metadata: { labels: { c: 'd' } } })),
    ],
  },
  {
    name: 'escalate by name',
    steps: [
      ...granted(
        'cluster',
        [
          rule('*', GROUP, 'clusterroles'),
          rule('escalate', GROUP, 'clusterroles', { resourceNames: ['$id-free'] }),
        ].slice(0, 1),
      ),
      given(
        post(
          clusterRoles,
          clusterRole('$id-esc', [rule('escalate', GROUP, 'clusterroles', { resourceNames: ['$id-free'] })]),
        ),
      ),
      given(post(clusterBindings, bound('$id-esc', 'ClusterRole', '$id-esc', '$id-two'))),
      given(post(clusterBindings, bound('$id-esc2', 'ClusterRole', '$id-own2', '$id-two'))),
      given(post(clusterRoles, clusterRole('$id-own2', [rule('get,create,update,patch', GROUP, 'clusterroles')]))),
      acting(as('$id-two'), post(clusterRoles, clusterRole('$id-free', [rule('get', 'core', 'secrets')]))),
      given(post(clusterRoles, clusterRole('$id-free', []))),
      acting(
        as('$id-two'),
        patch(
          'merge',
          `${clusterRoles}/$id-free`,
          { rules: [rule('get', 'core', 'secrets')] },
          { compare: ['status'] },
        ),
      ),
      acting(as('$id-two'), patch('merge', `${clusterRoles}/$id-own2`, { rules: [rule('get', 'core', 'secrets')] })),
    ],
  },
  {
    name: 'bindings of roles that hold more than their maker',
    steps: [
      ...granted('namespace', [rule('*', GROUP, 'rolebindings'), rule('get', 'core', 'pods')]),
      given(post(clusterRoles, clusterRole('$id-view', [rule('get', 'core', 'pods'), paths('get', '/x')]))),
      given(post(roles, clusterRole('same', [rule('get', 'core', 'pods')]))),
      given(post(roles, clusterRole('more', [rule('get,list', 'core', 'pods')]))),
      ...['same', 'more', 'none'].map((role) =>
        acting(as('$id'), post(bindings, bound(`to-${role}`, 'Role', role, 'x'))),
      ),
      ...['$id-view', '$id-none'].map((role) =>
        acting(as('$id'), post(bindings, bound(`to-${role}`, 'ClusterRole', role, 'x'))),
      ),
      given(post(bindings, bound('given', 'Role', 'more', 'x'))),
      acting(
        as('$id'),
        patch('merge', `${bindings}/given`, { subjects: [{ kind: 'User', apiGroup: GROUP, name: '$id' }] }),
      ),
      acting(as('$id'), patch('merge', `${bindings}/given`, { metadata: { labels: { a: 'b' } } })),
      acting(
        as('$id'),
        patch('merge', `${bindings}/given`, { metadata: { finalizers: ['a.b/c'] } }, { compare: ['status'] }),
      ),
      acting(as('$id'), patch('merge', `${bindings}/to-same`, { roleRef: { name: 'more' } })),
      acting(as('$id'), post(clusterBindings, bound('$id-all', 'ClusterRole', '$id-view', '$id'))),
    ],
  },
  {
    name: 'bind by name',
    steps: [
      ...granted('namespace', [
        rule('*', GROUP, 'rolebindings'),
        rule('bind', GROUP, 'clusterroles', { resourceNames: ['view'] }),
        rule('bind', GROUP, 'roles'),
      ]),
      given(post(roles, clusterRole('more', [rule('get,list', 'core', 'pods')]))),
      acting(as('$id'), post(bindings, bound('to-view', 'ClusterRole', 'view', 'x'), { compare: ['status'] })),
      acting(as('$id'), post(bindings, bound('to-edit', 'ClusterRole', '$id-edit', 'x'))),
      acting(as('$id'), post(bindings, bound('to-more', 'Role', 'more', 'x'), { compare: ['status'] })),
      acting(as('$id'), post(bindings, bound('to-none', 'Role', 'none', 'x'), { compare: ['status'] })),
    ],
  },
  {
    name: 'bound to roles that are not there',
    steps: [
      ...granted('namespace', [rule('*', GROUP, 'roles,rolebindings')]),
      given(post(bindings, bound('gone', 'Role', 'gone', '$id'))),
      acting(as('$id'), get(`${inCore}/secrets`)),
      acting(as('$id'), post(roles, clusterRole('r', [rule('get', 'core', 'secrets')]))),
      acting(
        as('$id'),
        post(
          `${AUTHORIZATION}/selfsubjectrulesreviews`,
          { spec: { namespace: '$ns' } },
          {
            view: (body) =>
              (body as { status?: { incomplete?: boolean; evaluationError?: string } }).status?.evaluationError,
          },
        ),
      ),
      post(`${AUTHORIZATION}/subjectaccessreviews`, {
        spec: { user: '$id', resourceAttributes: { namespace: '$ns', verb: 'get', resource: 'secrets' } },
      }),
    ],
  },
]

const review = (resourceAttributes: object, more: object = {}): object => ({
  spec: {
    user: '$id',
    ...more,
    resourceAttributes: { namespace: '$ns', verb: 'list', resource: 'pods', ...resourceAttributes },
  },
})
const nodeReview = (selector: object): object =>
  review({ namespace: '', ...selector }, { user: 'system:node:$id', groups: ['system:nodes'] })
const field = (key: string, operator: string, values?: readonly string[]): object => ({
  fieldSelector: { requirements: [{ key, operator, ...(values && { values }) }] },
})

const reviewCases: Case[] = [
  {
    name: 'reviews with selectors',
    steps: [
      { fieldSelector: { rawSelector: 'spec.nodeName=$id' } },
      { fieldSelector: { rawSelector: 'spec.nodeName=other' } },
      { fieldSelector: { rawSelector: 'spec.nodeName' } },
      { fieldSelector: { rawSelector: 'a=b', requirements: [{ key: 'a', operator: 'In', values: ['b'] }] } },
      { fieldSelector: {} },
      field('spec.nodeName', 'In', ['$id']),
      field('spec.nodeName', 'In', ['$id', 'b']),
      field('spec.nodeName', 'In', []),
      field('spec.nodeName', 'NotIn', ['$id']),
      field('spec.nodeName', 'NotIn', []),
      field('spec.nodeName', 'Exists'),
      field('spec.nodeName', 'Exists', ['x']),
      field('spec.nodeName', 'Odd', ['$id']),
      field('', 'In', ['$id']),
      {
        fieldSelector: {
          requirements: [
            { key: 'spec.nodeName', operator: 'In', values: ['$id'] },
            { key: 'a', operator: 'Exists' },
          ],
        },
      },
      { labelSelector: { rawSelector: 'a in (' } },
      { labelSelector: { rawSelector: 'a=b' } },
      { labelSelector: {} },
      { labelSelector: { requirements: [{ key: 'a', operator: 'In', values: ['b'] }] } },
      { labelSelector: { requirements: [{ key: 'a', operator: 'Odd', values: ['b'] }] } },
      { labelSelector: { requirements: [{ key: '-a', operator: 'In', values: ['b'] }] } },
      {
        labelSelector: {
          requirements: [
            { key: 'a', operator: 'Exists' },
            { key: 'b', operator: 'Odd' },
          ],
        },
      },
      { fieldSelector: { rawSelector: 'x' }, labelSelector: { rawSelector: ',,' } },
    ].map((selector) => post(`${AUTHORIZATION}/subjectaccessreviews`, nodeReview(selector))),
  },
  {
    name: 'reviews say why',
    steps: [
      ...granted('namespace', [rule('list', 'core', 'pods')]),
      given(
        post(bindings, {
          metadata: { name: 'account' },
          roleRef: { apiGroup: GROUP, kind: 'Role', name: 'own' },
          subjects: [
            { kind: 'ServiceAccount', name: 'default', namespace: '$ns' },
            { kind: 'Group', apiGroup: GROUP, name: '$id-group' },
          ],
        }),
      ),
      post(`${AUTHORIZATION}/subjectaccessreviews`, review({})),
      post(`${AUTHORIZATION}/subjectaccessreviews`, review({}, { user: 'system:serviceaccount:$ns:default' })),
      post(`${AUTHORIZATION}/subjectaccessreviews`, review({}, { user: 'nobody', groups: ['$id-group'] })),
      post(`${AUTHORIZATION}/subjectaccessreviews`, review({}, { user: 'nobody', groups: ['system:masters'] })),
      post(`${AUTHORIZATION}/subjectaccessreviews`, review({ verb: '*' })),
      post(`${AUTHORIZATION}/subjectaccessreviews`, review({ resource: '*' })),
      post(`${AUTHORIZATION}/subjectaccessreviews`, review({ version: 'v9', group: '' })),
      post(`${AUTHORIZATION}/subjectaccessreviews`, {
        spec: { user: '$id', extra: { A: ['b'] }, nonResourceAttributes: { path: '/x', verb: 'get' } },
      }),
      post(`${AUTHORIZATION}/namespaces/$ns/localsubjectaccessreviews`, review({})),
      post(`${AUTHORIZATION}/namespaces/$ns/localsubjectaccessreviews`, review({ namespace: 'other' })),
      post(`${AUTHORIZATION}/namespaces/$ns/localsubjectaccessreviews`, {
        spec: { user: 'x', nonResourceAttributes: { path: '/' } },
      }),
      acting(
        as('$id'),
        post(`${AUTHORIZATION}/selfsubjectaccessreviews`, {
          spec: { resourceAttributes: { namespace: '$ns', verb: 'list', resource: 'pods' } },
        }),
      ),
      acting(as('$id'), post(`${AUTHORIZATION}/subjectaccessreviews`, review({}))),
    ],
  },
]

/** Upstream tries the way first that the sender last acted in, and tells its refusal: other cases have a say in which that is. */
const withoutRefusal = (body: unknown): unknown => {
  const { kind, reason } = body as { kind?: string; reason?: string }
  return kind === 'Status' ? reason : body
}
const impersonating = (user: Headers, step: Step): Step => ({
  ...acting(user, step),
  user: 'alice',
  view: withoutRefusal,
})
const mayAs = (rules: readonly object[]): Step[] => [
  given(post(clusterRoles, clusterRole('$id-as', rules))),
  given(post(clusterBindings, bound('$id-as', 'ClusterRole', '$id-as', 'alice'))),
]
const AUTHN = 'authentication.k8s.io'
const named = (...resourceNames: string[]): object => ({ resourceNames })

const impersonationCases: Case[] = [
  {
    name: 'acting as someone without leave',
    steps: [
      impersonating(as('$id'), get(`${inCore}/pods`)),
      impersonating(as('$id'), get('/healthz')),
      impersonating(as('system:serviceaccount:$ns:x'), get(`${inCore}/pods/p`)),
      impersonating(as('system:node:$id'), get(`${inCore}/pods/p/log`)),
      impersonating({ ...as('system:node:$id'), 'Impersonate-Group': 'system:nodes' }, get(`${inCore}/pods`)),
      impersonating({ ...as('$id'), 'Impersonate-Uid': 'u' }, del(`${inCore}/pods`)),
      impersonating({ ...as('system:serviceaccount:$ns:x'), 'Impersonate-Uid': 'u' }, get(`${inCore}/pods`)),
      impersonating(as('system:node:Bad_Name'), get(`${inCore}/pods`)),
    ],
  },
  {
    name: 'acting as someone, as of old',
    steps: [
      ...mayAs([
        rule('impersonate', 'core', 'users', named('$id', 'system:node:$id', 'system:anonymous')),
        rule('impersonate', 'core', 'groups', named('$id-group', 'system:unauthenticated', 'system:authenticated')),
        rule('impersonate', 'core', 'serviceaccounts', named('$id-account')),
        rule('impersonate', AUTHN, 'uids', named('$id-uid')),
        rule('impersonate', AUTHN, 'userextras/scopes', named('$id-read')),
      ]),
      ...[
        as('$id'),
        as('system:node:$id'),
        as('system:anonymous'),
        as('system:serviceaccount:$ns:$id-account'),
        as('system:serviceaccount:$ns:other'),
        { ...as('$id'), 'Impersonate-Group': '$id-group' },
        { ...as('$id'), 'Impersonate-Group': 'system:unauthenticated' },
        { ...as('$id'), 'Impersonate-Group': 'system:authenticated' },
        { ...as('$id'), 'Impersonate-Group': 'system:masters' },
        { ...as('system:anonymous'), 'Impersonate-Group': 'system:authenticated' },
        { ...as('system:serviceaccount:$ns:$id-account'), 'Impersonate-Group': '$id-group' },
        { ...as('$id'), 'Impersonate-Uid': '$id-uid' },
        { ...as('$id'), 'Impersonate-Uid': 'other' },
        { ...as('$id'), 'Impersonate-Extra-Scopes': '$id-read' },
        { ...as('$id'), 'Impersonate-Extra-Scopes': 'write' },
        { ...as('$id'), 'Impersonate-Extra-Other': '$id-read' },
        { 'Impersonate-Group': '$id-group' },
        { 'Impersonate-Uid': 'u' },
      ].map((headers) => impersonating(headers, post(selfReview, {}))),
    ],
  },
  {
    name: 'acting as a user, constrained',
    steps: [
      ...mayAs([
        rule('impersonate:user-info', AUTHN, 'users', named('$id')),
        rule('impersonate:user-info', AUTHN, 'groups', named('$id-group', 'system:masters')),
        rule('impersonate:user-info', AUTHN, 'uids', named('$id-uid')),
        rule('impersonate:user-info', AUTHN, 'userextras/example.com/scopes', named('$id-read')),
        rule('impersonate-on:user-info:create', AUTHN, 'selfsubjectreviews'),
      ]),
      ...[
        as('$id'),
        as('$id-other'),
        { ...as('$id'), 'Impersonate-Group': '$id-group' },
        { ...as('$id'), 'Impersonate-Group': 'other' },
        { ...as('$id'), 'Impersonate-Group': 'system:masters' },
        { ...as('$id'), 'Impersonate-Uid': '$id-uid' },
        { ...as('$id'), 'Impersonate-Extra-Example.com%2fscopes': '$id-read' },
        { ...as('$id'), 'Impersonate-Extra-Example.com%2fscopes': 'write' },
        { ...as('$id'), 'Impersonate-Extra-Scopes': '$id-read' },
      ].map((headers) => impersonating(headers, post(selfReview, {}))),
      impersonating(as('$id'), get(`${inCore}/pods`)),
    ],
  },
  {
    name: 'acting as service accounts and nodes, constrained',
    steps: [
      ...mayAs([
        rule('impersonate:serviceaccount', AUTHN, 'serviceaccounts', named('$id-account')),
        rule('impersonate-on:serviceaccount:create', AUTHN, 'selfsubjectreviews'),
        rule('impersonate:arbitrary-node', AUTHN, 'nodes', named('$id')),
        rule('impersonate-on:arbitrary-node:create', AUTHN, 'selfsubjectreviews'),
      ]),
      ...[
        as('system:serviceaccount:$ns:$id-account'),
        as('system:serviceaccount:$ns:other'),
        { ...as('system:serviceaccount:$ns:$id-account'), 'Impersonate-Group': 'g' },
        as('system:node:$id'),
        as('system:node:other'),
        { ...as('system:node:$id'), 'Impersonate-Group': 'system:nodes' },
      ].map((headers) => impersonating(headers, post(selfReview, {}))),
      impersonating(as('system:serviceaccount:$ns:$id-account'), get(`${inCore}/pods`)),
      impersonating(as('system:node:$id'), get(`${inCore}/pods`)),
    ],
  },
]

/** Who may do what: nodes, roles, reviews, acting as someone else. */
export const authorization: Catalogue = {
  name: 'authorization',
  cases: [...nodeCases, ...escalationCases, ...reviewCases, ...impersonationCases],
}
