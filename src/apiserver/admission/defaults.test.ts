import 'reflect-metadata'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Pkcs10CertificateRequestGenerator } from '@peculiar/x509'
import type { PersistentVolumeClaim, Pod } from '../../api/generated/types/core/v1.ts'
import type { Ingress } from '../../api/generated/types/networking/v1.ts'
import { GuardedServer } from '../guarded-server.suite.ts'

const PODS = '/api/v1/namespaces/default/pods'

async function started(): Promise<GuardedServer> {
  const server = await GuardedServer.start()
  await server.create('/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'default' } })
  return server
}

async function makeRequest(name: string): Promise<string> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const request = await Pkcs10CertificateRequestGenerator.create({ name, keys, signingAlgorithm: algorithm })
  return request.toString('pem')
}

const pod = (name: string, spec: object = {}): object => ({
  metadata: { name },
  spec: { containers: [{ name: 'c', image: 'i' }], ...spec },
})

test('a new pod gets its account, token, priority and patience with failing nodes', async () => {
  const server = await started()
  const made = await server.create<Pod>(PODS, pod('p'))
  assert.equal(made.spec.serviceAccountName, 'default')
  assert.equal(made.spec.priority, 0)
  assert.equal(made.spec.preemptionPolicy, 'PreemptLowerPriority')
  assert.deepEqual(
    made.spec.tolerations?.map(({ key, tolerationSeconds }) => `${key} ${tolerationSeconds}`),
    ['node.kubernetes.io/not-ready 300', 'node.kubernetes.io/unreachable 300'],
  )
  const [mount] = made.spec.containers[0]?.volumeMounts ?? []
  assert.equal(mount?.mountPath, '/var/run/secrets/kubernetes.io/serviceaccount')
  assert.equal(made.spec.volumes?.[0]?.name, mount.name)
})

test('a pod is refused for what it names and is not there', async (t) => {
  const server = await started()
  const cases: readonly [string, object, string][] = [
    [
      'account',
      { serviceAccountName: 'x' },
      'pods "p" is forbidden: error looking up service account default/x: serviceaccount "x" not found',
    ],
    ['priority class', { priorityClassName: 'x' }, 'pods "p" is forbidden: no PriorityClass with name x was found'],
    ['runtime class', { runtimeClassName: 'x' }, 'pods "p" is forbidden: pod rejected: RuntimeClass "x" not found'],
    [
      'priority of its own',
      { priority: 5 },
      'pods "p" is forbidden: the integer value of priority (5) must not be provided in pod spec; priority admission controller computed 0 from the given PriorityClass name',
    ],
    [
      'overhead without a class',
      { overhead: { cpu: '1' } },
      'pods "p" is forbidden: pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead',
    ],
  ]
  for (const [name, spec, message] of cases)
    await t.test(name, async () => assert.equal(await server.refused(403, 'POST', PODS, pod('p', spec)), message))
})

test('nothing is made in a namespace that is not there or ends, and the first ones stay', async () => {
  const server = await started()
  const inside = '/api/v1/namespaces/gone/configmaps'
  assert.equal(await server.refused(404, 'POST', inside, { metadata: { name: 'c' } }), 'namespaces "gone" not found')
  await server.create('/api/v1/namespaces', { metadata: { name: 'gone' } })
  await server.create(inside, { metadata: { name: 'c' } })
  await server.expect(200, 'DELETE', '/api/v1/namespaces/gone')
  assert.equal(
    await server.refused(403, 'POST', inside, { metadata: { name: 'd' } }),
    'configmaps "d" is forbidden: unable to create new content in namespace gone because it is being terminated',
  )
  assert.equal(
    await server.refused(403, 'DELETE', '/api/v1/namespaces/default'),
    'namespaces "default" is forbidden: this namespace may not be deleted',
  )
})

test('a runtime class gives its overhead, node selector and tolerations', async () => {
  const server = await started()
  await server.create('/apis/node.k8s.io/v1/runtimeclasses', {
    metadata: { name: 'vm' },
    handler: 'vm',
    overhead: { podFixed: { cpu: '100m' } },
    scheduling: { nodeSelector: { vm: 'yes' }, tolerations: [{ key: 'vm', operator: 'Exists' }] },
  })
  const made = await server.create<Pod>(PODS, pod('p', { runtimeClassName: 'vm' }))
  assert.deepEqual(made.spec.overhead, { cpu: '100m' })
  assert.deepEqual(made.spec.nodeSelector, { vm: 'yes' })
  assert.ok(made.spec.tolerations?.some(({ key }) => key === 'vm'))
  const other = pod('q', { runtimeClassName: 'vm', nodeSelector: { vm: 'no' } })
  assert.match(await server.refused(403, 'POST', PODS, other), /conflict: runtimeClass.scheduling.nodeSelector\[vm\]/)
})

