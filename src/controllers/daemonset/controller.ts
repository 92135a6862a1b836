import { templateGeneration } from '../../api/apps/v1/daemonset.ts'
import type { DaemonSet } from '../../api/generated/types/apps/v1.ts'
import type { Node, Pod } from '../../api/generated/types/core/v1.ts'
import { controllerRevisions, daemonSets, nodes, pods } from '../../api/index.ts'
import { semanticEqual } from '../../apimachinery/equality.ts'
import { matches } from '../../apimachinery/labels/label-selector.ts'
import { keyOf, type Frozen, type KubeObject } from '../../apimachinery/meta.ts'
import {
  defineController,
  done,
  watches,
  type ControllerDefinition,
  type ReconcileContext,
  type Result,
} from '../../client/controller.ts'
import { syncHistory, truncateHistory, type History } from '../history/revisions.ts'
import { claim } from '../ownership/claim.ts'
import { orphanIndex, orphanWatch } from '../ownership/orphans.ts'
import { controllerReference } from '../ownership/owner-reference.ts'
import { nextAvailabilityMs } from '../pods/availability.ts'
import { podFromTemplate } from '../pods/from-template.ts'
import { forAll, inGrowingBatches } from '../pods/growing-batches.ts'
import { createPod, deletePod } from '../pods/write.ts'
import { FailureBackoff } from './backoff.ts'
import { affinityToNode, allTolerations, judgeNode, nodeOf } from './nodes.ts'
import { daemonStatus, HASH_LABEL, planDaemons, planUpdate, type Scene } from './plan.ts'

const TEMPLATE_GENERATION = 'pod-template-generation'
/** At most so many pods are created or deleted before looking again. */
const BURST = 250

/** Keeps a pod of each DaemonSet on every node that is to have one. */
export function daemonSetController(): ControllerDefinition {
  const backoff = new FailureBackoff()
  return defineController({
    name: 'daemonset',
    serviceAccount: 'daemon-set-controller',
    for: daemonSets,
    owns: [pods, controllerRevisions],
    watches: [
      orphanWatch(pods, daemonSets, selectsPod),
      watches({
        resource: nodes,
        *keys(now, old, { lister }) {
          if (now && old && sameForDaemons(now, old)) return
          for (const set of lister(daemonSets).list()) if (concerns(set, now, old)) yield keyOf(set)
        },
      }),
    ],
    indexes: [orphanIndex(pods), orphanIndex(controllerRevisions)],
    coalesceMs: 20,
    async reconcile(key, context) {
      const set = context.lister(daemonSets).get(key)
      if (!set) return done
      if (semanticEqual(set.spec.selector, {})) {
        const message = 'This daemon set is selecting all pods. A non-empty selector is required.'
        context.events.event(set, 'Warning', 'SelectingAll', message)
        return done
      }
      return set.metadata.deletionTimestamp ? done : sync(set, context, backoff)
    },
  })
}

function selectsPod({ spec }: Frozen<DaemonSet>, { metadata }: Frozen<KubeObject>): boolean {
  return matches(spec.selector, metadata.labels)
}

function sameForDaemons(a: Frozen<Node>, b: Frozen<Node>): boolean {
  return semanticEqual(a.metadata.labels, b.metadata.labels) && semanticEqual(a.spec.taints, b.spec.taints)
}

function concerns(set: Frozen<DaemonSet>, now: Frozen<Node> | undefined, old: Frozen<Node> | undefined): boolean {
  if (!now || !old) {
    const node = now ?? old
    return node !== undefined && judgeNode(set, node).goOn
  }
  return !semanticEqual(judgeNode(set, now), judgeNode(set, old))
}

