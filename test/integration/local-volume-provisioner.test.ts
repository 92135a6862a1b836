import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import type { PersistentVolume, PersistentVolumeClaim } from '../../src/api/generated/types/core/v1.ts'
import type { StorageClass } from '../../src/api/generated/types/storage/v1.ts'
import { nodes, persistentVolumeClaims, persistentVolumes, storageClasses } from '../../src/api/index.ts'
import { startBench, type ControllerBench } from '../../src/controllers/testing/bench.suite.ts'
import type { VolumeFolders } from '../../src/kubelet/provisioner/folders.ts'
import { localVolumes } from '../../src/kubelet/provisioner/run.ts'

/** Folders by name, in memory. */
class Folders implements VolumeFolders {
  readonly made = new Set<string>()
  failure: Error | undefined
  pathOf = (name: string): string => `/volumes/${name}`
  names = () => Promise.resolve([...this.made])
  make = (name: string) => this.#act(() => this.made.add(name))
  remove = (name: string) => this.#act(() => this.made.delete(name))
  discard = (name: string) => this.remove(name).then(() => true)

  #act(act: () => void): Promise<void> {
    if (this.failure) return Promise.reject(this.failure)
    act()
    return Promise.resolve()
  }
}

let bench: ControllerBench
let folders: Folders
beforeEach(async () => {
  folders = new Folders()
  bench = await startBench(localVolumes({ folders, nodeNames: new Set(['n1']), component: 'test' }))
  for (const name of ['n1', 'n2'])
    await bench
      .client(nodes)
      .create({ metadata: { name, labels: { 'kubernetes.io/hostname': `host-${name}` } }, spec: {} })
})
afterEach(() => bench.stop())

const PROVISIONER = 'skiff.dev/local'

async function makeClass(more: Partial<StorageClass> = {}): Promise<void> {
  const volumeBindingMode = 'WaitForFirstConsumer'
  await bench
    .client(storageClasses)
    .create({ metadata: { name: 'standard' }, provisioner: PROVISIONER, volumeBindingMode, ...more })
  await bench.settle()
}

/** As the scheduler and the binder leave it when they wait for a volume. */
async function makeClaim(node: string | undefined, spec: Partial<PersistentVolumeClaim['spec']> = {}) {
  const annotations = {
    'volume.kubernetes.io/storage-provisioner': PROVISIONER,
    ...(node && { 'volume.kubernetes.io/selected-node': node }),
  }
  const claim = await bench.client(persistentVolumeClaims).create({
    metadata: { name: 'c', namespace: 'default', annotations },
    spec: {
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage: '3Gi' } },
      storageClassName: 'standard',
      ...spec,
    },
  })
  await bench.settle()
  return claim
}

async function volumes(): Promise<PersistentVolume[]> {
  return (await bench.client(persistentVolumes).list()).items as PersistentVolume[]
}

async function setPhase(volume: PersistentVolume, phase: string): Promise<void> {
  const now = await bench.client(persistentVolumes).get(volume.metadata.name ?? '')
  await bench.client(persistentVolumes).updateStatus({ ...now, status: { phase } } as PersistentVolume)
  await bench.settle()
}

