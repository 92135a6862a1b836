import { isPodTerminal } from '../../api/core/v1/pod-conditions.ts'
import type { Pod, ResourceQuota } from '../../api/generated/types/core/v1.ts'
import { persistentVolumeClaims, pods, resourceClaims, resourceQuotas, services } from '../../api/index.ts'
import { quotaResourceName } from '../../api/core/v1/quota/usage.ts'
import { semanticEqual } from '../../apimachinery/equality.ts'
import { keyOf, type Frozen, type KubeObject } from '../../apimachinery/meta.ts'
import type { ResourceDefinition } from '../../apimachinery/resource.ts'
import {
  defineController,
  done,
  watches,
  type ControllerDefinition,
  type ReconcileContext,
  type Watch,
} from '../../client/controller.ts'
import { discover, preferredResources } from '../../client/discovery/discovery.ts'
import { dynamicResource } from '../../client/dynamic.ts'
import type { Lister } from '../../client/controller.ts'
import { until } from '../../client/informer/wait.ts'
import { countedResources, quotaStatus } from './plan.ts'

/** Followed with all they have: their specs count. Of others only the number does. */
const WHOLE: readonly ResourceDefinition[] = [pods, services, persistentVolumeClaims, resourceClaims]

/** Keeps the status of ResourceQuotas: what is used of what they limit. */
export function resourceQuotaController(): ControllerDefinition {
  const followed = new Map<string, Lister<KubeObject>>()
  return defineController({
    name: 'resourcequota',
    for: resourceQuotas,
    // Admission charges what is created, in the same status. A count of what the caches show would undo a charge whose object they do not
    // show yet; so there is one only where limits change or usage may have fallen, as upstream's.
    wakes: (now, old) =>
      !now || !old || !semanticEqual(now.spec, old.spec) || !semanticEqual(now.status?.hard, now.spec.hard),
    watches: WHOLE.map(wakesQuotas),
    coalesceMs: 100,
    async reconcile(key, context) {
      const quota = context.lister(resourceQuotas).get(key)
      if (!quota) return done
      const namespace = quota.metadata.namespace ?? ''
      const listers = new Map<string, Lister<KubeObject>>()
      for (const resource of countedResources(quota)) {
        const lister = await listerOf(resource, followed, context)
        if (lister) listers.set(resource, lister)
      }
      const status = quotaStatus(
        quota,
        (resource) => listers.get(resource)?.list(namespace) ?? [],
        context.env.clock.now(),
      )
      if (!semanticEqual(status, quota.status))
        await context.client(resourceQuotas).updateStatus({ ...quota, status } as ResourceQuota)
      return { requeueAfterMs: RECOUNT_MS }
    },
  })
}

/** All is counted again this often, whatever happens (upstream's resource-quota-sync-period). */
const RECOUNT_MS = 5 * 60_000

/** What is deleted, has ended or is changed may use less of the quotas of its namespace. */
function wakesQuotas(resource: ResourceDefinition): Watch {
  return watches({
    resource,
    *keys(now, old, { lister }) {
      if (!old || (resource === pods && now && !hasEnded(now, old))) return
      const namespace = (now ?? old)?.metadata.namespace ?? ''
      for (const quota of lister(resourceQuotas).list(namespace)) yield keyOf(quota)
    },
  })
}

function hasEnded(now: Frozen<KubeObject>, old: Frozen<KubeObject>): boolean {
  return isPodTerminal(now as Frozen<Pod>) && !isPodTerminal(old as Frozen<Pod>)
}

/** What is known of a resource's objects. One that no quota has counted before begins to be followed. */
async function listerOf(
  name: string,
  followed: Map<string, Lister<KubeObject>>,
  context: ReconcileContext,
): Promise<Lister<KubeObject> | undefined> {
  const whole = WHOLE.find((resource) => quotaResourceName(resource) === name)
  if (whole) return context.lister(whole)
  const known = followed.get(name)
  if (known) return known
  const { resources } = await discover(context.client.transport, context.signal)
  const found = preferredResources(resources).find((resource) => quotaResourceName(resource) === name)
  if (!found?.namespaced || !found.verbs.includes('watch')) return undefined
  const informer = context.informers.metadataInformer<KubeObject>(dynamicResource(found))
  const wake = ({ metadata }: Frozen<KubeObject>): void => {
    for (const quota of context.lister(resourceQuotas).list(metadata.namespace ?? ''))
      context.enqueue(keyOf(quota), 100)
  }
  informer.addHandler({ onDelete: wake })
  followed.set(name, informer.lister)
  await until(informer, () => informer.synced, context.signal)
  return informer.lister
}
