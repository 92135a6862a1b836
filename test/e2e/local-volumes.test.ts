import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { EXIT } from '../../src/host/user-error.ts'
import { clusterPaths } from '../../src/host/cluster/paths.ts'
import { TestCluster } from './cluster.ts'
import { eventually } from './eventually.ts'
import type { Kubectl } from './kubectl/kubectl.ts'
import { newestKubectl, noKubectl } from './kubectl/program.ts'
import { IDLE, shellPod } from './pod.ts'
import { noContainers } from './skip.ts'

/** Names no class, as charts do. */
const CLAIM = {
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { name: 'data' },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
}
/** Not root: the folder is everybody's. */
const POD = shellPod('writer', IDLE, {
  container: { volumeMounts: [{ name: 'data', mountPath: '/data' }] },
  spec: {
    securityContext: { runAsUser: 1000 },
    volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }],
  },
})

describe('volumes of the default StorageClass', { skip: noContainers() || noKubectl() }, () => {
  const cluster = new TestCluster('containerd')
  const { volumes, root } = clusterPaths(cluster.place.folder, cluster.name)
  let kubectl: Kubectl
  before(async () => {
    await cluster.up()
    kubectl = await cluster.kubectl(newestKubectl(), 'volumes')
  })
  after(() => cluster.place.remove())

  const folders = (): string[] => readdirSync(volumes).filter((name) => !name.startsWith('.'))
  async function running(): Promise<void> {
    await kubectl.ok('wait', '--for=condition=Ready', 'pod/writer', '--timeout=60s')
  }

  test('kubectl says which class is the default', async () => {
    assert.match(
      await kubectl.ok('get', 'storageclass'),
      /^standard \(default\) +skiff\.dev\/local +Delete +WaitForFirst/m,
    )
  })

  test('what a pod writes is there for the next one', async () => {
    await kubectl.feed(CLAIM, 'create', '-f', '-')
    await kubectl.feed(POD, 'create', '-f', '-')
    await running()
    await kubectl.ok('exec', 'writer', '--', 'sh', '-c', 'echo kept > /data/file')
    await kubectl.ok('delete', 'pod', 'writer')
    await kubectl.feed(POD, 'create', '-f', '-')
    await running()
    assert.equal(await kubectl.ok('exec', 'writer', '--', 'cat', '/data/file'), 'kept\n')
  })

  test('it outlives down and up', async () => {
    assert.equal((await cluster.skiff('down')).code, EXIT.ok)
    const [name = ''] = folders()
    assert.equal(readFileSync(join(volumes, name, 'file'), 'utf8'), 'kept\n')
    const { code, err } = await cluster.skiff('up')
    assert.equal(code, EXIT.ok, err)
    await eventually(async () => assert.equal(await kubectl.ok('exec', 'writer', '--', 'cat', '/data/file'), 'kept\n'))
  })

  test('the folder goes with the claim', async () => {
    await kubectl.ok('delete', 'pod/writer', 'pvc/data')
    await eventually(async () => {
      assert.equal(await kubectl.ok('get', 'pv', '-o', 'name'), '')
      assert.deepEqual(folders(), [])
    })
    assert.deepEqual(readdirSync(join(volumes, '.made')), [])
  })

  test('delete leaves nothing', async () => {
    const { code, err } = await cluster.skiff('delete')
    assert.equal(code, EXIT.ok, err)
    assert.equal(existsSync(root), false)
  })
})
