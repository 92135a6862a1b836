import type { Frozen } from '../../../apimachinery/meta.ts'
import { persistentVolumeClaims } from '../../../api/core/v1/persistentvolumeclaim.ts'
import { persistentVolumes } from '../../../api/core/v1/persistentvolume.ts'
import {
  BOUND_BY_CONTROLLER,
  classOf,
  findVolume,
  isBoundTo,
  matchesTopology,
  SELECTED_NODE,
} from '../../../api/core/v1/volume-matching.ts'
import type { PersistentVolume, Pod } from '../../../api/generated/types/core/v1.ts'
import { storageClasses } from '../../../api/storage/v1/storageclass.ts'
import { hasReason } from '../../../apimachinery/status.ts'
import type { Client, Lister } from '../../../client/index.ts'
import type { PersistentVolumeClaim } from '../../../api/generated/types/core/v1.ts'
import type { StorageClass } from '../../../api/generated/types/storage/v1.ts'
import { matchesNodeSelector, type NodeLike } from '../../framework/node-affinity.ts'
import {
  unresolvable,
  unschedulable,
  type Cycle,
  type Plugin,
  type PreFilterOutcome,
  type StateKey,
} from '../../framework/plugin.ts'

/** What the plugin reads. */
export interface VolumeListers {
  readonly claims: Lister<PersistentVolumeClaim>
  readonly volumes: Lister<PersistentVolume>
  readonly classes: Lister<StorageClass>
}

interface Volumes {
  readonly bound: readonly Frozen<PersistentVolume>[]
  /** Claims that wait for the pod to have a node (WaitForFirstConsumer). */
  readonly waiting: readonly Frozen<PersistentVolumeClaim>[]
}

const VOLUMES: StateKey<Volumes> = { name: 'VolumeBinding' }
const NO_PROVISIONER = 'kubernetes.io/no-provisioner'
const NO_MATCH = unresolvable("node(s) didn't find available persistent volumes to bind")
const CONFLICT = unresolvable("node(s) didn't match PersistentVolume's node affinity")

/** The resources that the plugin needs informers for. */
export const volumeResources = [persistentVolumeClaims, persistentVolumes, storageClasses] as const

/**
 * Keeps pods where their volumes are. Claims whose class waits for a consumer get the volumes that the node can reach, or else their
 * provisioner is told the node, before the pod is bound; the pod is tried again once they are bound.
 */
export function volumeBinding(listers: VolumeListers, client: Client): Plugin {
  return {
    name: 'VolumeBinding',
    wakes: ['StorageUpdate', 'NodeAdd', 'NodeUpdate'],
    preFilter: (cycle) => preFilter(cycle, listers),
    filter(cycle, node) {
      const { bound, waiting } = cycle.read(VOLUMES)
      if (!bound.every((volume) => isReachable(volume, node))) return CONFLICT
      return chooseVolumes(waiting, node, listers) ? undefined : NO_MATCH
    },
    async preBind(cycle, node) {
      const choice = chooseVolumes(cycle.read(VOLUMES).waiting, node, listers)
      if (!choice) return NO_MATCH
      if (choice.chosen.length + choice.provisioned.length === 0) return undefined
      try {
        for (const [claim, volume] of choice.chosen) await reserve(client, claim, volume)
      } catch (error) {
        // Another pod was quicker: the next try finds another volume.
        if (!hasReason(error, 'Conflict', 'NotFound')) throw error
      }
      for (const claim of choice.provisioned) {
        if (claim.metadata.annotations?.[SELECTED_NODE] === node.name) continue
        await client(persistentVolumeClaims).patch(claim, 'merge', {
          metadata: { annotations: { [SELECTED_NODE]: node.name } },
        })
      }
      return unschedulable('waiting for volumes to be bound')
    },
  }
}

function isReachable({ spec }: Frozen<PersistentVolume>, node: NodeLike): boolean {
  return !spec.nodeAffinity?.required || matchesNodeSelector(spec.nodeAffinity.required, node)
}

