import type { ReplicaSet } from '../../api/generated/types/apps/v1.ts'
import { pods, replicaSets } from '../../api/index.ts'
import { matches } from '../../apimachinery/labels/label-selector.ts'
import { defineController } from '../../client/controller.ts'
import { orphanIndex, orphanWatch } from '../ownership/orphans.ts'
import { replicate, type ReplicaKind } from './replicate.ts'

const kind: ReplicaKind<ReplicaSet> = {
  resource: replicaSets,
  replicas: ({ spec }) => spec.replicas ?? 1,
  minReadySeconds: ({ spec }) => spec.minReadySeconds ?? 0,
  template: ({ spec }) => spec.template,
  matches: ({ spec }, pod) => matches(spec.selector, pod.metadata.labels),
  status: ({ status }) => status,
  hasTerminatingCount: true,
}

/** Keeps the pods of each ReplicaSet at their number. */
export const replicaSetController = defineController({
  name: 'replicaset',
  for: replicaSets,
  owns: [pods],
  watches: [orphanWatch(pods, replicaSets, kind.matches)],
  indexes: [orphanIndex(pods)],
  coalesceMs: 20,
  reconcile: (key, context) => replicate(kind, key, context),
})
