import { isPodTerminal } from '../../api/core/v1/pod-conditions.ts'
import type { Pod } from '../../api/generated/types/core/v1.ts'
import { nodes, pods } from '../../api/index.ts'
import { semanticEqual } from '../../apimachinery/equality.ts'
import { keyOf, type Frozen, type ObjectKey } from '../../apimachinery/meta.ts'
import { hasReason } from '../../apimachinery/status.ts'
import {
  defineController,
  done,
  watches,
  type ControllerDefinition,
  type ReconcileContext,
} from '../../client/controller.ts'
import { podsByNode, podsOnNode } from '../pods/by-node.ts'
import { markDisrupted } from '../pods/disruption-target.ts'
import { noExecuteTaints, toleratedSeconds } from './plan.ts'

const DISRUPTION = { reason: 'DeletionByTaintManager', message: 'Taint manager: deleting due to NoExecute taint' }

/** Deletes pods from nodes whose NoExecute taints they don't tolerate, or no longer. */
export function taintEvictionController(): ControllerDefinition {
  /** Since when pods bear the taints of their nodes, in ms. */
  const since = new Map<ObjectKey, { readonly uid: string; readonly ms: number }>()
  return defineController({
    name: 'taint-eviction',
    serviceAccount: 'node-controller',
    component: 'taint-eviction-controller',
    for: pods,
    wakes: (now, old) =>
      !now ||
      !old ||
      now.spec.nodeName !== old.spec.nodeName ||
      !semanticEqual(now.spec.tolerations, old.spec.tolerations),
    watches: [
      watches({
        resource: nodes,
        *keys(now, old, { lister }) {
          if (semanticEqual(noExecuteTaints(now), noExecuteTaints(old))) return
          for (const pod of podsOnNode(lister(pods), (now ?? old)?.metadata.name ?? '')) yield keyOf(pod)
        },
      }),
    ],
    indexes: [podsByNode],
    concurrency: 8,
    async reconcile(key, context) {
      const pod = context.lister(pods).get(key)
      const taints = noExecuteTaints(context.lister(nodes).get(pod?.spec.nodeName ?? ''))
      const seconds = pod && taints.length > 0 ? toleratedSeconds(pod, taints) : Infinity
      if (!pod || seconds === Infinity) {
        if (since.delete(key) && pod) tell(pod, `Cancelling deletion of Pod ${key}`, context)
        return done
      }
      if (pod.metadata.deletionTimestamp) return done
      const now = context.env.clock.now()
      const { uid = '' } = pod.metadata
      const known = since.get(key)
      const startMs = known?.uid === uid ? known.ms : now
      const leftMs = startMs + seconds * 1000 - now
      if (leftMs > 0) {
        since.set(key, { uid, ms: startMs })
        return { requeueAfterMs: leftMs }
      }
      since.delete(key)
      await evict(pod, context)
      return done
    },
  })
}

async function evict(pod: Frozen<Pod>, context: ReconcileContext): Promise<void> {
  tell(pod, `Marking for deletion Pod ${keyOf(pod)}`, context)
  try {
    if (!isPodTerminal(pod)) await markDisrupted(pod, context, { disruption: DISRUPTION })
    await context.client(pods).delete(pod)
  } catch (error) {
    if (!hasReason(error, 'NotFound')) throw error
  }
}

function tell(pod: Frozen<Pod>, message: string, { events }: ReconcileContext): void {
  events.event(pod, 'Normal', 'TaintManagerEviction', message)
}
