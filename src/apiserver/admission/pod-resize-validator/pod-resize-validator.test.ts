import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Node, Pod } from '../../../api/generated/types/core/v1.ts'
import type { GuardedServer } from '../../guarded-server.suite.ts'
import { PODS, podOf, serverWith } from '../plugin-tests.suite.ts'

const NODE = '/api/v1/nodes/n'
const container = (name: string, requests: object, more: object = {}): object => ({
  name,
  image: 'i',
  resources: { requests },
  ...more,
})

/** A pod on a node of one CPU and 1Gi. */
async function onNode(status: object = {}, spec: object = {}): Promise<{ server: GuardedServer; pod: Pod }> {
  const server = await serverWith({})
  const node = await server.create<Node>('/api/v1/nodes', { metadata: { name: 'n' } })
  await server.expect(200, 'PUT', `${NODE}/status`, {
    ...node,
    status: { allocatable: { cpu: '1', memory: '1Gi' }, ...status },
  })
  const containers = [container('c', { cpu: '100m', memory: '64Mi' })]
  const pod = await server.create<Pod>(PODS, podOf('p', { nodeName: 'n', containers, ...spec }))
  return { server, pod }
}

const resized = (pod: Pod, spec: object): object => ({ ...pod, spec: { ...pod.spec, ...spec } })
const asking = (requests: object): object => ({ containers: [container('c', { memory: '64Mi', ...requests })] })

test('no pod is resized to more than its node has', async () => {
  const { server, pod } = await onNode()
  const refusal = async (requests: object): Promise<string> => {
    const body = resized({ ...pod, metadata: { name: 'p' } }, asking(requests))
    return server.refused(403, 'PUT', `${PODS}/p/resize`, body)
  }
  const lacking = `pods "p" is forbidden: node didn't have enough allocatable resources: cpu, requested: 1001, allocatable: 1000`
  assert.equal(await refusal({ cpu: '1001m' }), lacking)
  assert.equal(
    await refusal({ cpu: '1001m', memory: '2Gi' }),
    `${lacking}; memory, requested: 2147483648, allocatable: 1073741824`,
  )
  await server.expect(200, 'PUT', `${PODS}/p/resize`, resized(pod, asking({ cpu: '1' })))
})

test('pods are resized on Linux alone, and on nodes that are there', async () => {
  const { server, pod } = await onNode()
  const node = await server.get<Node>(NODE)
  await server.expect(200, 'PUT', NODE, {
    ...node,
    metadata: { ...node.metadata, labels: { 'kubernetes.io/os': 'windows' } },
  })
  const body = resized({ ...pod, metadata: { name: 'p' } }, asking({ cpu: '200m' }))
  assert.equal(
    await server.refused(403, 'PUT', `${PODS}/p/resize`, body),
    'pods "p" is forbidden: pod resize is only supported on linux nodes, node "n" is "windows"',
  )
  await server.expect(200, 'DELETE', NODE)
  assert.equal(await server.refused(403, 'PUT', `${PODS}/p/resize`, body), 'pods "p" is forbidden: node "n" not found')
})

test('what nodes must know for a change they have to declare (NodeDeclaredFeatureValidator)', async (t) => {
  const limits = { cpu: '1', memory: '128Mi' }
  const cases: readonly [string, string, object, object][] = [
    [
      'resources of the pod itself',
      'InPlacePodLevelResourcesVerticalScaling',
      { resources: { requests: { cpu: '200m', memory: '128Mi' }, limits } },
      { resources: { requests: { cpu: '300m', memory: '128Mi' }, limits } },
    ],
    [
      'resources of what runs first',
      'InPlacePodVerticalScalingInitContainers',
      { initContainers: [container('i', { cpu: '100m' })] },
      { initContainers: [container('i', { cpu: '50m' })] },
    ],
  ]
  for (const [name, feature, spec, change] of cases) {
    await t.test(name, async () => {
      const { server, pod } = await onNode({}, spec)
      assert.equal(
        await server.refused(403, 'PUT', `${PODS}/p/resize`, resized(pod, change)),
        `pods "p" is forbidden: pod update requires features ${feature} which are not available on node "n"`,
      )
      const able = await onNode({ declaredFeatures: [feature] }, spec)
      await able.server.expect(200, 'PUT', `${PODS}/p/resize`, resized(able.pod, change))
    })
  }
  await t.test('a sidecar needs nothing', async () => {
    const sidecar = (cpu: string): object => ({
      initContainers: [container('s', { cpu }, { restartPolicy: 'Always' })],
    })
    const { server, pod } = await onNode({}, sidecar('100m'))
    await server.expect(200, 'PUT', `${PODS}/p/resize`, resized(pod, sidecar('50m')))
  })
})
