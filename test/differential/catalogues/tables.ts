import { type Case, type Catalogue, get, given, patch, post } from '../case.ts'
import { deployment, pod } from '../things.ts'

const ns = '/namespaces/$ns'
const asTable = { headers: { accept: 'application/json;as=Table;g=meta.k8s.io;v=v1' } }
const template = {
  metadata: { labels: { a: 'b' } },
  spec: {
    containers: [
      { name: 'c', image: 'i:1' },
      { name: 'd', image: 'j:2' },
    ],
  },
}
const selector = { matchLabels: { a: 'b' } }
const expressions = {
  matchExpressions: [
    { key: 'a', operator: 'In', values: ['x', 'y'] },
    { key: 'b', operator: 'Exists' },
    { key: 'c', operator: 'NotIn', values: ['z'] },
    { key: 'd', operator: 'DoesNotExist' },
  ],
}

interface Instance {
  readonly metadata?: object
  readonly status?: object
  readonly [field: string]: unknown
}

/** Creates each, gives it its status, and looks at all of them as a table. */
function rows(name: string, path: string, ...instances: readonly Instance[]): Case {
  const clustered = !path.includes('$ns')
  const nameOf = (index: number): string => (clustered ? `$id-${index}` : `o${index}`)
  return {
    name,
    steps: [
      ...instances.flatMap(({ status, ...object }, index) => {
        const made = given(
          post(path, {
            ...object,
            metadata: { name: nameOf(index), ...object.metadata, ...(clustered && { labels: { id: '$id' } }) },
          }),
        )
        return status ? [made, given(patch('merge', `${path}/${nameOf(index)}/status`, { status }))] : [made]
      }),
      get(clustered ? `${path}?labelSelector=id=$id` : path, asTable),
      ...(instances.length > 0 ? [get(`${path}/${nameOf(0)}`, asTable)] : []),
    ],
  }
}

const container = (name: string, more: object = {}): object => ({ name, image: 'i', ...more })
const state = (name: string, of: object, more: object = {}): object => ({
  name,
  image: 'i',
  imageID: 'x',
  ready: false,
  restartCount: 0,
  state: of,
  ...more,
})
const one = { containers: [container('c')] }
const ready = [{ type: 'Ready', status: 'True' }]

const podCases: readonly Instance[] = [
  { spec: one },
  {
    spec: one,
    status: {
      phase: 'Running',
      podIP: '10.0.0.1',
      podIPs: [{ ip: '10.0.0.1' }],
      conditions: ready,
      containerStatuses: [state('c', { running: {} }, { ready: true })],
    },
  },
  {
    spec: one,
    status: {
      phase: 'Pending',
      nominatedNodeName: 'm',
      containerStatuses: [state('c', { waiting: { reason: 'ImagePullBackOff' } })],
    },
  },
  {
    spec: one,
    status: {
      phase: 'Running',
      containerStatuses: [
        state(
          'c',
          { waiting: { reason: 'CrashLoopBackOff' } },
          { restartCount: 4, lastState: { terminated: { exitCode: 1, finishedAt: '2020-01-01T00:00:00Z' } } },
        ),
      ],
    },
  },
  { spec: one, status: { phase: 'Failed', reason: 'Evicted' } },
  {
    spec: one,
    status: {
      phase: 'Succeeded',
      containerStatuses: [state('c', { terminated: { exitCode: 0, reason: 'Completed' } })],
    },
  },
  { spec: one, status: { phase: 'Failed', containerStatuses: [state('c', { terminated: { exitCode: 3 } })] } },
  {
    spec: one,
    status: { phase: 'Failed', containerStatuses: [state('c', { terminated: { exitCode: 0, signal: 9 } })] },
  },
  {
    spec: { initContainers: [container('i'), container('k')], containers: [container('c')] },
    status: {
      phase: 'Pending',
      initContainerStatuses: [
        state('i', { terminated: { exitCode: 0 } }, { ready: true }),
        state('k', { running: {} }),
      ],
      containerStatuses: [state('c', { waiting: { reason: 'PodInitializing' } })],
    },
  },
  {
    spec: { initContainers: [container('i')], containers: [container('c')] },
    status: {
      phase: 'Pending',
      initContainerStatuses: [state('i', { terminated: { exitCode: 2, reason: 'Error' } }, { restartCount: 2 })],
    },
  },
  {
    spec: { initContainers: [container('i')], containers: [container('c')] },
    status: { phase: 'Pending', initContainerStatuses: [state('i', { waiting: { reason: 'ErrImagePull' } })] },
  },
  {
    spec: {
      initContainers: [container('s', { restartPolicy: 'Always' })],
      containers: [container('c'), container('d')],
    },
    status: {
      phase: 'Running',
      conditions: ready,
      initContainerStatuses: [state('s', { running: {} }, { ready: true, started: true, restartCount: 1 })],
      containerStatuses: [state('c', { running: {} }, { ready: true }), state('d', { running: {} })],
    },
  },
  { spec: { ...one, schedulingGates: [{ name: 'example.com/g' }] } },
  {
    spec: { ...one, readinessGates: [{ conditionType: 'example.com/a' }, { conditionType: 'example.com/b' }] },
    status: { phase: 'Running', conditions: [{ type: 'example.com/a', status: 'True' }] },
  },
  {
    spec: one,
    status: {
      phase: 'Running',
      containerStatuses: [
        state('c', { terminated: { exitCode: 0, reason: 'Completed' } }),
        state('d', { running: {} }, { ready: true }),
      ],
      conditions: ready,
    },
  },
]

