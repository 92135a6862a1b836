import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import type { PersistentVolume, PersistentVolumeClaim } from '../../api/generated/types/core/v1.ts'
import { persistentVolumeClaims, persistentVolumes, storageClasses } from '../../api/index.ts'
import { startBench, type ControllerBench } from '../testing/bench.suite.ts'
import { claimBinder } from './claims.ts'
import { volumeReleaser } from './volumes.ts'

let bench: ControllerBench
beforeEach(async () => {
  bench = await startBench([claimBinder, volumeReleaser])
})
afterEach(() => bench.stop())

function volume(name: string, spec: Partial<PersistentVolume['spec']> = {}): PersistentVolume {
  const { capacity = { storage: '2Gi' }, accessModes = ['ReadWriteOnce'], ...rest } = spec
  return { metadata: { name }, spec: { capacity, accessModes, hostPath: { path: `/srv/${name}` }, ...rest } }
}

function claim(name: string, spec: Partial<PersistentVolumeClaim['spec']> = {}): PersistentVolumeClaim {
  return {
    metadata: { name, namespace: 'default' },
    spec: {
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage: '1Gi' } },
      storageClassName: '',
      ...spec,
    },
  }
}

async function make(...objects: readonly (PersistentVolume | PersistentVolumeClaim)[]): Promise<void> {
  for (const object of objects) {
    if ('capacity' in object.spec) await bench.client(persistentVolumes).create(object as PersistentVolume)
    else await bench.client(persistentVolumeClaims).create(object as PersistentVolumeClaim)
    await bench.settle()
  }
}

async function makeClass(name: string, provisioner: string, more: object = {}): Promise<void> {
  await bench.client(storageClasses).create({ metadata: { name }, provisioner, ...more })
  await bench.settle()
}

/** Phase and volume of a claim. */
async function stateOf(name: string): Promise<string> {
  const { spec, status } = await bench.client(persistentVolumeClaims).get(`default/${name}`)
  return `${status?.phase ?? ''} ${spec.volumeName ?? ''}`.trim()
}

/** Phase of a volume, and the claim that it refers to. */
async function volumeState(name: string): Promise<string> {
  const { spec, status } = await bench.client(persistentVolumes).get(name)
  return `${status?.phase ?? ''} ${spec.claimRef?.name ?? ''}`.trim()
}

const eventsOf = async (name: string): Promise<string[]> =>
  bench.eventsOf(await bench.client(persistentVolumeClaims).get(`default/${name}`))

