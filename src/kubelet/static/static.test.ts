import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nodes } from '../../api/core/v1/node.ts'
import { pods } from '../../api/core/v1/pod.ts'
import { hasReason } from '../../apimachinery/status.ts'
import { testBench, type TestBench } from '../../client/testing/test-env.ts'
import { informerSource } from '../pod/informer-source.ts'
import type { Pod } from '../pod/spec.ts'
import { mirroredUid, staticPods, STATIC } from './manifest.ts'
import { MirrorPods } from './mirrors.ts'

const manifest = (image: string): string => `
apiVersion: v1
kind: Pod
metadata: { name: web }
spec:
  containers: [ { name: app, image: "${image}" } ]
`

test('a manifest becomes a pod of its node, with a uid that follows its content', async () => {
  const { env, stop } = testBench()
  const [pod] = await staticPods(manifest('busybox:1'), 'n1', env)
  assert.equal(pod?.metadata.name, 'web-n1')
  assert.equal(pod?.metadata.namespace, 'default')
  assert.equal(pod?.spec.nodeName, 'n1')
  assert.equal(pod?.spec.containers[0]?.terminationMessagePath, '/dev/termination-log', 'defaults hold')
  assert.deepEqual(pod?.spec.tolerations, [{ effect: 'NoExecute', operator: 'Exists' }])
  assert.equal(pod?.metadata.annotations?.[STATIC.source], 'file')
  const uids = await Promise.all(
    ['busybox:1', 'busybox:2'].map(async (image) => (await staticPods(manifest(image), 'n1', env))[0]?.metadata.uid),
  )
  assert.equal(uids[0], pod?.metadata.uid)
  assert.notEqual(uids[0], uids[1])
  stop()
})

test('what is no valid pod is refused', async () => {
  const { env, stop } = testBench()
  await assert.rejects(staticPods('kind: [', 'n1', env))
  await assert.rejects(
    staticPods('{apiVersion: v1, kind: Secret, metadata: {name: s}}', 'n1', env),
    /a Secret is no Pod/,
  )
  await assert.rejects(
    staticPods('{apiVersion: v1, kind: Pod, metadata: {name: s}, spec: {containers: []}}', 'n1', env),
    /spec\.containers/,
  )
  stop()
})

async function mirroring(): Promise<{
  bench: TestBench
  mirrors: MirrorPods
  pod: Pod
  ordinary: string[]
  get: () => Promise<Pod | undefined>
}> {
  const bench = testBench()
  const { client, env, signal } = bench
  const node = await client(nodes).create({ metadata: { name: 'n1' }, spec: {} })
  const ordinary: string[] = []
  const mirrors = new MirrorPods({
    client,
    env,
    handler: {
      set: ({ metadata }) => ordinary.push(metadata.name ?? ''),
      removed: ({ metadata }) => ordinary.push(`-${metadata.name}`),
      synced: () => ordinary.push('synced'),
    },
    node: () => node,
    onMirror: () => undefined,
  })
  informerSource(client, env).follow('n1', mirrors, signal)
  await bench.settle()
  const [pod] = await staticPods(manifest('busybox:1'), 'n1', env)
  assert.ok(pod)
  const get = (): Promise<Pod | undefined> =>
    client(pods)
      .get('default/web-n1')
      .catch((error: unknown) => {
        if (hasReason(error, 'NotFound')) return undefined
        throw error
      })
  return { bench, mirrors, pod, ordinary, get }
}

test('a static pod has a mirror, which nobody can take away', async () => {
  const { bench, mirrors, pod, ordinary, get } = await mirroring()
  mirrors.show(pod)
  await bench.settle()
  const mirror = await get()
  assert.equal(mirror && mirroredUid(mirror), pod.metadata.uid)
  assert.equal(mirror?.metadata.ownerReferences?.[0]?.name, 'n1')
  assert.equal(mirrors.of(pod)?.metadata.uid, mirror?.metadata.uid)
  await bench.client(pods).delete('default/web-n1')
  await bench.settle()
  const again = await get()
  assert.ok(again && again.metadata.uid !== mirror?.metadata.uid)
  assert.deepEqual(ordinary, ['synced'], 'it is not taken for a pod')
  mirrors.hide(pod)
  await bench.settle()
  assert.equal(await get(), undefined)
  bench.stop()
})

test('the mirror of an earlier version makes way', async () => {
  const { bench, mirrors, pod, get } = await mirroring()
  mirrors.show(pod)
  await bench.settle()
  const [next] = await staticPods(manifest('busybox:2'), 'n1', bench.env)
  assert.ok(next)
  mirrors.hide(pod)
  mirrors.show(next)
  await bench.settle()
  const mirror = await get()
  assert.equal(mirror && mirroredUid(mirror), next.metadata.uid)
  bench.stop()
})