/** Every kind as kubectl shows it. */
export const tables: Catalogue = {
  name: 'tables',
  cases: [
    rows('pods', `/api/v1${ns}/pods`, ...podCases),
    {
      name: 'a pod that goes',
      steps: [
        given(post(`/api/v1${ns}/pods`, { ...pod('p'), spec: { nodeName: 'n', containers: [container('c')] } })),
        given({ method: 'DELETE', path: `/api/v1${ns}/pods/p` }),
        get(`/api/v1${ns}/pods`, asTable),
        given(patch('merge', `/api/v1${ns}/pods/p/status`, { status: { reason: 'NodeLost' } })),
        get(`/api/v1${ns}/pods`, asTable),
      ],
    },
    rows('podtemplates', `/api/v1${ns}/podtemplates`, { template }),
    rows('configmaps', `/api/v1${ns}/configmaps`, { data: { a: '1', b: '2' }, binaryData: { c: 'eA==' } }, {}),
    rows(
      'secrets',
      `/api/v1${ns}/secrets`,
      { data: { a: 'eA==' } },
      { type: 'example.com/x', stringData: { a: '1', b: '2' } },
    ),
    rows(
      'services',
      `/api/v1${ns}/services`,
      {
        spec: {
          clusterIP: 'None',
          ports: [
            { name: 'a', port: 80 },
            { name: 'b', port: 53, protocol: 'UDP' },
          ],
          selector: { a: 'b', c: 'd' },
        },
      },
      { spec: { type: 'ExternalName', externalName: 'example.com' } },
      { spec: { clusterIP: 'None' } },
    ),
    rows(
      'endpoints',
      `/api/v1${ns}/endpoints`,
      {
        subsets: [
          {
            addresses: ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4'].map((ip) => ({ ip })),
            ports: [
              { name: 'y', port: 80 },
              { name: 'x', port: 81 },
            ],
          },
        ],
      },
      {},
      { subsets: [{ notReadyAddresses: [{ ip: '10.0.0.1' }], ports: [{ port: 80 }] }] },
    ),
    rows('serviceaccounts', `/api/v1${ns}/serviceaccounts`, { secrets: [{ name: 'x' }] }),
    rows('limitranges', `/api/v1${ns}/limitranges`, {
      spec: { limits: [{ type: 'Container', default: { cpu: '1' } }] },
    }),
    rows(
      'resourcequotas',
      `/api/v1${ns}/resourcequotas`,
      {
        spec: { hard: { pods: '3', 'requests.cpu': '2', 'limits.cpu': '4', cpu: '1' } },
        status: {
          hard: { pods: '3', 'requests.cpu': '2', 'limits.cpu': '4' },
          used: { pods: '1', 'requests.cpu': '500m', 'limits.cpu': '1' },
        },
      },
      { spec: {} },
    ),
    rows('replicationcontrollers', `/api/v1${ns}/replicationcontrollers`, {
      spec: { replicas: 3, selector: { a: 'b' }, template },
      status: { replicas: 2, readyReplicas: 1 },
    }),
    rows(
      'persistentvolumeclaims',
      `/api/v1${ns}/persistentvolumeclaims`,
      {
        spec: {
          accessModes: ['ReadWriteOnce', 'ReadOnlyMany'],
          resources: { requests: { storage: '1Gi' } },
          storageClassName: 's',
        },
      },
      {
        spec: {
          accessModes: ['ReadWriteOncePod'],
          resources: { requests: { storage: '1Gi' } },
          volumeName: 'v',
          volumeMode: 'Block',
        },
        status: { phase: 'Bound', capacity: { storage: '2Gi' }, accessModes: ['ReadWriteOncePod'] },
      },
    ),
    rows(
      'persistentvolumes',
      '/api/v1/persistentvolumes',
      {
        spec: {
          accessModes: ['ReadWriteMany'],
          capacity: { storage: '1Gi' },
          hostPath: { path: '/x' },
          storageClassName: 's',
        },
      },
      {
        spec: {
          accessModes: ['ReadWriteOnce'],
          capacity: { storage: '5Gi' },
          nfs: { server: 'x', path: '/' },
          persistentVolumeReclaimPolicy: 'Delete',
          claimRef: { namespace: 'a', name: 'b' },
          volumeAttributesClassName: undefined,
        },
        status: { phase: 'Bound', reason: 'x' },
      },
    ),
    rows(
      'nodes',
      '/api/v1/nodes',
      {},
      {
        spec: { unschedulable: true, podCIDR: '10.1.0.0/24' },
        metadata: {},
        status: {
          conditions: [{ type: 'Ready', status: 'True' }],
          nodeInfo: {
            architecture: 'amd64',
            bootID: '',
            containerRuntimeVersion: 'containerd://1',
            kernelVersion: '6',
            kubeProxyVersion: '',
            kubeletVersion: 'v1.36.0',
            machineID: '',
            operatingSystem: 'linux',
            osImage: 'Debian',
            systemUUID: '',
          },
          addresses: [
            { type: 'InternalIP', address: '10.0.0.1' },
            { type: 'ExternalIP', address: '1.2.3.4' },
            { type: 'Hostname', address: 'x' },
          ],
        },
      },
      {
        status: {
          conditions: [
            { type: 'Ready', status: 'Unknown' },
            { type: 'MemoryPressure', status: 'True' },
          ],
        },
      },
    ),
    {
      name: 'nodes with roles',
      steps: [
        given(
          post('/api/v1/nodes', {
            metadata: {
              name: '$id',
              labels: {
                id: '$id',
                'node-role.kubernetes.io/control-plane': '',
                'kubernetes.io/role': 'x',
                'node-role.kubernetes.io/a': 'b',
              },
            },
          }),
        ),
        get('/api/v1/nodes?labelSelector=id=$id', asTable),
      ],
    },
    rows('namespaces', '/api/v1/namespaces', {}),
    rows(
      'events',
      `/api/v1${ns}/events`,
      {
        involvedObject: { kind: 'Pod', name: 'p', namespace: '$ns', fieldPath: 'spec.containers{c}' },
        reason: 'Started',
        message: ' Started it \n',
        type: 'Normal',
        count: 3,
        source: { component: 'kubelet', host: 'n' },
        firstTimestamp: '2020-01-01T00:00:00Z',
        lastTimestamp: '2020-01-02T00:00:00Z',
      },
      { involvedObject: { kind: 'Node', name: 'p', namespace: '$ns' }, reason: 'x' },
    ),
    rows('events.k8s.io', `/apis/events.k8s.io/v1${ns}/events`, {
      regarding: { kind: 'Pod', name: 'p', namespace: '$ns' },
      reason: 'Started',
      note: 'x',
      type: 'Warning',
      eventTime: '2020-01-01T00:00:00.000000Z',
      reportingController: 'example.com/a',
      reportingInstance: 'b',
      action: 'c',
    }),
    rows(
      'deployments',
      `/apis/apps/v1${ns}/deployments`,
      {
        spec: { replicas: 3, selector, template },
        status: { replicas: 3, readyReplicas: 2, updatedReplicas: 1, availableReplicas: 1 },
      },
      { spec: { selector, template } },
    ),
    rows('replicasets', `/apis/apps/v1${ns}/replicasets`, {
      spec: { replicas: 3, selector, template },
      status: { replicas: 3, readyReplicas: 2 },
    }),
    rows('statefulsets', `/apis/apps/v1${ns}/statefulsets`, {
      spec: { replicas: 3, serviceName: 's', selector, template },
      status: { replicas: 3, readyReplicas: 2 },
    }),
    rows(
      'daemonsets',
      `/apis/apps/v1${ns}/daemonsets`,
      {
        spec: { selector, template: { ...template, spec: { ...template.spec, nodeSelector: { x: 'y', a: 'b' } } } },
        status: {
          currentNumberScheduled: 1,
          numberMisscheduled: 0,
          desiredNumberScheduled: 3,
          numberReady: 1,
          updatedNumberScheduled: 2,
          numberAvailable: 1,
        },
      },
      { spec: { selector, template } },
    ),
    rows(
      'controllerrevisions',
      `/apis/apps/v1${ns}/controllerrevisions`,
      {
        revision: 3,
        data: {},
        metadata: {
          ownerReferences: [{ apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'd', uid: 'u', controller: true }],
        },
      },
      { revision: 1, data: {} },
    ),
    rows(
      'jobs',
      `/apis/batch/v1${ns}/jobs`,
      { spec: { template: { spec: { restartPolicy: 'Never', containers: [container('c')] } } } },
      {
        spec: {
          completions: 5,
          parallelism: 2,
          template: { spec: { restartPolicy: 'Never', containers: [container('c'), container('d')] } },
        },
        status: { succeeded: 2, startTime: '2020-01-01T00:00:00Z' },
      },
      {
        spec: {
          parallelism: 3,
          completions: undefined,
          suspend: true,
          template: { spec: { restartPolicy: 'Never', containers: [container('c')] } },
        },
      },
    ),
    rows(
      'cronjobs',
      `/apis/batch/v1${ns}/cronjobs`,
      {
        spec: {
          schedule: '* * * * *',
          jobTemplate: { spec: { template: { spec: { restartPolicy: 'Never', containers: [container('c')] } } } },
        },
      },
      {
        spec: {
          schedule: '0 0 * * 0',
          timeZone: 'Etc/UTC',
          suspend: true,
          jobTemplate: { spec: { template: { spec: { restartPolicy: 'Never', containers: [container('c')] } } } },
        },
        status: { active: [{ name: 'x' }], lastScheduleTime: '2020-01-01T00:00:00Z' },
      },
    ),
    rows(
      'horizontalpodautoscalers',
      `/apis/autoscaling/v2${ns}/horizontalpodautoscalers`,
      { spec: { maxReplicas: 3, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' } } },
      {
        spec: {
          maxReplicas: 9,
          minReplicas: 2,
          scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' },
          metrics: [
            { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } },
            { type: 'Resource', resource: { name: 'memory', target: { type: 'AverageValue', averageValue: '1Gi' } } },
            { type: 'Pods', pods: { metric: { name: 'q' }, target: { type: 'AverageValue', averageValue: '10' } } },
          ],
        },
        status: {
          currentReplicas: 2,
          desiredReplicas: 3,
          currentMetrics: [
            { type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: 20, averageValue: '100m' } } },
          ],
        },
      },
    ),
    rows('horizontalpodautoscalers v1', `/apis/autoscaling/v1${ns}/horizontalpodautoscalers`, {
      spec: {
        maxReplicas: 3,
        targetCPUUtilizationPercentage: 70,
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' },
      },
    }),
    rows(
      'ingresses',
      `/apis/networking.k8s.io/v1${ns}/ingresses`,
      {
        spec: {
          ingressClassName: 'x',
          tls: [{ hosts: ['a'], secretName: 's' }],
          rules: ['a.example.com', 'b.example.com', 'c.example.com', 'd.example.com'].map((host) => ({
            host,
            http: {
              paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: 's', port: { number: 80 } } } }],
            },
          })),
        },
        status: { loadBalancer: { ingress: [{ ip: '1.2.3.4' }, { hostname: 'lb.example.com' }] } },
      },
      { spec: { defaultBackend: { service: { name: 's', port: { number: 80 } } } } },
    ),
    rows(
      'ingressclasses',
      '/apis/networking.k8s.io/v1/ingressclasses',
      { spec: { controller: 'example.com/x', parameters: { apiGroup: 'a.b', kind: 'K', name: 'n' } } },
      { spec: { controller: 'example.com/x' } },
    ),
    rows(
      'networkpolicies',
      `/apis/networking.k8s.io/v1${ns}/networkpolicies`,
      { spec: { podSelector: selector } },
      { spec: { podSelector: expressions } },
      { spec: { podSelector: {} } },
    ),
    rows('ipaddresses', '/apis/networking.k8s.io/v1/ipaddresses'),
    rows('servicecidrs', '/apis/networking.k8s.io/v1/servicecidrs', { spec: { cidrs: ['10.98.0.0/24'] } }),
    rows(
      'poddisruptionbudgets',
      `/apis/policy/v1${ns}/poddisruptionbudgets`,
      {
        spec: { minAvailable: 1, selector },
        status: { disruptionsAllowed: 2, currentHealthy: 3, desiredHealthy: 1, expectedPods: 3 },
      },
      { spec: { maxUnavailable: '30%', selector } },
    ),
    rows('roles', `/apis/rbac.authorization.k8s.io/v1${ns}/roles`, { rules: [] }),
    rows('rolebindings', `/apis/rbac.authorization.k8s.io/v1${ns}/rolebindings`, {
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'r' },
      subjects: [
        { kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'u' },
        { kind: 'Group', apiGroup: 'rbac.authorization.k8s.io', name: 'g' },
        { kind: 'ServiceAccount', namespace: 'x', name: 's' },
      ],
    }),
    rows('clusterroles', '/apis/rbac.authorization.k8s.io/v1/clusterroles', { rules: [] }),
    rows('clusterrolebindings', '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'r' },
      subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'u' }],
    }),
    rows(
      'priorityclasses',
      '/apis/scheduling.k8s.io/v1/priorityclasses',
      { value: 5 },
      { value: -5, preemptionPolicy: 'Never', description: 'x' },
    ),
    rows(
      'storageclasses',
      '/apis/storage.k8s.io/v1/storageclasses',
      {
        provisioner: 'x',
        reclaimPolicy: 'Retain',
        volumeBindingMode: 'WaitForFirstConsumer',
        allowVolumeExpansion: true,
      },
      { provisioner: 'y' },
    ),
    {
      name: 'the default storage class',
      steps: [
        given(
          post('/apis/storage.k8s.io/v1/storageclasses', {
            metadata: { name: '$id', annotations: { 'storageclass.beta.kubernetes.io/is-default-class': 'true' } },
            provisioner: 'x',
          }),
        ),
        get('/apis/storage.k8s.io/v1/storageclasses/$id', asTable),
        given({ method: 'DELETE', path: '/apis/storage.k8s.io/v1/storageclasses/$id' }),
      ],
    },
    rows('volumeattachments', '/apis/storage.k8s.io/v1/volumeattachments', {
      spec: { attacher: 'a', nodeName: 'n', source: { persistentVolumeName: 'p' } },
      status: { attached: true },
    }),
    rows('volumeattributesclasses', '/apis/storage.k8s.io/v1/volumeattributesclasses', {
      driverName: 'd',
      parameters: { a: 'b' },
    }),
    rows(
      'csidrivers',
      '/apis/storage.k8s.io/v1/csidrivers',
      { spec: {} },
      {
        spec: {
          attachRequired: false,
          podInfoOnMount: true,
          storageCapacity: true,
          requiresRepublish: true,
          volumeLifecycleModes: ['Persistent', 'Ephemeral'],
          tokenRequests: [{ audience: 'a' }, { audience: 'b' }],
        },
      },
    ),
    rows(
      'csinodes',
      '/apis/storage.k8s.io/v1/csinodes',
      { spec: { drivers: [{ name: 'd', nodeID: 'n', topologyKeys: [] }] } },
      { spec: { drivers: [] } },
    ),
    rows('csistoragecapacities', `/apis/storage.k8s.io/v1${ns}/csistoragecapacities`, {
      storageClassName: 's',
      capacity: '1Gi',
    }),
    rows('leases', `/apis/coordination.k8s.io/v1${ns}/leases`, { spec: { holderIdentity: 'me' } }, { spec: {} }),
    rows(
      'endpointslices',
      `/apis/discovery.k8s.io/v1${ns}/endpointslices`,
      {
        addressType: 'IPv4',
        endpoints: [
          { addresses: ['10.0.0.1'] },
          { addresses: ['10.0.0.2'] },
          { addresses: ['10.0.0.3'] },
          { addresses: ['10.0.0.4'] },
        ],
        ports: [
          { port: 80, name: 'a' },
          { port: 81, name: 'b' },
        ],
      },
      { addressType: 'IPv6', endpoints: [], ports: [] },
      { addressType: 'IPv4', endpoints: [{ addresses: ['10.0.0.1'] }] },
    ),
    rows(
      'flowschemas',
      '/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas',
      {
        spec: {
          priorityLevelConfiguration: { name: 'exempt' },
          matchingPrecedence: 50,
          distinguisherMethod: { type: 'ByUser' },
        },
      },
      { spec: { priorityLevelConfiguration: { name: 'none-such' } } },
    ),
    rows(
      'prioritylevelconfigurations',
      '/apis/flowcontrol.apiserver.k8s.io/v1/prioritylevelconfigurations',
      {
        spec: {
          type: 'Limited',
          limited: {
            nominalConcurrencyShares: 5,
            limitResponse: { type: 'Queue', queuing: { queues: 4, handSize: 2, queueLengthLimit: 10 } },
          },
        },
      },
      { spec: { type: 'Limited', limited: { limitResponse: { type: 'Reject' } } } },
    ),
    rows('runtimeclasses', '/apis/node.k8s.io/v1/runtimeclasses', { handler: 'runc' }),
    rows('certificatesigningrequests', '/apis/certificates.k8s.io/v1/certificatesigningrequests'),
    rows('mutatingwebhookconfigurations', '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations', {
      webhooks: [],
    }),
    rows('validatingwebhookconfigurations', '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations', {
      webhooks: [],
    }),
    rows('validatingadmissionpolicies', '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies', {
      spec: {
        matchConstraints: {
          resourceRules: [
            { apiGroups: ['none.example.com'], apiVersions: ['v1'], resources: ['none'], operations: ['CREATE'] },
          ],
        },
        validations: [{ expression: 'true' }],
        paramKind: { apiVersion: 'v1', kind: 'ConfigMap' },
      },
    }),
    rows(
      'validatingadmissionpolicybindings',
      '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings',
      {
        spec: {
          policyName: 'none-such',
          validationActions: ['Deny'],
          paramRef: { name: 'p', namespace: 'q', parameterNotFoundAction: 'Deny' },
        },
      },
    ),
    rows('mutatingadmissionpolicies', '/apis/admissionregistration.k8s.io/v1/mutatingadmissionpolicies', {
      spec: {
        reinvocationPolicy: 'Never',
        matchConstraints: {
          resourceRules: [
            { apiGroups: ['none.example.com'], apiVersions: ['v1'], resources: ['none'], operations: ['CREATE'] },
          ],
        },
        mutations: [
          { patchType: 'JSONPatch', jsonPatch: { expression: '[JSONPatch{op: "test", path: "/a", value: "b"}]' } },
        ],
      },
    }),
    rows('mutatingadmissionpolicybindings', '/apis/admissionregistration.k8s.io/v1/mutatingadmissionpolicybindings', {
      spec: { policyName: 'none-such' },
    }),
    rows('resourceclaims', `/apis/resource.k8s.io/v1${ns}/resourceclaims`, {
      spec: { devices: { requests: [{ name: 'r', exactly: { deviceClassName: 'd' } }] } },
    }),
    rows('resourceclaimtemplates', `/apis/resource.k8s.io/v1${ns}/resourceclaimtemplates`, {
      spec: { spec: { devices: { requests: [{ name: 'r', exactly: { deviceClassName: 'd' } }] } } },
    }),
    rows('deviceclasses', '/apis/resource.k8s.io/v1/deviceclasses', { spec: {} }),
    rows('resourceslices', '/apis/resource.k8s.io/v1/resourceslices', {
      spec: { driver: 'd.example.com', nodeName: 'n', pool: { name: 'p', generation: 1, resourceSliceCount: 1 } },
    }),
    {
      name: 'customresourcedefinitions and what they define',
      steps: [
        given(
          post('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
            metadata: { name: 'things.$id.example.com', labels: { id: '$id' } },
            spec: {
              group: '$id.example.com',
              scope: 'Namespaced',
              names: { plural: 'things', kind: 'Thing' },
              versions: [
                {
                  name: 'v1',
                  served: false,
                  storage: true,
                  schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
                },
              ],
            },
          }),
        ),
        get('/apis/apiextensions.k8s.io/v1/customresourcedefinitions?labelSelector=id=$id', asTable),
      ],
    },
    rows('apiservices', '/apis/apiregistration.k8s.io/v1/apiservices'),
    {
      name: 'component statuses',
      steps: [get('/api/v1/componentstatuses', { ...asTable, compare: ['status', 'headers'] })],
    },
    {
      name: 'a namespace that goes',
      steps: [given({ method: 'DELETE', path: '/api/v1/namespaces/$ns' }), get('/api/v1/namespaces/$ns', asTable)],
    },
    {
      name: 'the tables of deployments as kubectl asks',
      steps: [
        given(post(`/apis/apps/v1${ns}/deployments`, deployment('d'))),
        get(`/apis/apps/v1${ns}/deployments?limit=500`, {
          headers: {
            accept:
              'application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json',
          },
        }),
      ],
    },
  ],
}
