import { setPodCondition } from '../../api/core/v1/pod-conditions.ts'
import type { Pod, PodStatus } from '../../api/generated/types/core/v1.ts'
import { pods } from '../../api/index.ts'
import type { Frozen } from '../../apimachinery/meta.ts'
import type { ReconcileContext } from '../../client/controller.ts'

export interface Disruption {
  readonly reason: string
  readonly message: string
}

/** Marks a pod with the condition DisruptionTarget, and with the phase Failed where asked, so that its owner can tell why it ends. */
export async function markDisrupted(
  pod: Frozen<Pod>,
  { client, env }: Pick<ReconcileContext, 'client' | 'env'>,
  { disruption, failed = false }: { readonly disruption?: Disruption | undefined; readonly failed?: boolean },
): Promise<void> {
  const status = structuredClone(pod.status ?? {}) as PodStatus
  const changed = disruption
    ? setPodCondition(status, { type: 'DisruptionTarget', status: 'True', ...disruption }, env.clock.now())
    : false
  if (!changed && !failed) return
  const patch = { conditions: status.conditions, ...(failed && { phase: 'Failed' }) }
  await client(pods).patch(
    pod,
    'strategic',
    { metadata: { uid: pod.metadata.uid }, status: patch },
    { subresource: 'status' },
  )
}
