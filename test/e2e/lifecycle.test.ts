import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { clusterPaths } from '../../src/host/cluster/paths.ts'
import { EXIT } from '../../src/host/user-error.ts'
import { hostSnapshot } from './host-snapshot.ts'
import type { HostSnapshot } from './host-snapshot.ts'
import { busyboxRoot } from './images.ts'
import { Playground } from './skiff.ts'
import { noContainers } from './skip.ts'

const NAME = 'e2e-life'
const POD = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'busy', labels: { app: 'busy' } },
  spec: {
    terminationGracePeriodSeconds: 1,
    containers: [
      {
        name: 'busy',
        image: 'e2e/busy:1',
        command: ['sh', '-c', 'date +%s%N > /scratch/started; trap exit TERM; sleep 1000 & wait'],
        volumeMounts: [
          { name: 'scratch', mountPath: '/scratch' },
          { name: 'memory', mountPath: '/memory' },
        ],
      },
    ],
    volumes: [
      { name: 'scratch', emptyDir: {} },
      { name: 'memory', emptyDir: { medium: 'Memory' } },
    ],
  },
}

describe('the life of a cluster with real containers', { skip: noContainers() }, () => {
  const place = new Playground()
  const skiff = (command: string, ...args: string[]) => place.run([command, '--name', NAME, ...args])
  const kubectl = (...args: string[]) => place.kubectl('--context', `skiff-${NAME}`, ...args)
  let clean: HostSnapshot

  before(() => {
    clean = hostSnapshot(clusterPaths(place.folder, NAME))
  })
  after(async () => {
    await skiff('delete')
    place.remove()
  })

  /** What tells a container from the one after it: its id and when it started. */
  async function container(): Promise<{ id: string; started: string; restarts: string }> {
    const ready = await kubectl('wait', '--for=condition=Ready', 'pod/busy', '--timeout=60s')
    assert.equal(ready.code, 0, ready.err)
    const path = '{.status.containerStatuses[0].containerID} {.status.containerStatuses[0].restartCount}'
    const { out } = await kubectl('get', 'pod', 'busy', '-o', `jsonpath=${path}`)
    const [id = '', restarts = ''] = out.split(' ')
    const started = await kubectl('exec', 'busy', '--', 'cat', '/scratch/started')
    return { id, restarts, started: started.out }
  }

  test('up makes a node that is Ready and names that resolve', async () => {
    const { code, err, out } = await skiff(
      'up',
      '--api-port',
      '16700',
      '--pod-cidr',
      '10.232.0.0/16',
      '--service-cidr',
      '10.233.0.0/16',
    )
    assert.equal(code, EXIT.ok, err)
    assert.match(err, /node +\S+ is Ready/)
    assert.match(err, /DNS +answers at 10\./)
    assert.match(out, new RegExp(`skiff down --name ${NAME}`))
  })

  test('an image built of a folder runs at once', async () => {
    const root = busyboxRoot(join(place.folder, 'rootfs'))
    const built = await place.run(['image', 'build', root, '--name', NAME, '-t', 'e2e/busy:1'])
    assert.equal(built.code, EXIT.ok, built.err)
    writeFileSync(join(place.folder, 'pod.json'), JSON.stringify(POD))
    const created = await kubectl('create', '-f', join(place.folder, 'pod.json'))
    assert.equal(created.code, 0, created.err)
    assert.equal((await container()).restarts, '0')
    const images = await place.run(['image', 'ls', '--name', NAME])
    assert.match(images.out, /docker\.io\/e2e\/busy:1/)
  })

  test('kill -9 of the server and up: the same container, not restarted', async () => {
    const before = await container()
    const { out } = await skiff('status', '-o', 'json')
    process.kill((JSON.parse(out) as { pid: number }).pid, 'SIGKILL')
    const up = await skiff('up')
    assert.equal(up.code, EXIT.ok, up.err)
    assert.deepEqual(await container(), before)
  })

  test('down leaves nothing on the machine', async () => {
    const { code, err } = await skiff('down')
    assert.equal(code, EXIT.ok, err)
    assert.deepEqual(hostSnapshot(clusterPaths(place.folder, NAME)), clean)
  })

  test('up brings the same pod back, restarted, with its volume', async () => {
    const up = await skiff('up')
    assert.equal(up.code, EXIT.ok, up.err)
    // Until the node agent has looked, the API still shows the pod as it was.
    const restarted = '--for=jsonpath={.status.containerStatuses[0].restartCount}=1'
    const waited = await kubectl('wait', restarted, 'pod/busy', '--timeout=60s')
    assert.equal(waited.code, 0, waited.err)
    assert.equal((await container()).restarts, '1')
  })

  test('delete leaves nothing at all', async () => {
    const { code, err } = await skiff('delete')
    assert.equal(code, EXIT.ok, err)
    assert.deepEqual(hostSnapshot(clusterPaths(place.folder, NAME)), clean)
    assert.equal((await skiff('status')).code, EXIT.failed)
  })
})
