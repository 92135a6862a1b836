import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Node, Pod } from '../../../api/generated/types/core/v1.ts'
import type { GuardedServer } from '../../guarded-server.suite.ts'
import { PODS, podOf, serverWith } from '../plugin-tests.suite.ts'

const ME = 'system:node:n1'
const NODES = '/api/v1/nodes'
const TOKEN = '/api/v1/namespaces/default/serviceaccounts/default/token'

type Speaker = ReturnType<GuardedServer['as']>

/** Two nodes with a pod each, and the first of them, whom RBAC lets write everything: what is left is this plugin. */
async function withNodes(): Promise<{ server: GuardedServer; me: Speaker }> {
  const server = await serverWith({})
  const verbs = ['get', 'list', 'create', 'update', 'patch', 'delete', 'deletecollection']
  const rules = [{ apiGroups: ['*'], resources: ['*'], verbs }]
  await server.create('/apis/rbac.authorization.k8s.io/v1/clusterroles', { metadata: { name: 'most' }, rules })
  await server.bind('most', ME)
  for (const name of ['n1', 'n2']) {
    await server.create(NODES, { metadata: { name } })
    await server.create(PODS, podOf(`on-${name}`, { nodeName: name }))
  }
  return { server, me: server.as(ME, 'system:nodes') }
}

const because = (resource: string, name: string, why: string): string => `${resource} "${name}" is forbidden: ${why}`
const merge = { 'content-type': 'application/merge-patch+json' }

/** What a patch is refused with; undefined when it is let through. */
async function patched(me: Speaker, path: string, body: object): Promise<string | undefined> {
  const answer = await me.send('PATCH', path, body, merge)
  return answer.status < 300 ? undefined : (answer.body as { message: string }).message
}

test("node acting for other nodes' pods", async (t) => {
  const { me, server } = await withNodes()
  const status = { status: { message: 'm' } }
  await t.test('status', async () => {
    assert.equal(
      await patched(me, `${PODS}/on-n2/status`, status),
      because('pods', 'on-n2', 'node "n1" can only update pod status for pods with spec.nodeName set to itself'),
    )
    assert.equal(await patched(me, `${PODS}/on-n1/status`, status), undefined)
  })
  await t.test('labels, through the status', async () =>
    assert.equal(
      await patched(me, `${PODS}/on-n1/status`, { metadata: { labels: { a: 'b' } } }),
      because('pods', 'on-n1', 'node "n1" cannot update labels through pod status'),
    ),
  )
  await t.test('claims, through the status', async () =>
    assert.equal(
      await patched(me, `${PODS}/on-n1/status`, {
        status: { resourceClaimStatuses: [{ name: 'r', resourceClaimName: 'x' }] },
      }),
      because('pods', 'on-n1', 'node "n1" cannot update resource claim statues'),
    ),
  )
  await t.test('eviction and deletion', async () => {
    const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'on-n2', namespace: 'default' } }
    const onlyOwn = (verb: string, who: string): string =>
      because('pods', 'on-n2', `node ${who} can only ${verb} pods with spec.nodeName set to itself`)
    assert.equal(await me.refused(403, 'POST', `${PODS}/on-n2/eviction`, eviction), onlyOwn('evict', 'n1'))
    assert.equal(await me.refused(403, 'DELETE', `${PODS}/on-n2`), onlyOwn('delete', '"n1"'))
    await me.expect(403, 'DELETE', PODS)
    await server.get(`${PODS}/on-n2`)
  })
  for (const subresource of ['ephemeralcontainers', 'resize', 'binding']) {
    await t.test(`admission bypassed by subresource: ${subresource}`, async () => {
      const body = {
        apiVersion: 'v1',
        kind: 'Binding',
        metadata: { name: 'on-n1' },
        target: { kind: 'Node', name: 'n1' },
      }
      const message =
        subresource === 'binding'
          ? await me.refused(403, 'POST', `${PODS}/on-n1/binding`, body)
          : await patched(me, `${PODS}/on-n1/${subresource}`, {
              spec: { ephemeralContainers: [{ name: 'e', image: 'i' }] },
            })
      const why = `unexpected pod subresource "${subresource}", only 'status' and 'eviction' are allowed`
      assert.equal(message, because('pods', 'on-n1', why))
    })
  }
  await t.test('the pod itself', async () =>
    assert.equal(
      await patched(me, `${PODS}/on-n1`, { metadata: { labels: { a: 'b' } } }),
      because('pods', 'on-n1', 'unexpected operation "UPDATE", node "n1" can only create and delete mirror pods'),
    ),
  )
})