describe('finding a volume', () => {
  it('takes the smallest that is large enough, and says on both sides what is bound to what', async () => {
    await make(
      volume('large', { capacity: { storage: '9Gi' } }),
      volume('right', { capacity: { storage: '1500Mi' } }),
      volume('small', { capacity: { storage: '1Mi' } }),
      claim('c'),
    )
    assert.equal(await stateOf('c'), 'Bound right')
    assert.equal(await volumeState('right'), 'Bound c')
    assert.equal(await volumeState('large'), 'Available')
    const bound = await bench.client(persistentVolumeClaims).get('default/c')
    assert.deepEqual(bound.status?.capacity, { storage: '1500Mi' })
    assert.deepEqual(bound.status?.accessModes, ['ReadWriteOnce'])
    assert.equal(bound.metadata.annotations?.['pv.kubernetes.io/bind-completed'], 'yes')
    const { metadata, spec } = await bench.client(persistentVolumes).get('right')
    assert.equal(metadata.annotations?.['pv.kubernetes.io/bound-by-controller'], 'yes')
    assert.equal(spec.claimRef?.uid, bound.metadata.uid)
  })

  it('prefers a volume with fewer access modes to a smaller one', async () => {
    await make(
      volume('shared', { accessModes: ['ReadWriteOnce', 'ReadWriteMany'], capacity: { storage: '1Gi' } }),
      volume('plain', { capacity: { storage: '3Gi' } }),
      claim('c'),
    )
    assert.equal(await stateOf('c'), 'Bound plain')
  })

  for (const [what, spec, wanted] of [
    ['the class', { storageClassName: 'slow' }, {}],
    ['the access modes', {}, { accessModes: ['ReadWriteMany' as const] }],
    ['the volume mode', { volumeMode: 'Block' as const }, {}],
    ['the labels', {}, { selector: { matchLabels: { disk: 'ssd' } } }],
  ] as const)
    it(`leaves a volume where ${what} differ`, async () => {
      await make(
        volume('v', spec as Partial<PersistentVolume['spec']>),
        claim('c', wanted as Partial<PersistentVolumeClaim['spec']>),
      )
      assert.equal(await stateOf('c'), 'Pending')
      assert.equal(await volumeState('v'), 'Available')
      assert.deepEqual(await eventsOf('c'), [
        'FailedBinding: no persistent volumes available for this claim and no storage class is set',
      ])
    })

  it('binds a waiting claim as soon as there is a volume', async () => {
    await make(claim('c'), volume('v'))
    assert.equal(await stateOf('c'), 'Bound v')
  })

  it('never gives one volume to two claims', async () => {
    await make(claim('a'), claim('b'), volume('v'))
    const states = [await stateOf('a'), await stateOf('b')].toSorted()
    assert.deepEqual(states, ['Bound v', 'Pending'])
    await make(volume('w'))
    assert.deepEqual([await stateOf('a'), await stateOf('b')].toSorted(), ['Bound v', 'Bound w'])
  })

  it('keeps a volume for the claim that it names', async () => {
    await make(volume('v', { claimRef: { namespace: 'default', name: 'mine' } }), claim('other'))
    assert.equal(await stateOf('other'), 'Pending')
    await make(claim('mine'))
    assert.equal(await stateOf('mine'), 'Bound v')
    const { metadata } = await bench.client(persistentVolumes).get('v')
    assert.equal(metadata.annotations?.['pv.kubernetes.io/bound-by-controller'], undefined)
  })
})

describe('a claim that names its volume', () => {
  it('gets it', async () => {
    await make(claim('c', { volumeName: 'v' }))
    assert.equal(await stateOf('c'), 'Pending v')
    await make(volume('v'))
    assert.equal(await stateOf('c'), 'Bound v')
  })

  it('is told why not', async () => {
    await make(volume('v', { capacity: { storage: '1Mi' } }), claim('c', { volumeName: 'v' }))
    assert.equal(await stateOf('c'), 'Pending v')
    assert.deepEqual(await eventsOf('c'), [
      'VolumeMismatch: Cannot bind to requested volume "v": requested PV is too small',
    ])
  })

  it('waits while another has it', async () => {
    await make(volume('v'), claim('first'), claim('c', { volumeName: 'v' }))
    assert.deepEqual(await eventsOf('c'), ['FailedBinding: volume "v" already bound to a different claim.'])
  })
})

