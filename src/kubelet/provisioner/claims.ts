import type { Node, PersistentVolumeClaim } from '../../api/generated/types/core/v1.ts'
import type { StorageClass } from '../../api/generated/types/storage/v1.ts'
import { classOf, matchesTopology, SELECTED_NODE } from '../../api/core/v1/volume-matching.ts'
import { nodes, persistentVolumeClaims, persistentVolumes, storageClasses } from '../../api/index.ts'
import { keyOf, type Frozen } from '../../apimachinery/meta.ts'
import { hasReason } from '../../apimachinery/status.ts'
import type { Client } from '../../client/client.ts'
import {
  defineController,
  done,
  watches,
  type ControllerDefinition,
  type ReconcileContext,
} from '../../client/controller.ts'
import { isAsked, nodeOf, PROVISIONER, volumeFor, volumeNameOf, whyNot } from './plan.ts'
import type { LocalVolumesOptions } from './run.ts'

type Claim = Frozen<PersistentVolumeClaim>
type Class = Frozen<StorageClass>

/** Makes volumes for the claims that ask for them. */
export function claimProvisioner(options: LocalVolumesOptions): ControllerDefinition<PersistentVolumeClaim> {
  return defineController({
    name: 'local-volume-provisioner',
    component: options.component,
    for: persistentVolumeClaims,
    wakes: (now) => now !== undefined && isAsked(now),
    watches: [
      watches({
        resource: storageClasses,
        keys: (now, _old, { lister }) =>
          lister(persistentVolumeClaims)
            .list()
            .filter((claim) => now && isAsked(claim) && classOf(claim) === now.metadata.name)
            .map(keyOf),
      }),
    ],
    reads: [persistentVolumes],
    start: (context) => discardUnused(options, context),
    async reconcile(key, context) {
      const claim = context.lister(persistentVolumeClaims).get(key)
      if (!claim || !isAsked(claim)) return done
      const storageClass = context.lister(storageClasses).get(classOf(claim))
      if (storageClass?.provisioner !== PROVISIONER) return done
      const node = await nodeFor(claim, storageClass, options, context.client)
      if (node && !context.lister(persistentVolumes).get(volumeNameOf(claim)))
        await provision(claim, { storageClass, node }, options, context)
      return done
    },
  })
}

/** Which of our nodes the volume is to be on: the scheduler's choice, or any where the class waits for nobody. Undefined when it is none of ours. */
async function nodeFor(
  claim: Claim,
  { volumeBindingMode, allowedTopologies }: Class,
  { nodeNames }: LocalVolumesOptions,
  client: Client,
): Promise<Frozen<Node> | undefined> {
  const isDelayed = volumeBindingMode === 'WaitForFirstConsumer'
  const selected = claim.metadata.annotations?.[SELECTED_NODE]
  if (isDelayed) return selected !== undefined && nodeNames.has(selected) ? client(nodes).get(selected) : undefined
  for (const name of nodeNames) {
    const node = await client(nodes).get(name).catch(undefinedIfGone)
    if (node && !node.spec.unschedulable && matchesTopology(allowedTopologies, node.metadata.labels)) return node
  }
  return undefined
}

function undefinedIfGone(error: unknown): undefined {
  if (!hasReason(error, 'NotFound')) throw error
}

async function provision(
  claim: Claim,
  { storageClass, node }: { readonly storageClass: Class; readonly node: Frozen<Node> },
  { folders }: LocalVolumesOptions,
  { client, events }: ReconcileContext,
): Promise<void> {
  const why = whyNot(claim, storageClass)
  if (why !== undefined) return events.event(claim, 'Warning', 'ProvisioningFailed', why)
  const name = volumeNameOf(claim)
  const which = JSON.stringify(keyOf(claim))
  events.event(claim, 'Normal', 'Provisioning', `External provisioner is provisioning volume for claim ${which}`)
  const volume = volumeFor(claim, { storageClass, node, path: folders.pathOf(name) })
  try {
    await folders.make(name, { claim: keyOf(claim), uid: claim.metadata.uid, capacity: volume.spec.capacity })
  } catch (error) {
    events.event(claim, 'Warning', 'ProvisioningFailed', error instanceof Error ? error.message : String(error))
    throw error
  }
  try {
    await client(persistentVolumes).create(volume)
  } catch (error) {
    if (!hasReason(error, 'AlreadyExists')) throw error
    // Made by the agent of another node, where the class lets any of them, or by ourselves a moment ago.
    const other = await client(persistentVolumes).get(name)
    if (nodeOf(other) !== node.metadata.name) await folders.discard(name)
    return
  }
  events.event(claim, 'Normal', 'ProvisioningSucceeded', `Successfully provisioned volume ${name}`)
}

/** Folders of claims that went before their volume was made. What holds something is never taken for one. */
async function discardUnused({ folders }: LocalVolumesOptions, { lister, env }: ReconcileContext): Promise<void> {
  const wanted = new Set(lister(persistentVolumeClaims).list().map(volumeNameOf))
  for (const name of await folders.names()) {
    if (wanted.has(name) || lister(persistentVolumes).get(name)) continue
    if (!(await folders.discard(name)))
      env.log.warn('a folder of no volume holds something and is left alone', { path: folders.pathOf(name) })
  }
}
