import type { Frozen } from '../../../apimachinery/meta.ts'
import { persistentVolumeClaims } from '../../../api/core/v1/persistentvolumeclaim.ts'
import { persistentVolumes } from '../../../api/core/v1/persistentvolume.ts'
import type { PersistentVolume, Pod } from '../../../api/generated/types/core/v1.ts'
import { storageClasses } from '../../../api/storage/v1/storageclass.ts'
import type { Client, Lister } from '../../../client/index.ts'
import type { PersistentVolumeClaim } from '../../../api/generated/types/core/v1.ts'
import type { StorageClass } from '../../../api/generated/types/storage/v1.ts'
import { matchesNodeSelector } from '../../framework/node-affinity.ts'
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
const SELECTED_NODE = 'volume.kubernetes.io/selected-node'
const CONFLICT = unresolvable("node(s) didn't match PersistentVolume's node affinity")

/** The resources that the plugin needs informers for. */
export const volumeResources = [persistentVolumeClaims, persistentVolumes, storageClasses] as const

/**
 * Keeps pods where their volumes are. A claim whose class waits for a consumer is told the node before the pod is bound, and the pod is
 * tried again once the claim is bound.
 */
export function volumeBinding(listers: VolumeListers, client: Client): Plugin {
  return {
    name: 'VolumeBinding',
    wakes: ['StorageUpdate', 'NodeAdd', 'NodeUpdate'],
    preFilter: (cycle) => preFilter(cycle, listers),
    filter(cycle, node) {
      const { bound } = cycle.read(VOLUMES)
      const reachable = bound.every(
        ({ spec }) => !spec.nodeAffinity?.required || matchesNodeSelector(spec.nodeAffinity.required, node),
      )
      return reachable ? undefined : CONFLICT
    },
    async preBind(cycle, node) {
      const { waiting } = cycle.read(VOLUMES)
      if (waiting.length === 0) return undefined
      for (const claim of waiting) {
        if (claim.metadata.annotations?.[SELECTED_NODE] === node.name) continue
        await client(persistentVolumeClaims).patch(claim, 'merge', {
          metadata: { annotations: { [SELECTED_NODE]: node.name } },
        })
      }
      return unschedulable('waiting for volumes to be bound')
    },
  }
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
    else if (classes.get(claim.spec.storageClassName ?? '')?.volumeBindingMode === 'WaitForFirstConsumer')
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