describe('classes', () => {
  it('an external provisioner is called', async () => {
    await makeClass('fast', 'csi.example.com')
    await make(claim('c', { storageClassName: 'fast' }))
    const { metadata } = await bench.client(persistentVolumeClaims).get('default/c')
    assert.equal(metadata.annotations?.['volume.kubernetes.io/storage-provisioner'], 'csi.example.com')
    assert.equal(metadata.annotations?.['volume.beta.kubernetes.io/storage-provisioner'], 'csi.example.com')
    assert.match((await eventsOf('c'))[0] ?? '', /^ExternalProvisioning: Waiting for .* 'csi.example.com' or manually/)
  })

  it('one that is not there is told of, and tried again when it comes', async () => {
    await make(claim('c', { storageClassName: 'later' }))
    assert.deepEqual(await eventsOf('c'), ['ProvisioningFailed: storageclass.storage.k8s.io "later" not found'])
    await makeClass('later', 'csi.example.com')
    const { metadata } = await bench.client(persistentVolumeClaims).get('default/c')
    assert.equal(metadata.annotations?.['volume.kubernetes.io/storage-provisioner'], 'csi.example.com')
  })

  it('one that waits for a consumer leaves free volumes to the scheduler', async () => {
    await makeClass('local', 'kubernetes.io/no-provisioner', { volumeBindingMode: 'WaitForFirstConsumer' })
    await make(volume('v', { storageClassName: 'local' }), claim('c', { storageClassName: 'local' }))
    assert.equal(await stateOf('c'), 'Pending')
    assert.deepEqual(await eventsOf('c'), [
      'WaitForFirstConsumer: waiting for first consumer to be created before binding',
    ])
    const chosen = await bench.client(persistentVolumes).get('v')
    const claimRef = { namespace: 'default', name: 'c' }
    await bench.client(persistentVolumes).update({ ...chosen, spec: { ...chosen.spec, claimRef } } as PersistentVolume)
    await bench.settle()
    assert.equal(await stateOf('c'), 'Bound v')
  })

  it('a default one that comes later is given to claims that name none', async () => {
    const { storageClassName: _none, ...spec } = claim('c').spec
    await bench.client(persistentVolumeClaims).create({ ...claim('c'), spec })
    await make(claim('without'))
    await makeClass('usual', 'csi.example.com')
    assert.equal((await bench.client(persistentVolumeClaims).get('default/c')).spec.storageClassName, undefined)
    await bench.client(storageClasses).patch('usual', 'merge', {
      metadata: { annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
    })
    await bench.settle()
    assert.equal((await bench.client(persistentVolumeClaims).get('default/c')).spec.storageClassName, 'usual')
    assert.equal((await bench.client(persistentVolumeClaims).get('default/without')).spec.storageClassName, '')
  })
})

describe('a claim that goes', () => {
  for (const [policy, phase, message] of [
    ['Retain', 'Released', undefined],
    ['Recycle', 'Failed', 'No recycler plugin found for the volume!'],
    ['Delete', 'Failed', 'error getting deleter volume plugin for volume "v": no deletable volume plugin matched'],
  ] as const)
    it(`leaves a volume with the policy ${policy} ${phase}`, async () => {
      await make(volume('v', { persistentVolumeReclaimPolicy: policy }), claim('c'))
      await bench.client(persistentVolumeClaims).delete('default/c')
      await bench.settle()
      assert.equal(await volumeState('v'), `${phase} c`)
      assert.equal((await bench.client(persistentVolumes).get('v')).status?.message, message)
    })

  it('leaves a volume of a driver to its driver', async () => {
    const { hostPath: _none, ...spec } = volume('v').spec
    const csi = { driver: 'csi.example.com', volumeHandle: 'h' }
    await make({ ...volume('v'), spec: { ...spec, csi, persistentVolumeReclaimPolicy: 'Delete' } }, claim('c'))
    await bench.client(persistentVolumeClaims).delete('default/c')
    await bench.settle()
    assert.equal(await volumeState('v'), 'Released c')
  })

  it('does not leave its volume to another of the same name', async () => {
    await make(volume('v', { persistentVolumeReclaimPolicy: 'Retain' }), claim('c'))
    await bench.client(persistentVolumeClaims).delete('default/c')
    await bench.client(persistentVolumeClaims).create(claim('c'))
    await bench.settle()
    assert.equal(await stateOf('c'), 'Pending')
    assert.equal(await volumeState('v'), 'Released c')
  })
})

it('a claim whose volume is deleted is lost', async () => {
  await make(volume('v'), claim('c'))
  await bench.client(persistentVolumes).delete('v')
  await bench.settle()
  assert.equal(await stateOf('c'), 'Lost v')
  assert.deepEqual(await eventsOf('c'), [
    'ClaimLost: Bound claim has lost its PersistentVolume. Data on the volume is lost!',
  ])
})

it('a volume that was chosen for a claim that has another by now is free again', async () => {
  await make(volume('v'), claim('c'))
  const { metadata } = await bench.client(persistentVolumeClaims).get('default/c')
  const claimRef = { namespace: 'default', name: 'c', uid: metadata.uid ?? '' }
  const annotations = { 'pv.kubernetes.io/bound-by-controller': 'yes' }
  await make({ metadata: { name: 'w', annotations }, spec: { ...volume('w').spec, claimRef } })
  assert.equal(await volumeState('w'), 'Available')
  assert.equal(await stateOf('c'), 'Bound v')
})