describe('making volumes', () => {
  it('makes the folder and the volume of a claim whose pod is to run here, and tells as external provisioners do', async () => {
    await makeClass({ reclaimPolicy: 'Retain' })
    const claim = await makeClaim('n1')
    const name = `pvc-${claim.metadata.uid}`
    assert.deepEqual([...folders.made], [name])
    const [{ metadata, spec } = assert.fail('no volume')] = await volumes()
    assert.equal(metadata.name, name)
    assert.equal(metadata.annotations?.['pv.kubernetes.io/provisioned-by'], PROVISIONER)
    assert.equal(metadata.finalizers, undefined)
    assert.deepEqual(spec.capacity, { storage: '3Gi' })
    assert.deepEqual(spec.local, { path: `/volumes/${name}` })
    assert.equal(spec.claimRef?.uid, claim.metadata.uid)
    assert.equal(spec.persistentVolumeReclaimPolicy, 'Retain')
    assert.deepEqual(spec.nodeAffinity?.required?.nodeSelectorTerms[0]?.matchExpressions, [
      { key: 'kubernetes.io/hostname', operator: 'In', values: ['host-n1'] },
    ])
    assert.deepEqual(await bench.eventsOf(claim), [
      'Provisioning: External provisioner is provisioning volume for claim "default/c"',
      `ProvisioningSucceeded: Successfully provisioned volume ${name}`,
    ])
  })

  it('leaves alone what is another node’s, another provisioner’s, or has no node yet', async () => {
    await makeClass()
    await makeClaim('n2')
    await bench.client(persistentVolumeClaims).delete('default/c')
    await makeClaim(undefined)
    await bench.client(persistentVolumeClaims).delete('default/c')
    await bench.client(storageClasses).delete('standard')
    await makeClass({ provisioner: 'other.example/disk' })
    await makeClaim('n1')
    assert.deepEqual([...folders.made], [])
    assert.deepEqual(await volumes(), [])
  })

  it('waits for nobody where the class is Immediate, and goes where the class lets it', async () => {
    const only = (value: string) => [{ matchLabelExpressions: [{ key: 'kubernetes.io/hostname', values: [value] }] }]
    await makeClass({ volumeBindingMode: 'Immediate', allowedTopologies: only('host-n2') })
    await makeClaim(undefined)
    assert.deepEqual(await volumes(), [])
    await bench.client(storageClasses).delete('standard')
    await makeClass({ volumeBindingMode: 'Immediate', allowedTopologies: only('host-n1') })
    assert.equal((await volumes()).length, 1)
  })

  for (const [what, storageClass, spec, reason] of [
    ['a parameter', { parameters: { type: 'ssd' } }, {}, /with StorageClass "standard": invalid parameter "type"/],
    ['mount options', { mountOptions: ['ro'] }, {}, /does not support mount options/],
    ['a block device', {}, { volumeMode: 'Block' }, /^ProvisioningFailed: skiff.dev\/local does not support block/],
    ['many nodes', {}, { accessModes: ['ReadWriteMany'] }, /access mode ReadWriteMany is not supported/],
    ['a selector', {}, { selector: { matchLabels: { a: 'b' } } }, /claim.Spec.Selector is not supported/],
  ] as const) {
    it(`refuses ${what}`, async () => {
      await makeClass(storageClass as Partial<StorageClass>)
      const claim = await makeClaim('n1', spec as Partial<PersistentVolumeClaim['spec']>)
      const told = await bench.eventsOf(claim)
      assert.equal(told.length, 1)
      assert.match(told[0] ?? '', reason)
      assert.deepEqual([[...folders.made], await volumes()], [[], []])
    })
  }

  it('tells when the disk fails, and tries again', async () => {
    await makeClass()
    folders.failure = new Error('no space left on device')
    const claim = await makeClaim('n1')
    assert.ok((await bench.eventsOf(claim)).includes('ProvisioningFailed: no space left on device'))
    folders.failure = undefined
    await bench.advance(60_000)
    assert.equal((await volumes()).length, 1)
  })

  it('takes its folder back when another node was quicker', async () => {
    await makeClass({ volumeBindingMode: 'Immediate' })
    folders.make = async (name) => {
      folders.made.add(name)
      const metadata = {
        name,
        annotations: { 'pv.kubernetes.io/provisioned-by': PROVISIONER, 'skiff.dev/node': 'n2' },
      }
      const spec: PersistentVolume['spec'] = {
        accessModes: ['ReadWriteOnce'],
        capacity: { storage: '3Gi' },
        hostPath: { path: '/x' },
      }
      await bench.client(persistentVolumes).create({ metadata, spec })
    }
    await makeClaim(undefined)
    assert.deepEqual([...folders.made], [])
    assert.equal((await volumes()).length, 1)
  })
})

describe('removing volumes', () => {
  async function madeVolume(reclaimPolicy: 'Delete' | 'Retain'): Promise<PersistentVolume> {
    await makeClass({ reclaimPolicy })
    await makeClaim('n1')
    const [volume = assert.fail('no volume')] = await volumes()
    return volume
  }

  it('removes the folder, then the volume, when the claim has gone', async () => {
    await setPhase(await madeVolume('Delete'), 'Released')
    assert.deepEqual([[...folders.made], await volumes()], [[], []])
  })

  it('tells when the folder cannot be removed, keeps the volume, and tries again', async () => {
    const volume = await madeVolume('Delete')
    folders.failure = new Error('it is in use')
    await setPhase(volume, 'Released')
    assert.ok((await bench.eventsOf(volume)).includes('VolumeFailedDelete: it is in use'))
    assert.equal((await volumes()).length, 1)
    folders.failure = undefined
    await bench.advance(60_000)
    assert.deepEqual([[...folders.made], await volumes()], [[], []])
  })

  it('keeps what is to be retained, and a volume that is deleted while it is bound until it is released', async () => {
    const volume = await madeVolume('Retain')
    await setPhase(volume, 'Released')
    assert.equal((await volumes()).length, 1)
    await bench.client(persistentVolumes).patch(volume, 'merge', { spec: { persistentVolumeReclaimPolicy: 'Delete' } })
    await bench.settle()
    assert.deepEqual([[...folders.made], await volumes()], [[], []])
  })

  it('takes the folder with a volume that is deleted before its claim, once nobody has it', async () => {
    const volume = await madeVolume('Delete')
    await setPhase(volume, 'Bound')
    await bench.client(persistentVolumes).delete(volume)
    await bench.settle()
    assert.deepEqual([folders.made.size, (await volumes()).length], [1, 1])
    await setPhase(volume, 'Released')
    assert.deepEqual([folders.made.size, (await volumes()).length], [0, 0])
  })

  it('leaves alone what is on another node', async () => {
    const volume = await madeVolume('Delete')
    await bench
      .client(persistentVolumes)
      .patch(volume, 'merge', { metadata: { annotations: { 'skiff.dev/node': 'n2' } } })
    await setPhase(volume, 'Released')
    assert.deepEqual([folders.made.size, (await volumes()).length], [1, 1])
  })
})