test("node acting for other nodes' secrets: tokens are for its pods alone, with audiences that they mount", async (t) => {
  const { server, me } = await withNodes()
  const volumes = [{ name: 'v', projected: { sources: [{ serviceAccountToken: { path: 't', audience: 'vault' } }] } }]
  await server.create(PODS, podOf('mounting', { nodeName: 'n1', volumes }))
  const ref = async (name: string): Promise<object> => {
    const { metadata } = await server.get<Pod>(`${PODS}/${name}`)
    return { apiVersion: 'v1', kind: 'Pod', name, uid: metadata.uid }
  }
  const refused = async (spec: object): Promise<string> => me.refused(403, 'POST', TOKEN, { spec })
  const why = (text: string): string => because('serviceaccounts', 'default', text)
  await t.test('unbound', async () => assert.equal(await refused({}), why('node requested token not bound to a pod')))
  await t.test('a pod of another node', async () =>
    assert.equal(
      await refused({ boundObjectRef: await ref('on-n2') }),
      why('node requested token bound to a pod scheduled on a different node'),
    ),
  )
  await t.test('a pod that was', async () =>
    assert.match(
      await refused({ boundObjectRef: { ...(await ref('mounting')), uid: 'x' } }),
      /the UID in the bound object reference \(x\) does not match the UID in record/,
    ),
  )
  await t.test('an audience that nobody mounts', async () =>
    assert.equal(
      await refused({ audiences: ['other'], boundObjectRef: await ref('mounting') }),
      why(
        'audience "other" not found in pod spec volume, system:node:n1 is not authorized to request tokens for this audience',
      ),
    ),
  )
  await t.test('its own', async () => {
    await me.create(TOKEN, { spec: { audiences: ['vault'], boundObjectRef: await ref('mounting') } })
  })
})

test("node acting for other nodes' labels, taints and owner references", async (t) => {
  const { me } = await withNodes()
  const own = `${NODES}/n1`
  const cases: readonly [string, string, object, string][] = [
    [
      'another node',
      `${NODES}/n2`,
      { metadata: { labels: { a: 'b' } } },
      because('nodes', 'n2', 'node "n1" is not allowed to modify node "n2"'),
    ],
    [
      'labels that steer workloads',
      own,
      { metadata: { labels: { 'node-restriction.kubernetes.io/a': 'b', 'x.k8s.io/c': 'd' } } },
      because('nodes', 'n1', 'is not allowed to modify labels: node-restriction.kubernetes.io/a, x.k8s.io/c'),
    ],
    [
      'taints',
      own,
      { spec: { taints: [{ key: 'a', effect: 'NoSchedule' }] } },
      because('nodes', 'n1', 'node "n1" is not allowed to modify taints'),
    ],
    [
      'owner references',
      own,
      { metadata: { ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'x', uid: 'y' }] } },
      because('nodes', 'n1', 'node "n1" is not allowed to modify ownerReferences'),
    ],
    [
      'owner references, through the status',
      `${own}/status`,
      { metadata: { ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'x', uid: 'y' }] } },
      because('nodes', 'n1', 'node "n1" is not allowed to modify ownerReferences'),
    ],
  ]
  for (const [name, path, body, message] of cases)
    await t.test(name, async () => assert.equal(await patched(me, path, body), message))
  await t.test('labels of its own', async () => {
    const labels = { 'kubernetes.io/hostname': 'h', 'x.node.kubernetes.io/a': 'b', other: 'c' }
    assert.equal(await patched(me, own, { metadata: { labels } }), undefined)
  })
  await t.test('a new node', async () => {
    const { server } = await withNodes()
    await server.expect(200, 'DELETE', own)
    const register = (labels: object): object => ({ metadata: { name: 'n1', labels } })
    const node = server.as(ME, 'system:nodes')
    assert.equal(
      await node.refused(403, 'POST', NODES, register({ 'foo.kubernetes.io/x': '1' })),
      because('nodes', 'n1', 'node "n1" is not allowed to set the following labels: foo.kubernetes.io/x'),
    )
    await node.create<Node>(NODES, {
      ...register({ other: '1' }),
      spec: { taints: [{ key: 'a', effect: 'NoSchedule' }] },
    })
  })
})

