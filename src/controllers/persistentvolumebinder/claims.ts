import type { PersistentVolume, PersistentVolumeClaim } from '../../api/generated/types/core/v1.ts'
import type { StorageClass } from '../../api/generated/types/storage/v1.ts'
import {
  BIND_COMPLETED,
  classOf,
  findVolume,
  hasClass,
  isBoundTo,
  SELECTED_NODE,
  whyUnfit,
} from '../../api/core/v1/volume-matching.ts'
import { persistentVolumeClaims, persistentVolumes, pods, storageClasses } from '../../api/index.ts'
import { isDefaultClass } from '../../api/storage/v1/storageclass.ts'
import { keyOf, type Frozen } from '../../apimachinery/meta.ts'
import { defineController, done, watches, type ReconcileContext } from '../../client/controller.ts'
import { bind, setClaimPhase } from './bind.ts'

type Claim = Frozen<PersistentVolumeClaim>
type Context = Pick<ReconcileContext, 'client' | 'lister' | 'events'>

/** Both names of the annotation that tells an external provisioner to begin. */
const PROVISIONER = ['volume.beta.kubernetes.io/storage-provisioner', 'volume.kubernetes.io/storage-provisioner']

/** Finds each claim its volume. */
export const claimBinder = defineController({
  name: 'persistentvolume-binder',
  serviceAccount: 'persistent-volume-binder',
  component: 'persistentvolume-controller',
  for: persistentVolumeClaims,
  watches: [
    watches({
      resource: persistentVolumes,
      keys: (now, old, { lister }) => claimsFor(now ?? old, lister(persistentVolumeClaims).list()),
    }),
    watches({
      resource: storageClasses,
      keys: (now, _old, { lister }) => claimsOf(now, lister(persistentVolumeClaims).list()),
    }),
  ],
  reads: [pods],
  // Two claims side by side would only meet at the same volume.
  concurrency: 1,
  async reconcile(key, context) {
    const claim = context.lister(persistentVolumeClaims).get(key)
    if (!claim) return done
    if (claim.metadata.annotations?.[BIND_COMPLETED] !== undefined) await syncBound(claim, context)
    else if (claim.spec.volumeName) await syncNamed(claim, claim.spec.volumeName, context)
    else await syncOpen(claim, context)
    return done
  },
})

const isOpen = ({ metadata }: Claim): boolean => metadata.annotations?.[BIND_COMPLETED] === undefined

/** Whom a change of a volume concerns: the claims that name it or are named by it, and if it is free, those that wait for one of its class. */
function claimsFor(volume: Frozen<PersistentVolume> | undefined, claims: readonly Claim[]): string[] {
  if (!volume) return []
  const { name } = volume.metadata
  const isFree = !volume.spec.claimRef && volume.status?.phase === 'Available'
  return claims
    .filter(
      (claim) =>
        claim.spec.volumeName === name ||
        isBoundTo(volume, claim) ||
        (isFree && isOpen(claim) && !claim.spec.volumeName && classOf(claim) === classOf(volume)),
    )
    .map(keyOf)
}

/** Claims that wait for a class to be there: for this one, or for any if it is the default. */
function claimsOf(storageClass: Frozen<StorageClass> | undefined, claims: readonly Claim[]): string[] {
  if (!storageClass) return []
  const isDefault = isDefaultClass(storageClass)
  return claims
    .filter((claim) => isOpen(claim) && !claim.spec.volumeName)
    .filter((claim) => classOf(claim) === storageClass.metadata.name || (isDefault && !hasClass(claim)))
    .map(keyOf)
}

/** A claim that names its volume. */
async function syncNamed(claim: Claim, name: string, { client, lister, events }: Context): Promise<void> {
  const volume = lister(persistentVolumes).get(name)
  if (volume && isBoundTo(volume, claim)) return bind(client, volume, claim)
  if (volume?.spec.claimRef)
    events.event(
      claim,
      'Warning',
      'FailedBinding',
      `volume ${JSON.stringify(name)} already bound to a different claim.`,
    )
  else if (volume) {
    const why = whyUnfit(volume, claim)
    if (why === undefined) return bind(client, volume, claim)
    events.event(claim, 'Warning', 'VolumeMismatch', `Cannot bind to requested volume ${JSON.stringify(name)}: ${why}`)
  }
  await setClaimPhase(client, claim, 'Pending')
}