interface Choice {
  readonly chosen: readonly (readonly [Frozen<PersistentVolumeClaim>, Frozen<PersistentVolume>])[]
  /** What there is no volume for, but somebody who makes one. */
  readonly provisioned: readonly Frozen<PersistentVolumeClaim>[]
}

/** A volume on this node for each claim, no volume twice; undefined when one of them would get none. */
function chooseVolumes(
  claims: readonly Frozen<PersistentVolumeClaim>[],
  node: NodeLike,
  { volumes, classes }: VolumeListers,
): Choice | undefined {
  const taken = new Set<string>()
  const chosen: [Frozen<PersistentVolumeClaim>, Frozen<PersistentVolume>][] = []
  const provisioned: Frozen<PersistentVolumeClaim>[] = []
  for (const claim of claims) {
    const volume =
      claim.metadata.annotations?.[SELECTED_NODE] === undefined
        ? findVolume(claim, volumes.list(), { taken, reachable: (candidate) => isReachable(candidate, node) })
        : undefined
    if (volume) {
      taken.add(volume.metadata.name ?? '')
      chosen.push([claim, volume])
    } else {
      const storageClass = classes.get(classOf(claim))
      if (storageClass?.provisioner === NO_PROVISIONER) return undefined
      if (!matchesTopology(storageClass?.allowedTopologies, node.labels)) return undefined
      provisioned.push(claim)
    }
  }
  return { chosen, provisioned }
}

/** Keeps the volume for the claim; the controller of volumes does the rest. */
async function reserve(
  client: Client,
  claim: Frozen<PersistentVolumeClaim>,
  volume: Frozen<PersistentVolume>,
): Promise<void> {
  if (isBoundTo(volume, claim)) return
  const { namespace = '', name = '', uid = '', resourceVersion = '' } = claim.metadata
  const metadata = {
    ...volume.metadata,
    annotations: { ...volume.metadata.annotations, [BOUND_BY_CONTROLLER]: 'yes' },
  }
  const claimRef = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace, name, uid, resourceVersion }
  const spec = { ...volume.spec, claimRef }
  await client(persistentVolumes).update({ ...volume, metadata, spec } as PersistentVolume)
}

function preFilter(cycle: Cycle, { claims, volumes, classes }: VolumeListers): PreFilterOutcome {
  const names = claimNames(cycle.pod.pod)
  if (names.length === 0) {
    cycle.write(VOLUMES, { bound: [], waiting: [] })
    return 'skip'
  }
  const bound: Frozen<PersistentVolume>[] = []
  const waiting: Frozen<PersistentVolumeClaim>[] = []
  for (const name of names) {
    const claim = claims.get(`${cycle.pod.namespace}/${name}`)
    if (!claim) return unresolvable(`persistentvolumeclaim ${JSON.stringify(name)} not found`)
    if (claim.metadata.deletionTimestamp)
      return unresolvable(`persistentvolumeclaim ${JSON.stringify(name)} is being deleted`)
    if (claim.status?.phase === 'Lost')
      return unresolvable(
        `persistentvolumeclaim ${JSON.stringify(name)} bound to non-existent persistentvolume ${JSON.stringify(claim.spec.volumeName ?? '')}`,
      )
    const volume = claim.spec.volumeName ? volumes.get(claim.spec.volumeName) : undefined
    if (volume && claim.status?.phase === 'Bound') bound.push(volume)
    else if (!claim.spec.volumeName && classes.get(classOf(claim))?.volumeBindingMode === 'WaitForFirstConsumer')
      waiting.push(claim)
    else return unresolvable('pod has unbound immediate PersistentVolumeClaims')
  }
  cycle.write(VOLUMES, { bound, waiting })
  return undefined
}

function claimNames({ metadata, spec }: Frozen<Pod>): string[] {
  return (spec.volumes ?? []).flatMap((volume) => {
    if (volume.persistentVolumeClaim) return [volume.persistentVolumeClaim.claimName]
    return volume.ephemeral ? [`${metadata.name}-${volume.name}`] : []
  })
}
