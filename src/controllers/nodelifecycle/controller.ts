import { conditionOf, isConditionTrue, isPodReady, setPodCondition } from '../../api/core/v1/pod-conditions.ts'
import type { Lease } from '../../api/generated/types/coordination/v1.ts'
import type { Node, Pod, PodStatus } from '../../api/generated/types/core/v1.ts'
import { leases, nodes, pods } from '../../api/index.ts'
import { semanticEqual } from '../../apimachinery/equality.ts'
import { keyOf, type Frozen } from '../../apimachinery/meta.ts'
import { hasReason } from '../../apimachinery/status.ts'
import {
  defineController,
  done,
  watches,
  type ControllerDefinition,
  type ReconcileContext,
  type Result,
} from '../../client/controller.ts'
import { podsByNode, podsOnNode } from '../pods/by-node.ts'
import { graceMs, mirroredLabels, unknownConditions } from './health.ts'
import { healthTaint, NOT_READY, plannedTaints, UNREACHABLE } from './taints.ts'
import { Zones } from './zones.ts'

/** A node that isn't ready is looked at this often, and is not marked for eviction before the second look: others may be failing with it. */
const LOOK_AGAIN_MS = 5000
const LEASE_NAMESPACE = 'kube-node-lease'

/** What is remembered of a node. */
interface Heard {
  readonly uid: string
  /** When it last gave a sign of life, by our clock. */
  ms: number
  heartbeat: string | undefined
  /** Since when it hasn't been ready, by our clock. */
  unhealthyMs: number | undefined
  /** Its pods are still to be marked as not ready. */
  marking: boolean
}

/** Watches over nodes: notes when one has gone silent, keeps new pods away from it, and drives those on it away. */
export function nodeLifecycleController(): ControllerDefinition {
  const heard = new Map<string, Heard>()
  let zones: Zones | undefined
  return defineController({
    name: 'node-lifecycle',
    serviceAccount: 'node-controller',
    component: 'node-controller',
    for: nodes,
    watches: [
      watches({
        resource: leases,
        keys(now, old, { env }) {
          const name = now?.metadata.namespace === LEASE_NAMESPACE ? now.metadata.name : undefined
          const known = name === undefined ? undefined : heard.get(name)
          if (known && isRenewed(now, old)) known.ms = env.clock.monotonic()
          return known && name && old && isOtherwiseLong(now, old) ? [name] : []
        },
      }),
      watches({
        resource: pods,
        // A pod that comes to a node that isn't ready isn't either.
        keys(now, old, { lister }) {
          const { nodeName } = now?.spec ?? {}
          const node = nodeName && nodeName !== old?.spec.nodeName ? lister(nodes).get(nodeName) : undefined
          if (!now || !node || !healthTaint(node) || !isPodReady(now)) return []
          const known = heard.get(node.metadata.name ?? '')
          if (known) known.marking = true
          return [keyOf(node)]
        },
      }),
    ],
    indexes: [podsByNode],
    start({ env }) {
      zones = new Zones(env.clock)
    },
    async reconcile(key, context) {
      const node = context.lister(nodes).get(key)
      if (!node) {
        const gone = heard.get(key)
        if (heard.delete(key))
          tellOfNode(
            { name: key, uid: gone?.uid ?? '' },
            'RemovingNode',
            `Removing Node ${key} from Controller`,
            context,
          )
        return done
      }
      const known = noteNode(heard, node, context)
      return zones ? watchOver(node, known, zones, context) : done
    },
  })
}

function isRenewed(now: Frozen<Lease> | undefined, old: Frozen<Lease> | undefined): boolean {
  return now?.spec?.renewTime !== old?.spec?.renewTime
}

/** Whether the node has another time to be silent from now on. */
function isOtherwiseLong(now: Frozen<Lease> | undefined, old: Frozen<Lease>): boolean {
  return now?.spec?.leaseDurationSeconds !== old.spec?.leaseDurationSeconds
}

/** Takes a node's own status as a sign of life too. */
function noteNode(heard: Map<string, Heard>, node: Frozen<Node>, context: ReconcileContext): Heard {
  const { name = '', uid = '' } = node.metadata
  const heartbeat = conditionOf(node.status?.conditions, 'Ready')?.lastHeartbeatTime
  let known = heard.get(name)
  if (known?.uid !== uid) {
    known = { uid, ms: context.env.clock.monotonic(), heartbeat, unhealthyMs: undefined, marking: false }
    heard.set(name, known)
    tellOfNode({ name, uid }, 'RegisteredNode', `Registered Node ${name} in Controller`, context)
  }
  if (known.heartbeat !== heartbeat) {
    known.heartbeat = heartbeat
    known.ms = context.env.clock.monotonic()
  }
  return known
}

