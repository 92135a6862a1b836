import type { HorizontalPodAutoscaler } from '../../api/generated/types/autoscaling/v2.ts'
import { horizontalPodAutoscalers, pods } from '../../api/index.ts'
import { selects } from '../../apimachinery/labels/selector.ts'
import type { Frozen, ObjectKey } from '../../apimachinery/meta.ts'
import {
  defineController,
  done,
  type ControllerDefinition,
  type ReconcileContext,
  type Result,
} from '../../client/controller.ts'
import { messageOf } from '../pods/write.ts'
import { autoscale, type Claimants, type Memory } from './autoscale.ts'

/** How often each autoscaler is looked at, as upstream's --horizontal-pod-autoscaler-sync-period. */
const SYNC_MS = 15_000

/** Gives workloads as many replicas as their metrics ask for. */
export function horizontalPodAutoscalerController(): ControllerDefinition<HorizontalPodAutoscaler> {
  const memories = new Map<ObjectKey, Memory>()
  return defineController({
    name: 'horizontal-pod-autoscaler',
    serviceAccount: 'horizontal-pod-autoscaler',
    component: 'horizontal-pod-autoscaler',
    for: horizontalPodAutoscalers,
    // Time alone wakes: a changed autoscaler waits for its turn, as upstream's does.
    wakes: (now, old) => !now || !old,
    reads: [pods],
    async reconcile(key, context): Promise<Result> {
      const autoscaler = context.lister(horizontalPodAutoscalers).get(key)
      if (!autoscaler) {
        memories.delete(key)
        return done
      }
      const memory = memories.get(key)
      if (!memory || memory.uid !== autoscaler.metadata.uid) {
        memories.set(key, { uid: autoscaler.metadata.uid, history: undefined, selector: undefined })
        return { requeueAfterMs: SYNC_MS }
      }
      await attempt(autoscaler, memory, memories, context)
      return { requeueAfterMs: SYNC_MS }
    },
  })
}

/** A failure is told in the autoscaler's conditions and Events; the next look comes at its time all the same. */
async function attempt(
  autoscaler: Frozen<HorizontalPodAutoscaler>,
  memory: Memory,
  memories: ReadonlyMap<ObjectKey, Memory>,
  context: ReconcileContext,
): Promise<void> {
  try {
    await autoscale(autoscaler, memory, claimants(autoscaler, memories), context)
  } catch (error) {
    const { namespace, name } = autoscaler.metadata
    context.env.log.debug('an autoscaler could not do its work', { namespace, name, err: messageOf(error) })
  }
}

/** Tells the autoscalers of the namespace whose pods some labels make one theirs; there may be many autoscalers, and many pods to ask about. */
function claimants(
  { metadata: { namespace } }: Frozen<HorizontalPodAutoscaler>,
  memories: ReadonlyMap<ObjectKey, Memory>,
): Claimants {
  const prefix = `${namespace}/`
  const neighbours = [...memories].filter(([key]) => key.startsWith(prefix))
  return (labels) =>
    neighbours.flatMap(([key, { selector }]) =>
      selector !== undefined && selects(selector, labels) ? [key.slice(prefix.length)] : [],
    )
}
