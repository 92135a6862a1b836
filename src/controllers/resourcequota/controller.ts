import { quotaResourceName } from '../../api/core/v1/quota/usage.ts'
import type { ResourceQuota } from '../../api/generated/types/core/v1.ts'
import { persistentVolumeClaims, pods, resourceClaims, resourceQuotas, services } from '../../api/index.ts'
import { semanticEqual } from '../../apimachinery/equality.ts'
import { keyOf, type Frozen, type KubeObject, type ObjectKey } from '../../apimachinery/meta.ts'
import type { ResourceDefinition } from '../../apimachinery/resource.ts'
import { hasReason } from '../../apimachinery/status.ts'
import {
  defineController,
  done,
  watches,
  type ControllerDefinition,
  type Lister,
  type ReconcileContext,
} from '../../client/controller.ts'
import { discover, preferredResources } from '../../client/discovery/discovery.ts'
import { dynamicResource } from '../../client/dynamic.ts'
import { until } from '../../client/informer/wait.ts'
import { listAll } from '../../client/pages.ts'
import { countedResources } from './plan.ts'
import { recount, type Recount, type Sources } from './recount.ts'
import { Tallies } from './tallies.ts'
import { type QuotaTally, SURELY_OVER_MS } from './tally.ts'

/** Followed with all they have: their specs count. Of others only the number does. */
const WHOLE: readonly ResourceDefinition[] = [pods, services, persistentVolumeClaims, resourceClaims]

/** All is looked at again this often, whatever happens (upstream's resource-quota-sync-period). */
const SYNC_MS = 5 * 60_000

const COALESCE_MS = 100

/** A resource whose objects some quota counts. */
interface Followed {
  readonly definition: ResourceDefinition
  readonly lister: Lister<KubeObject>
}

/** Keeps the status of ResourceQuotas: what is used of what they limit. */
export function resourceQuotaController(): ControllerDefinition {
  const followed = new Map<string, Followed>()
  const tallies = new Tallies()
  return defineController({
    name: 'resourcequota',
    for: resourceQuotas,
    // Admission charges what is created, in the same status: that is no news.
    wakes: (now, old) =>
      !now || !old || !semanticEqual(now.spec, old.spec) || !semanticEqual(now.status?.hard, now.spec.hard),
    watches: [
      watches({
        resource: resourceQuotas,
        keys(now, old, { env, enqueue }) {
          // Whether it was charged for nothing shows when it is over.
          if (tallies.see(now, old, env.clock) && now) enqueue(keyOf(now), SURELY_OVER_MS)
          return []
        },
      }),
      ...WHOLE.map((resource) =>
        watches({
          resource,
          keys: (now, old, { lister, env }) =>
            tallies.note(quotaResourceName(resource), now, old, lister(resourceQuotas), env.clock),
        }),
      ),
    ],
    coalesceMs: COALESCE_MS,
    async reconcile(key, context) {
      await followAll(key, followed, tallies, context)
      const quota = context.lister(resourceQuotas).get(key)
      const tally = quota && tallies.of(quota)
      if (!quota || !tally) return done
      const { clock } = context.env
      if (countedResources(quota).includes('pods'))
        tally.noteOverstaying(quota, context.lister(pods).list(quota.metadata.namespace), clock.now())
      const result = await recount(quota, tally, sourcesOf(quota, followed, context), clock.monotonic())
      await write(quota, tally, result, context)
      return { requeueAfterMs: Math.min(SYNC_MS, result.againInMs ?? SYNC_MS) }
    },
  })
}

/** Writes what is used, if that is news, to the quota as it was when it was counted. */
async function write(
  quota: Frozen<ResourceQuota>,
  tally: QuotaTally,
  { used, falls }: Recount,
  { client, env }: ReconcileContext,
): Promise<void> {
  const status = { hard: quota.spec?.hard ?? {}, used }
  if (!semanticEqual(status, quota.status)) {
    try {
      const written = await client(resourceQuotas).updateStatus({ ...quota, status } as ResourceQuota)
      tally.observe(written, env.clock)
    } catch (error) {
      if (!hasReason(error, 'Conflict', 'NotFound')) tally.doubt(quota, falls)
      throw error
    }
  }
  tally.forget(falls)
}

function sourcesOf(
  { metadata: { namespace = '' } }: Frozen<ResourceQuota>,
  followed: ReadonlyMap<string, Followed>,
  { client }: ReconcileContext,
): Sources {
  return {
    cached: (resource) => followed.get(resource)?.lister.list(namespace),
    async read(resource) {
      const found = followed.get(resource)
      if (!found) return undefined
      const metadataOnly = !WHOLE.includes(found.definition)
      return listAll(client(found.definition), { namespace, ...(metadataOnly && { metadataOnly }) })
    },
  }
}

/** Begins to follow what the quota counts and none has counted before. */
async function followAll(
  key: ObjectKey,
  followed: Map<string, Followed>,
  tallies: Tallies,
  context: ReconcileContext,
): Promise<void> {
  const quota = context.lister(resourceQuotas).get(key)
  for (const name of quota ? countedResources(quota) : []) {
    if (followed.has(name)) continue
    const whole = WHOLE.find((resource) => quotaResourceName(resource) === name)
    if (whole) followed.set(name, { definition: whole, lister: context.lister(whole) })
    else await follow(name, followed, tallies, context)
  }
}

async function follow(
  name: string,
  followed: Map<string, Followed>,
  tallies: Tallies,
  context: ReconcileContext,
): Promise<void> {
  const { resources } = await discover(context.client.transport, context.signal)
  const found = preferredResources(resources).find((resource) => quotaResourceName(resource) === name)
  if (!found?.namespaced || !found.verbs.includes('watch')) return
  const definition = dynamicResource(found)
  const informer = context.informers.metadataInformer<KubeObject>(definition)
  await until(informer, () => informer.synced, context.signal)
  if (followed.has(name)) return
  const wake = (now: Frozen<KubeObject> | undefined, old: Frozen<KubeObject> | undefined): void => {
    for (const key of tallies.note(name, now, old, context.lister(resourceQuotas), context.env.clock))
      context.enqueue(key, COALESCE_MS)
  }
  followed.set(name, { definition, lister: informer.lister })
  informer.addHandler({ onAdd: (object) => wake(object, undefined), onDelete: (object) => wake(undefined, object) })
}
