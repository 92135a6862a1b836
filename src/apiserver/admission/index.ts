import type { Random } from '../../lib/random.ts'
import type { Mirrors } from '../mirror/mirrors.ts'
import type { Store } from '../../store/store.ts'
import { defaultTolerationSeconds } from './default-toleration-seconds/plugin.ts'
import { limitRanger } from './limit-ranger/plugin.ts'
import { namespaceLifecycle, namespaceLifecycleResource } from './namespace-lifecycle/plugin.ts'
import { nodeRestriction } from './node-restriction/plugin.ts'
import { priority, priorityResource } from './priority/plugin.ts'
import { resourceQuota } from './resource-quota/plugin.ts'
import { serviceAccount, serviceAccountResource } from './service-account/plugin.ts'
import { tokenSecretClients } from './token-secret-clients/plugin.ts'
import { taintNodesByCondition } from './taint-nodes-by-condition/plugin.ts'
import type { AdmissionPlugin } from './types.ts'

/** What plugins look at. */
export interface AdmissionSources {
  readonly mirrors: Mirrors
  readonly store: Store
  readonly random: Random
}

/**
 * The plugins that upstream enables by default, in its order: what refuses whole namespaces first, what fills a pod before what counts it,
 * quotas last, so that nothing is charged that is refused afterwards.
 */
export function defaultAdmission({ mirrors, store, random }: AdmissionSources): readonly AdmissionPlugin[] {
  return [
    namespaceLifecycle(mirrors.of(namespaceLifecycleResource)),
    tokenSecretClients,
    limitRanger(mirrors),
    serviceAccount(mirrors.of(serviceAccountResource), random),
    nodeRestriction(store),
    taintNodesByCondition,
    priority(mirrors.of(priorityResource)),
    defaultTolerationSeconds,
    resourceQuota(mirrors, store),
  ]
}
