import type { Client } from '../../client/index.ts'
import type { Plugin } from '../framework/plugin.ts'
import { defaultBinder } from './default-binder/plugin.ts'
import { imageLocality } from './image-locality/plugin.ts'
import { interPodAffinity } from './inter-pod-affinity/plugin.ts'
import { nodeAffinity } from './node-affinity/plugin.ts'
import { nodeName } from './node-name/plugin.ts'
import { nodePorts } from './node-ports/plugin.ts'
import { nodeResourcesBalancedAllocation } from './node-resources-balanced-allocation/plugin.ts'
import { nodeResourcesFit } from './node-resources-fit/plugin.ts'
import { nodeUnschedulable } from './node-unschedulable/plugin.ts'
import type { GroupListers } from './pod-topology-spread/default-constraints.ts'
import { podTopologySpread } from './pod-topology-spread/plugin.ts'
import { schedulingGates } from './scheduling-gates/plugin.ts'
import { taintToleration } from './taint-toleration/plugin.ts'
import { volumeBinding, type VolumeListers } from './volume-binding/plugin.ts'

/** What the default plugins read beyond nodes and pods. */
export interface PluginListers {
  readonly volumes: VolumeListers
  readonly groups: GroupListers
}

/** The default plugins in upstream's order: the first filter that rejects a node gives the reason. */
export function defaultPlugins(client: Client, listers: PluginListers): readonly Plugin[] {
  return [
    schedulingGates,
    nodeUnschedulable,
    nodeName,
    taintToleration,
    nodeAffinity,
    nodePorts,
    nodeResourcesFit,
    volumeBinding(listers.volumes, client),
    podTopologySpread(listers.groups),
    interPodAffinity,
    nodeResourcesBalancedAllocation,
    imageLocality,
    defaultBinder,
  ]
}