async function sync(set: Frozen<DaemonSet>, context: ReconcileContext, backoff: FailureBackoff): Promise<Result> {
  const owned = { matches: (object: Frozen<KubeObject>) => selectsPod(set, object) }
  const collisionCount = set.status?.collisionCount ?? 0
  const history = await syncHistory(
    { resource: daemonSets, owner: set, template: set.spec.template, hashLabel: HASH_LABEL, collisionCount, ...owned },
    context,
  )
  const found = await claim<DaemonSet, Pod>(
    { owner: set, ownerResource: daemonSets, resource: pods, ...owned },
    context,
  )
  const scene: Scene = {
    set,
    nodes: context.lister(nodes).list(),
    podsByNode: Map.groupBy(found, (pod) => nodeOf(pod) ?? ''),
    hash: history.present.metadata.labels?.[HASH_LABEL] ?? '',
    now: context.env.clock.now(),
  }
  const waitMs = await manage(scene, context, backoff)
  await cleanUp(scene, history, found, context)
  await writeStatus(scene, history.collisionCount, context)
  const availableMs = nextAvailabilityMs(found, set.spec.minReadySeconds ?? 0, scene.now)
  const nextMs = Math.min(waitMs ?? Infinity, availableMs ?? Infinity)
  return nextMs === Infinity ? done : { requeueAfterMs: nextMs }
}

/** Creates and deletes. Returns when to look again at daemons that failed. */
async function manage(scene: Scene, context: ReconcileContext, backoff: FailureBackoff): Promise<number | undefined> {
  const { set } = scene
  const plan = planDaemons(scene)
  let waitMs: number | undefined
  const remove = [...plan.remove]
  for (const { pod, node } of plan.ended) {
    const leftMs = backoff.tryRemove(`${set.metadata.uid}/${node}`, context.env.clock.monotonic())
    if (leftMs > 0) waitMs = Math.min(waitMs ?? Infinity, leftMs)
    else {
      remove.push(pod)
      tellOfEnded(pod, node, set, context)
    }
  }
  let create = plan.create
  // First every node gets its daemon; then they are replaced.
  if (
    remove.length === 0 &&
    create.length === 0 &&
    (set.spec.updateStrategy?.type ?? 'RollingUpdate') === 'RollingUpdate'
  ) {
    const update = planUpdate(scene)
    remove.push(...update.remove)
    create = update.create
  }
  await inGrowingBatches(Math.min(create.length, BURST), (at) =>
    createPod(daemonPod(scene, create[at] ?? ''), set, context),
  )
  await forAll(remove.slice(0, BURST), (pod) => deletePod(pod, set, context))
  return waitMs
}

function tellOfEnded(pod: Frozen<Pod>, node: string, set: Frozen<DaemonSet>, { events }: ReconcileContext): void {
  const isFailed = pod.status?.phase === 'Failed'
  const what = `Found ${isFailed ? 'failed' : 'succeeded'} daemon pod ${keyOf(pod)} on node ${node}`
  const message = `${what}, will try to ${isFailed ? 'kill' : 'delete'} it`
  events.event(set, isFailed ? 'Warning' : 'Normal', isFailed ? 'FailedDaemonPod' : 'SucceededDaemonPod', message)
}

function daemonPod({ set, hash }: Scene, node: string): Frozen<Pod> {
  const pod = podFromTemplate(set.spec.template, set, controllerReference(daemonSets, set))
  const generation = templateGeneration(set.metadata)
  const labels = {
    ...pod.metadata.labels,
    [HASH_LABEL]: hash,
    ...(generation > 0 && { [TEMPLATE_GENERATION]: String(generation) }),
  }
  const spec = { ...pod.spec, affinity: affinityToNode(pod.spec.affinity, node), tolerations: allTolerations(pod.spec) }
  return { ...pod, metadata: { ...pod.metadata, labels }, spec }
}

async function cleanUp(
  { set }: Scene,
  history: History,
  found: readonly Frozen<Pod>[],
  context: ReconcileContext,
): Promise<void> {
  const live = new Set(found.map(({ metadata }) => metadata.labels?.[HASH_LABEL]))
  await truncateHistory(
    history,
    (revision) => revision === history.present || live.has(revision.metadata.labels?.[HASH_LABEL]),
    set.spec.revisionHistoryLimit ?? 10,
    context,
  )
}

async function writeStatus(scene: Scene, collisionCount: number, { client }: ReconcileContext): Promise<void> {
  const status = daemonStatus(scene, collisionCount)
  if (semanticEqual(status, scene.set.status)) return
  await client(daemonSets).updateStatus({ ...scene.set, status } as DaemonSet)
}
