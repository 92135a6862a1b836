import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PersistentVolume, PersistentVolumeClaim } from '../../api/generated/types/core/v1.ts'
import { VirtualClock } from '../../lib/clock.ts'
import { silentLogger } from '../../lib/log.ts'
import { seededRandom } from '../../lib/random.ts'
import type { Host } from '../host/host.ts'
import type { FileKind } from '../host/files.ts'
import type { MountedVolume } from '../container/mounts.ts'
import type { ReferencedObjects } from '../objects/objects.ts'
import { testPod } from '../testing/objects.ts'
import { VolumeMounter } from './mounter.ts'
import type { Tokens } from './tokens.ts'

/** What a pod's claim on a volume of this spec comes to on a node where `/mnt/v` is of that kind, and what was mounted for it. */
async function mounted(
  spec: Partial<PersistentVolume['spec']>,
  kind: FileKind | undefined,
): Promise<{ readonly volume: MountedVolume | undefined; readonly devices: readonly string[] }> {
  const devices: string[] = []
  const claim: PersistentVolumeClaim = {
    metadata: { name: 'data', namespace: 'default', uid: 'c1' },
    spec: { volumeName: 'pv' },
    status: { phase: 'Bound' },
  }
  const volume: PersistentVolume = { metadata: { name: 'pv' }, spec: { claimRef: { uid: 'c1' }, ...spec } }
  const objects = {
    claim: () => Promise.resolve(claim),
    persistentVolume: () => Promise.resolve(volume),
  } as unknown as ReferencedObjects
  const host = {
    files: { stat: () => Promise.resolve(kind && { kind }), mkdir: () => Promise.resolve() },
    mounts: {
      device(device: string, path: string, fsType: string) {
        devices.push(`${device} ${path} ${fsType}`)
        return Promise.resolve()
      },
    },
  } as unknown as Host
  const mounter = new VolumeMounter({
    host,
    objects,
    env: { clock: new VirtualClock(), random: seededRandom(1), log: silentLogger },
    root: '/kubelet',
    tokens: {} as Tokens,
    allocatable: () => ({}),
  })
  const pod = testPod({ volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'data' } }] })
  const volumes = await mounter.mount(pod, { podIPs: [], hostIPs: [] })
  return { volume: volumes.get('v'), devices }
}

const local = { path: '/mnt/v' }

test('a local folder is mounted as it is', async () => {
  const { volume, devices } = await mounted({ local }, 'directory')
  assert.deepEqual(volume, { name: 'v', hostPath: '/mnt/v', readOnly: false })
  assert.deepEqual(devices, [])
})

test('a local device is given a file system, and that is mounted for the pod', async () => {
  const path = '/kubelet/pods/u1/volumes/kubernetes.io~local-volume/v'
  for (const [fsType, expected] of [
    [undefined, 'ext4'],
    ['xfs', 'xfs'],
  ] as const) {
    const { volume, devices } = await mounted({ local: { ...local, ...(fsType && { fsType }) } }, 'blockDevice')
    assert.deepEqual(volume, { name: 'v', hostPath: path, readOnly: false })
    assert.deepEqual(devices, [`/mnt/v ${path} ${expected}`])
  }
})

test('a block volume is handed on as a device', async () => {
  const { volume, devices } = await mounted({ local, volumeMode: 'Block' }, 'blockDevice')
  assert.deepEqual(volume, { name: 'v', hostPath: '/mnt/v', readOnly: false, isDevice: true })
  assert.deepEqual(devices, [])
  await assert.rejects(mounted({ local, volumeMode: 'Block' }, 'directory'), /\/mnt\/v is not a block device/)
})

test('a local path that is not there is refused', async () => {
  await assert.rejects(mounted({ local }, undefined), {
    message: 'MountVolume.SetUp failed for volume "v" : path "/mnt/v" does not exist',
  })
})
