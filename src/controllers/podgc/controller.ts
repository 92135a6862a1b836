import { isPodTerminal, isConditionTrue } from '../../api/core/v1/pod-conditions.ts'
import type { Node, Pod } from '../../api/generated/types/core/v1.ts'
import { nodes, pods } from '../../api/index.ts'
import { keyOf, type Frozen } from '../../apimachinery/meta.ts'
import { hasReason } from '../../apimachinery/status.ts'
import {
  defineController,
  done,
  indexes,
  watches,
  type ControllerDefinition,
  type ReconcileContext,
  type Result,
} from '../../client/controller.ts'
import { podsByNode, podsOnNode } from '../pods/by-node.ts'
import { markDisrupted, type Disruption } from '../pods/disruption-target.ts'

/** Not a pod's key: delete pods that have ended if there are too many. */
const TERMINATED = '*terminated'
const BY_END = 'terminated'
/** Upstream's --terminated-pod-gc-threshold. */
const MAX_TERMINATED = 12_500
const CHECK_MS = 20_000
/** A node must have been missing so long before its pods go. */
const QUARANTINE_MS = 40_000
const OUT_OF_SERVICE = 'node.kubernetes.io/out-of-service'
const NODE_GONE: Disruption = { reason: 'DeletionByPodGC', message: 'PodGC: node no longer exists' }

/** Removes pods that nobody else will: of nodes that are gone or out of service, ended without ever having been bound, or too many that have ended. */
export function podGarbageCollector(maxTerminated = MAX_TERMINATED): ControllerDefinition {
  /** Since when nodes are missing that pods are bound to, in ms. */
  const missing = new Map<string, number>()
  return defineController({
    name: 'pod-garbage-collector',
    serviceAccount: 'pod-garbage-collector',
    for: pods,
    watches: [
      watches({
        resource: pods,
        keys(now, old, { enqueue }) {
          // The check waits, and one is enough for all that end meanwhile.
          if (now && isPodTerminal(now) && !(old && isPodTerminal(old))) enqueue(TERMINATED, CHECK_MS)
          return []
        },
      }),
      watches({
        resource: nodes,
        *keys(now, _, { lister }) {
          if (now && !isOutOfService(now)) missing.delete(now.metadata.name ?? '')
          else for (const pod of podsOnNode(lister(pods), (now ?? _)?.metadata.name ?? '')) yield keyOf(pod)
        },
      }),
    ],
    indexes: [podsByNode, indexes(pods, BY_END, (pod) => (isPodTerminal(pod) ? ['yes'] : []))],
    async reconcile(key, context) {
      if (key === TERMINATED) return collectTerminated(maxTerminated, context)
      const pod = context.lister(pods).get(key)
      if (!pod) return done
      const { nodeName } = pod.spec
      if (!nodeName) {
        if (pod.metadata.deletionTimestamp) await remove(pod, context)
        return done
      }
      const node = context.lister(nodes).get(nodeName)
      if (node) {
        if (isOutOfService(node) && pod.metadata.deletionTimestamp) await remove(pod, context)
        return done
      }
      return collectOrphan(pod, nodeName, missing, context)
    },
  })
}

/** Somebody has declared the node dead: it must not come back with these pods. */
function isOutOfService({ spec, status }: Frozen<Node>): boolean {
  return !isConditionTrue(status?.conditions, 'Ready') && !!spec.taints?.some(({ key }) => key === OUT_OF_SERVICE)
}

async function collectOrphan(
  pod: Frozen<Pod>,
  nodeName: string,
  missing: Map<string, number>,
  context: ReconcileContext,
): Promise<Result> {
  const now = context.env.clock.now()
  const sinceMs = missing.get(nodeName) ?? now
  missing.set(nodeName, sinceMs)
  const leftMs = sinceMs + QUARANTINE_MS - now
  if (leftMs > 0) return { requeueAfterMs: leftMs }
  if (await nodeExists(nodeName, context)) return { requeueAfterMs: QUARANTINE_MS }
  await remove(pod, context, NODE_GONE)
  return done
}

async function nodeExists(name: string, { client }: ReconcileContext): Promise<boolean> {
  try {
    await client(nodes).get(name)
    return true
  } catch (error) {
    if (hasReason(error, 'NotFound')) return false
    throw error
  }
}

/** The oldest go. */
async function collectTerminated(max: number, context: ReconcileContext): Promise<Result> {
  const ended = context.lister(pods).byIndex(BY_END, 'yes')
  const created = ({ metadata }: Frozen<Pod>): string => metadata.creationTimestamp ?? ''
  const sorted = ended.toSorted((a, b) => (created(a) < created(b) ? -1 : created(a) > created(b) ? 1 : 0))
  for (const pod of sorted.slice(0, Math.max(0, ended.length - max))) await remove(pod, context)
  return done
}

/** Marks the pod failed if it hasn't ended, then removes it without grace: nobody is there to end it. */
async function remove(pod: Frozen<Pod>, context: ReconcileContext, disruption?: Disruption): Promise<void> {
  try {
    if (!isPodTerminal(pod)) await markDisrupted(pod, context, { disruption, failed: true })
    // It has no grace left already: finalizers hold it.
    if (pod.metadata.deletionTimestamp && pod.metadata.deletionGracePeriodSeconds === 0) return
    await context.client(pods).delete(pod, { gracePeriodSeconds: 0 })
  } catch (error) {
    if (!hasReason(error, 'NotFound')) throw error
  }
}