/** A claim that takes any volume that will do. */
async function syncOpen(claim: Claim, context: Context): Promise<void> {
  const { client, lister, events } = context
  const isDelayed = lister(storageClasses).get(classOf(claim))?.volumeBindingMode === 'WaitForFirstConsumer'
  const volume = findVolume(claim, lister(persistentVolumes).list(), { boundOnly: isDelayed })
  if (volume) return bind(client, volume, claim)
  const standard = hasClass(claim) ? undefined : defaultClass(lister(storageClasses).list())
  if (standard) {
    const spec = { ...claim.spec, storageClassName: standard.metadata.name }
    await client(persistentVolumeClaims).update({ ...claim, spec } as PersistentVolumeClaim)
    return
  }
  if (isDelayed && claim.metadata.annotations?.[SELECTED_NODE] === undefined) tellOfWaiting(claim, context)
  else if (classOf(claim) !== '') return provision(claim, context)
  else {
    const message = 'no persistent volumes available for this claim and no storage class is set'
    events.event(claim, 'Normal', 'FailedBinding', message)
  }
  await setClaimPhase(client, claim, 'Pending')
}

/** The newest of those that say they are the default; of several that are as new, the first by name. */
function defaultClass(classes: readonly Frozen<StorageClass>[]): Frozen<StorageClass> | undefined {
  const made = ({ metadata }: Frozen<StorageClass>): string => metadata.creationTimestamp ?? ''
  const named = ({ metadata }: Frozen<StorageClass>): string => metadata.name ?? ''
  return classes
    .filter(isDefaultClass)
    .toSorted((a, b) => (made(a) === made(b) ? (named(a) < named(b) ? -1 : 1) : made(a) < made(b) ? 1 : -1))[0]
}

function tellOfWaiting(claim: Claim, { lister, events }: Context): void {
  const waiting = lister(pods)
    .list(claim.metadata.namespace)
    .filter(({ spec }) => !spec.nodeName)
    .filter(({ spec, metadata }) =>
      spec.volumes?.some(
        ({ name, persistentVolumeClaim, ephemeral }) =>
          (persistentVolumeClaim?.claimName ?? (ephemeral && `${metadata.name}-${name}`)) === claim.metadata.name,
      ),
    )
    .map(({ metadata }) => metadata.name)
  if (waiting.length === 0)
    events.event(claim, 'Normal', 'WaitForFirstConsumer', 'waiting for first consumer to be created before binding')
  else {
    const which = `pod${waiting.length > 1 ? 's' : ''} ${waiting.join(',')}`
    events.event(claim, 'Normal', 'WaitForPodScheduled', `waiting for ${which} to be scheduled`)
  }
}

/** Calls for the class's provisioner, a program of its own that makes a volume for the claim. */
async function provision(claim: Claim, { client, lister, events }: Context): Promise<void> {
  const name = classOf(claim)
  const provisioner = lister(storageClasses).get(name)?.provisioner
  if (provisioner === undefined || provisioner.startsWith('kubernetes.io/')) {
    const why =
      provisioner === undefined
        ? `storageclass.storage.k8s.io ${JSON.stringify(name)} not found`
        : `no volume plugin matched name: ${provisioner}`
    events.event(claim, 'Warning', 'ProvisioningFailed', why)
    return
  }
  const { annotations } = claim.metadata
  if (!PROVISIONER.every((key) => annotations?.[key] === provisioner)) {
    const named = Object.fromEntries(PROVISIONER.map((key) => [key, provisioner]))
    const metadata = { ...claim.metadata, annotations: { ...annotations, ...named } }
    await client(persistentVolumeClaims).update({ ...claim, metadata } as PersistentVolumeClaim)
  }
  events.event(
    claim,
    'Normal',
    'ExternalProvisioning',
    `Waiting for a volume to be created either by the external provisioner '${provisioner}' or manually by the system administrator. ` +
      'If volume creation is delayed, please verify that the provisioner is running and correctly registered.',
  )
}

/** A claim that was bound: still is, or has lost its volume for good. */
async function syncBound(claim: Claim, { client, lister, events }: Context): Promise<void> {
  const { volumeName = '' } = claim.spec
  const volume = volumeName ? lister(persistentVolumes).get(volumeName) : undefined
  if (volume && (!volume.spec.claimRef || volume.spec.claimRef.uid === claim.metadata.uid))
    return bind(client, volume, claim)
  const [reason, message] = volume
    ? ['ClaimMisbound', 'Two claims are bound to the same volume, this one is bound incorrectly']
    : [
        'ClaimLost',
        `Bound claim has lost ${volumeName ? 'its' : 'reference to'} PersistentVolume. Data on the volume is lost!`,
      ]
  if (await setClaimPhase(client, claim, 'Lost')) events.event(claim, 'Warning', reason, message)
}