async function watchOver(found: Frozen<Node>, known: Heard, zones: Zones, context: ReconcileContext): Promise<Result> {
  const { clock } = context.env
  const silentMs = clock.monotonic() - known.ms
  const lease = context.lister(leases).get(`${LEASE_NAMESPACE}/${found.metadata.name}`)
  const leftMs = graceMs(found, lease) - silentMs
  let node = found
  if (leftMs <= 0) node = await noteSilence(found, known, context)
  const isUnhealthy = healthTaint(node) !== undefined
  known.unhealthyMs = isUnhealthy ? (known.unhealthyMs ?? clock.monotonic()) : undefined
  zones.count(() => context.lister(nodes).list())
  await updateNode(node, { zones, mayMark: isLongUnhealthy(known, clock.monotonic()) }, context)
  if (known.marking) {
    await markPods(node, context)
    known.marking = false
  }
  const nextMs = Math.min(leftMs > 0 ? leftMs : Infinity, isUnhealthy ? LOOK_AGAIN_MS : Infinity)
  return nextMs === Infinity ? done : { requeueAfterMs: nextMs }
}

function isLongUnhealthy({ unhealthyMs }: Heard, now: number): boolean {
  return unhealthyMs !== undefined && now - unhealthyMs >= LOOK_AGAIN_MS
}

/** Nobody knows how the node is any more. */
async function noteSilence(node: Frozen<Node>, known: Heard, context: ReconcileContext): Promise<Frozen<Node>> {
  const conditions = unknownConditions(node, context.env.clock.now())
  if (semanticEqual(conditions, node.status?.conditions)) return node
  const wasReady = isConditionTrue(node.status?.conditions, 'Ready')
  const updated = await context.client(nodes).updateStatus({ ...node, status: { ...node.status, conditions } } as Node)
  if (wasReady) {
    const { name = '', uid = '' } = node.metadata
    known.marking = true
    context.events.event(nodeReference(name, uid), 'Normal', 'NodeNotReady', `Node ${name} status is now: NodeNotReady`)
  }
  return updated
}

/** Brings taints and labels up to date. A node is marked for eviction only as fast as its zone allows. */
async function updateNode(
  node: Frozen<Node>,
  { zones, mayMark }: { readonly zones: Zones; readonly mayMark: boolean },
  { client, env }: ReconcileContext,
): Promise<void> {
  const isMarked = node.spec.taints?.some(
    ({ key, effect }) => effect === 'NoExecute' && (key === NOT_READY || key === UNREACHABLE),
  )
  const marks = mayMark && !isMarked && !zones.allDisrupted && zones.tryMark(node)
  const taints = plannedTaints(node, zones.allDisrupted ? 'none' : marks ? 'add' : 'keep', env.clock.now())
  const labels = mirroredLabels(node)
  const hasLabels = Object.keys(labels).length > 0
  if (semanticEqual(taints, node.spec.taints) && !hasLabels) return
  const metadata = { resourceVersion: node.metadata.resourceVersion, ...(hasLabels && { labels }) }
  await client(nodes).patch(node, 'merge', { metadata, spec: { taints: taints.length > 0 ? taints : null } })
}

/** The node's pods can no longer be said to be ready; so Services leave them out. */
async function markPods(node: Frozen<Node>, context: ReconcileContext): Promise<void> {
  for (const pod of podsOnNode(context.lister(pods), node.metadata.name ?? '')) {
    if (!isPodReady(pod)) continue
    context.events.event(pod, 'Warning', 'NodeNotReady', 'Node is not ready')
    await markPod(pod, context)
  }
}

async function markPod(pod: Frozen<Pod>, { client, env }: ReconcileContext): Promise<void> {
  const status = structuredClone(pod.status ?? {}) as PodStatus
  const ready = conditionOf(status.conditions, 'Ready')
  if (!ready) return
  setPodCondition(status, { ...ready, status: 'False' }, env.clock.now())
  try {
    const patch = { metadata: { uid: pod.metadata.uid }, status: { conditions: status.conditions } }
    await client(pods).patch(pod, 'strategic', patch, { subresource: 'status' })
  } catch (error) {
    if (!hasReason(error, 'NotFound')) throw error
  }
}

function tellOfNode(
  { name, uid }: { readonly name: string; readonly uid: string },
  reason: string,
  what: string,
  { events }: ReconcileContext,
): void {
  events.event(nodeReference(name, uid), 'Normal', reason, `Node ${name} event: ${what}`)
}

/** Events about nodes name them so whatever version of them is known. */
function nodeReference(name: string, uid: string): Frozen<Node> {
  return { apiVersion: 'v1', kind: 'Node', metadata: { name, uid }, spec: {} }
}