test('claims and ingresses that name no class get the default, and claims their protection', async () => {
  const server = await started()
  const isDefault = (key: string): object => ({ annotations: { [`${key}/is-default-class`]: 'true' } })
  await server.create('/apis/storage.k8s.io/v1/storageclasses', {
    metadata: { name: 'disk', ...isDefault('storageclass.kubernetes.io') },
    provisioner: 'x',
  })
  await server.create('/apis/networking.k8s.io/v1/ingressclasses', {
    metadata: { name: 'web', ...isDefault('ingressclass.kubernetes.io') },
    spec: { controller: 'example.com/c' },
  })
  const claims = '/api/v1/namespaces/default/persistentvolumeclaims'
  const claim = (name: string, spec: object = {}): object => ({
    metadata: { name },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, ...spec },
  })
  const made = await server.create<PersistentVolumeClaim>(claims, claim('a'))
  assert.equal(made.spec.storageClassName, 'disk')
  assert.deepEqual(made.metadata.finalizers, ['kubernetes.io/pvc-protection'])
  const none = await server.create<PersistentVolumeClaim>(claims, claim('b', { storageClassName: '' }))
  assert.equal(none.spec.storageClassName, '')
  const ingress = await server.create<Ingress>('/apis/networking.k8s.io/v1/namespaces/default/ingresses', {
    metadata: { name: 'i' },
    spec: { defaultBackend: { service: { name: 's', port: { number: 80 } } } },
  })
  assert.equal(ingress.spec?.ingressClassName, 'web')
  const bound = await server.expect<PersistentVolumeClaim>(200, 'PUT', `${claims}/a/status`, {
    ...made,
    status: { phase: 'Bound' },
  })
  const larger = { ...bound, spec: { ...made.spec, resources: { requests: { storage: '2Gi' } } } }
  assert.match(
    await server.refused(403, 'PUT', `${claims}/a`, larger),
    /only dynamically provisioned pvc can be resized/,
  )
})

test("a pod learns its node's zone and region", async () => {
  const server = await started()
  const labels = { 'topology.kubernetes.io/zone': 'z', 'topology.kubernetes.io/region': 'r', other: 'x' }
  await server.create('/api/v1/nodes', { metadata: { name: 'n', labels } })
  await server.create(PODS, pod('p'))
  const target = { kind: 'Node', name: 'n' }
  await server.create(`${PODS}/p/binding`, { metadata: { name: 'p' }, target })
  const bound = await server.get<Pod>(`${PODS}/p`)
  assert.deepEqual(bound.metadata.labels, {
    'topology.kubernetes.io/zone': 'z',
    'topology.kubernetes.io/region': 'r',
  })
})

test('certificates are approved by who may, and nobody asks to be a superuser', async () => {
  const server = await started()
  const path = '/apis/certificates.k8s.io/v1/certificatesigningrequests'
  const request = async (name: string, organization: string): Promise<object> => ({
    metadata: { name },
    spec: {
      request: Buffer.from(await makeRequest(`O=${organization}, CN=x`)).toString('base64'),
      signerName: 'kubernetes.io/kube-apiserver-client',
      usages: ['client auth'],
    },
  })
  await server.create(path, await request('fine', 'people'))
  assert.match(
    await server.refused(403, 'POST', path, await request('bad', 'system:masters')),
    /use of kubernetes.io\/kube-apiserver-client signer with system:masters group is not allowed/,
  )
  await server.create('/apis/rbac.authorization.k8s.io/v1/clusterroles', {
    metadata: { name: 'csr' },
    rules: [
      {
        verbs: ['get', 'update'],
        apiGroups: ['certificates.k8s.io'],
        resources: ['certificatesigningrequests/approval'],
      },
    ],
  })
  await server.bind('csr', 'bob')
  const now = await server.get<object>(`${path}/fine`)
  const conditions = [{ type: 'Approved', status: 'True', reason: 'r', message: 'm' }]
  const approved = { ...now, status: { conditions } }
  assert.match(
    await server.as('bob').refused(403, 'PUT', `${path}/fine/approval`, approved),
    /user not permitted to approve requests with signerName "kubernetes.io\/kube-apiserver-client"/,
  )
  await server.create('/apis/rbac.authorization.k8s.io/v1/clusterroles', {
    metadata: { name: 'approver' },
    rules: [
      {
        verbs: ['approve'],
        apiGroups: ['certificates.k8s.io'],
        resources: ['signers'],
        resourceNames: ['kubernetes.io/*'],
      },
    ],
  })
  await server.bind('approver', 'bob')
  await server.as('bob').expect(200, 'PUT', `${path}/fine/approval`, approved)
})
