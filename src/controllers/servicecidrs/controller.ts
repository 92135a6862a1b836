import type { ServiceCIDR } from '../../api/generated/types/networking/v1.ts'
import { ipAddresses, serviceCIDRs } from '../../api/index.ts'
import { keyOf, timestamp, type Frozen, type ObjectKey } from '../../apimachinery/meta.ts'
import { hasReason } from '../../apimachinery/status.ts'
import { defineController, done, watches, type ReconcileContext, type Result } from '../../client/controller.ts'
import { canGo, rangesHolding, rangesOverlapping } from './plan.ts'

const FINALIZER = 'networking.k8s.io/service-cidr-finalizer'
const FIELD_MANAGER = 'service-cidr-controller'
/** So long a range stays after its deletion, so that every API server knows of it before the last address is looked for. */
const GRACE_MS = 10_000

const READY = { status: 'True', reason: '', message: 'Kubernetes Service CIDR is ready' }
const TERMINATING = {
  status: 'False',
  reason: 'Terminating',
  message: 'There are still IPAddresses referencing the ServiceCIDR, please remove them or create a new ServiceCIDR',
}

/** Says which ServiceCIDRs are ready, and keeps those that Services' addresses still come from. */
export const serviceCidrsController = defineController({
  name: 'service-cidrs',
  component: FIELD_MANAGER,
  for: serviceCIDRs,
  watches: [
    watches({
      resource: serviceCIDRs,
      *keys(now, old, { lister }): Generator<ObjectKey> {
        const range = now ?? old
        if (range && !(now && old)) yield* rangesOverlapping(range, lister(serviceCIDRs).list()).map(keyOf)
      },
    }),
    watches({
      resource: ipAddresses,
      *keys(now, old, { lister }): Generator<ObjectKey> {
        const address = now ?? old
        if (address && !(now && old)) yield* rangesHolding(address, lister(serviceCIDRs).list()).map(keyOf)
      },
    }),
  ],
  async reconcile(key, context) {
    const range = context.lister(serviceCIDRs).get(key)
    if (!range) return done
    if (range.metadata.deletionTimestamp) return letGo(range, range.metadata.deletionTimestamp, context)
    if (!range.metadata.finalizers?.includes(FINALIZER)) {
      await patchFinalizers(range, { finalizers: [FINALIZER] }, context)
    }
    try {
      await say(range, READY, context)
    } catch (error) {
      const message = 'The ServiceCIDR Status can not be set to Ready=True'
      context.events.event(range, 'Warning', 'KubernetesServiceCIDRError', message)
      throw error
    }
    return done
  },
})

async function letGo(range: Frozen<ServiceCIDR>, deletedAt: string, context: ReconcileContext): Promise<Result> {
  const { lister, env } = context
  if (!canGo(range, lister(serviceCIDRs).list(), lister(ipAddresses).list())) {
    await say(range, TERMINATING, context)
    return done
  }
  const leftMs = Date.parse(deletedAt) + GRACE_MS - env.clock.now()
  if (leftMs > 0) return { requeueAfterMs: leftMs }
  if (range.metadata.finalizers?.includes(FINALIZER)) {
    await patchFinalizers(range, { '$deleteFromPrimitiveList/finalizers': [FINALIZER] }, context)
  }
  return done
}

async function patchFinalizers(
  range: Frozen<ServiceCIDR>,
  metadata: Readonly<Record<string, readonly string[]>>,
  { client }: ReconcileContext,
): Promise<void> {
  try {
    await client(serviceCIDRs).patch(range, 'strategic', { metadata })
  } catch (error) {
    if (!hasReason(error, 'NotFound')) throw error
  }
}

async function say(
  { metadata, status }: Frozen<ServiceCIDR>,
  wanted: typeof READY,
  { client, env }: ReconcileContext,
): Promise<void> {
  const now = status?.conditions?.find(({ type }) => type === 'Ready')
  if (now?.status === wanted.status && now.reason === wanted.reason && now.message === wanted.message) return
  const condition = { type: 'Ready', ...wanted, lastTransitionTime: timestamp(env.clock.now()) }
  await client(serviceCIDRs).apply(
    { metadata: { name: metadata.name }, status: { conditions: [condition] } },
    { fieldManager: FIELD_MANAGER, force: true, subresource: 'status' },
  )
}