test('mirror pods name their node, and nothing of the API', async (t) => {
  const { server, me } = await withNodes()
  const { uid } = (await server.get<Node>(`${NODES}/n1`)).metadata
  const owner = { apiVersion: 'v1', kind: 'Node', name: 'n1', uid, controller: true }
  const mirror = (
    spec: object = {},
    ownerReferences: object[] = [owner],
    annotations: object = { 'kubernetes.io/config.mirror': 'x' },
  ): object => ({
    metadata: { name: 'm', annotations, ownerReferences },
    spec: { containers: [{ name: 'c', image: 'i' }], nodeName: 'n1', ...spec },
  })
  const cases: readonly [string, object, string][] = [
    [
      'no annotation',
      mirror({}, [owner], {}),
      'pod does not have "kubernetes.io/config.mirror" annotation, node "n1" can only create mirror pods',
    ],
    ['another node', mirror({ nodeName: 'n2' }), 'node "n1" can only create pods with spec.nodeName set to itself'],
    ['no owner', mirror({}, []), 'node "n1" can only create pods with an owner reference set to itself'],
    [
      'another owner',
      mirror({}, [{ ...owner, name: 'n2' }]),
      'node "n1" can only create pods with an owner reference set to itself',
    ],
    [
      'two owners',
      mirror({}, [owner, { ...owner, uid: 'z', controller: false }]),
      'node "n1" can only create pods with a single owner reference set to itself',
    ],
    [
      'an owner that blocks',
      mirror({}, [{ ...owner, blockOwnerDeletion: true }]),
      'node "n1" must not set blockOwnerDeletion on an owner reference',
    ],
    ['a node that was', mirror({}, [{ ...owner, uid: 'z' }]), `node n1 UID mismatch: expected z got ${uid}`],
    [
      'a ConfigMap',
      mirror({ volumes: [{ name: 'v', configMap: { name: 's' } }] }),
      'node "n1" can not create pods that reference configmaps',
    ],
    [
      'a claim',
      mirror({ volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 's' } }] }),
      'node "n1" can not create pods that reference persistentvolumeclaims',
    ],
  ]
  for (const [name, pod, why] of cases)
    await t.test(name, async () => assert.equal(await me.refused(403, 'POST', PODS, pod), because('pods', 'm', why)))
  await me.create(PODS, mirror({ volumes: [{ name: 'v', hostPath: { path: '/x' } }] }))
})

test('leases, CSINodes and slices are those of the node', async () => {
  const { server, me } = await withNodes()
  const leases = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases'
  const slices = '/apis/resource.k8s.io/v1/resourceslices'
  const slice = (name: string, where: object): object => ({
    metadata: { name },
    spec: { driver: 'd.example.com', pool: { name: 'p', generation: 1, resourceSliceCount: 1 }, ...where },
  })
  await me.expect(403, 'POST', leases, { metadata: { name: 'n2' }, spec: {} })
  await me.expect(403, 'POST', leases.replace('kube-node-lease', 'default'), { metadata: { name: 'n1' }, spec: {} })
  await me.create(leases, { metadata: { name: 'n1' }, spec: {} })
  await me.expect(403, 'POST', '/apis/storage.k8s.io/v1/csinodes', { metadata: { name: 'n2' }, spec: { drivers: [] } })
  await me.expect(403, 'POST', slices, slice('a', { nodeName: 'n2' }))
  await me.expect(403, 'POST', slices, slice('a', { allNodes: true }))
  await me.create(slices, slice('a', { nodeName: 'n1' }))
  await server.create(slices, slice('b', { nodeName: 'n2' }))
  await me.expect(403, 'DELETE', `${slices}/b`)
})
