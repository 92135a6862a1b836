import type { PodTemplateSpec, ReplicationController } from '../../api/generated/types/core/v1.ts'
import { pods, replicationControllers } from '../../api/index.ts'
import type { Frozen, KubeObject } from '../../apimachinery/meta.ts'
import { defineController } from '../../client/controller.ts'
import { orphanIndex, orphanWatch } from '../ownership/orphans.ts'
import { replicate, type ReplicaKind } from '../replicaset/replicate.ts'

const NO_TEMPLATE: PodTemplateSpec = { spec: { containers: [] } }

const kind: ReplicaKind<ReplicationController> = {
  resource: replicationControllers,
  replicas: ({ spec }) => spec.replicas ?? 1,
  minReadySeconds: ({ spec }) => spec.minReadySeconds ?? 0,
  template: ({ spec }) => spec.template ?? NO_TEMPLATE,
  matches: selectsPod,
  status: ({ status }) => status,
  hasTerminatingCount: false,
}

/** Its selector is a plain map; an empty one selects nothing. */
function selectsPod({ spec }: Frozen<ReplicationController>, { metadata }: Frozen<KubeObject>): boolean {
  const wanted = Object.entries(spec.selector ?? {})
  return wanted.length > 0 && wanted.every(([name, value]) => metadata.labels?.[name] === value)
}

/** Keeps the pods of each ReplicationController at their number. */
export const replicationController = defineController({
  name: 'replication',
  for: replicationControllers,
  owns: [pods],
  watches: [orphanWatch(pods, replicationControllers, selectsPod)],
  indexes: [orphanIndex(pods)],
  coalesceMs: 20,
  reconcile: (key, context) => replicate(kind, key, context),
})
