import type { Endpoints, Service } from '../../api/generated/types/core/v1.ts'
import { endpoints, pods, services } from '../../api/index.ts'
import { semanticEqual } from '../../apimachinery/equality.ts'
import { keyOf, type Frozen, type ObjectKey } from '../../apimachinery/meta.ts'
import { hasReason } from '../../apimachinery/status.ts'
import { defineController, done, watches, type ReconcileContext } from '../../client/controller.ts'
import { isNamespaceTerminating, messageOf } from '../pods/write.ts'
import { hasSelector, isHeadless, podsOfServices, selectedPods } from '../services/membership.ts'
import { TRIGGER_TIME, triggerTime } from '../services/trigger-time.ts'
import { planSubsets } from './plan.ts'

const HEADLESS = 'service.kubernetes.io/headless'
const MANAGED_BY = 'endpoints.kubernetes.io/managed-by'
const OVER_CAPACITY = 'endpoints.kubernetes.io/over-capacity'
/** Locks of leader elections of old: they stand for no Service. */
const LEADER = 'control-plane.alpha.kubernetes.io/leader'

/** Keeps the Endpoints object of each Service in step with its pods, for those who don't read EndpointSlices yet. */
export const endpointsController = defineController({
  name: 'endpoint',
  for: services,
  watches: [
    podsOfServices,
    watches({
      resource: endpoints,
      // Somebody's own Endpoints are left alone; those of a Service come back when they are deleted.
      keys: (now, old) => (!now && old ? [keyOf(old)] : []),
    }),
  ],
  coalesceMs: 20,
  // What Services that went while nobody looked have left (upstream's checkLeftoverEndpoints).
  start({ lister, enqueue }) {
    for (const left of lister(endpoints).list()) enqueue(keyOf(left))
  },
  async reconcile(key, context) {
    const service = context.lister(services).get(key)
    const existing = context.lister(endpoints).get(key)
    if (!service) await removeLeftover(existing, context)
    else if (hasSelector(service) && service.spec?.type !== 'ExternalName') await sync(key, service, existing, context)
    return done
  },
})

/** Deletes what the Service of that name, now gone, has left. What others made stays. */
async function removeLeftover(existing: Frozen<Endpoints> | undefined, { client }: ReconcileContext): Promise<void> {
  if (!existing || existing.metadata.annotations?.[LEADER] !== undefined) return
  try {
    await client(endpoints).delete(existing)
  } catch (error) {
    if (!hasReason(error, 'NotFound')) throw error
  }
}

async function sync(
  key: ObjectKey,
  service: Frozen<Service>,
  existing: Frozen<Endpoints> | undefined,
  { client, lister, events }: ReconcileContext,
): Promise<void> {
  const selected = selectedPods(service, lister(pods))
  const { subsets, isTruncated } = planSubsets(service, selected)
  const labels = {
    ...service.metadata.labels,
    [MANAGED_BY]: 'endpoint-controller',
    ...(isHeadless(service) && { [HEADLESS]: '' }),
  }
  const { [OVER_CAPACITY]: wasTruncated, ...others } = existing?.metadata.annotations ?? {}
  const isCurrent =
    existing && semanticEqual(existing.subsets, subsets) && semanticEqual(existing.metadata.labels, labels)
  if (isCurrent && (wasTruncated === 'truncated') === isTruncated) return
  const { name = '', namespace } = service.metadata
  const annotations = {
    ...others,
    [TRIGGER_TIME]: triggerTime(service, selected),
    ...(isTruncated && { [OVER_CAPACITY]: 'truncated' }),
  }
  const metadata = { ...existing?.metadata, name, ...(namespace && { namespace }), labels, annotations }
  try {
    const next = { ...existing, metadata, subsets } as Endpoints
    await (existing ? client(endpoints).update(next) : client(endpoints).create(next))
  } catch (error) {
    if (isNamespaceTerminating(error)) return
    const [reason, verb] = existing
      ? ['FailedToUpdateEndpoint', 'update endpoint']
      : ['FailedToCreateEndpoint', 'create endpoint for service']
    if (!hasReason(error, 'Conflict'))
      events.event(service, 'Warning', reason, `Failed to ${verb} ${key}: ${messageOf(error)}`)
    throw error
  }
}
