import type { Pod } from '../../api/generated/types/core/v1.ts'
import type { Frozen, KubeObject } from '../../apimachinery/meta.ts'
import { hasReason } from '../../apimachinery/status.ts'
import type { Client } from '../../client/client.ts'
import type { DiscoveredResource } from '../../client/discovery/discovery.ts'
import { dynamicResource } from '../../client/dynamic.ts'
import { messageOf } from '../pods/write.ts'

/** What is left of one resource in a namespace after its objects were told to go. */
export interface Remains {
  /** `pods.`, `deployments.apps`. */
  readonly resource: string
  readonly count: number
  readonly finalizers: ReadonlyMap<string, number>
  /** In how many seconds it may be gone; 0 when nothing is left. */
  readonly estimateSeconds: number
  readonly error?: string
}

/** How long to allow for a finalizer that tells nothing of itself. */
const FINALIZER_SECONDS = 15

/** Deletes every object of the resource in the namespace, and counts those that are still there. */
export async function deleteAll(
  client: Client,
  namespace: string,
  discovered: DiscoveredResource,
  now: number,
): Promise<Remains> {
  const resource = `${discovered.plural}.${discovered.group}`
  try {
    await deleteObjects(client, namespace, discovered)
    const left = await listObjects(client, namespace, discovered)
    return { resource, ...appraise(discovered, left, now, namespace) }
  } catch (error) {
    return { resource, count: 0, finalizers: new Map(), estimateSeconds: 0, error: messageOf(error) }
  }
}

async function deleteObjects(client: Client, namespace: string, discovered: DiscoveredResource): Promise<void> {
  const objects = client(dynamicResource(discovered))
  const options = { propagationPolicy: 'Background' } as const
  if (discovered.verbs.includes('deletecollection')) {
    try {
      return await objects.deleteCollection({ namespace, ...options })
    } catch (error) {
      // Claimed, but not so: one by one then.
      if (!hasReason(error, 'MethodNotAllowed', 'NotFound')) throw error
    }
  }
  for (const object of await listObjects(client, namespace, discovered)) {
    try {
      await objects.delete(object, options)
    } catch (error) {
      if (!hasReason(error, 'NotFound', 'MethodNotAllowed')) throw error
    }
  }
}

/** A resource that cannot be listed has nothing that could be known. */
async function listObjects(
  client: Client,
  namespace: string,
  discovered: DiscoveredResource,
): Promise<readonly Frozen<KubeObject>[]> {
  if (!discovered.verbs.includes('list')) return []
  try {
    return (await client(dynamicResource(discovered)).list({ namespace })).items
  } catch (error) {
    if (hasReason(error, 'MethodNotAllowed', 'NotFound')) return []
    throw error
  }
}

function appraise(
  { group, version, plural }: DiscoveredResource,
  left: readonly Frozen<KubeObject>[],
  now: number,
  namespace: string,
): Omit<Remains, 'resource'> {
  const finalizers = new Map<string, number>()
  for (const name of left.flatMap((object) => object.metadata.finalizers ?? []))
    finalizers.set(name, (finalizers.get(name) ?? 0) + 1)
  const count = left.length
  const graceSeconds = group === '' && plural === 'pods' ? gracefulSeconds(left as readonly Frozen<Pod>[], now) : 0
  const estimateSeconds = graceSeconds || (finalizers.size > 0 ? FINALIZER_SECONDS : 0)
  if (count === 0 || estimateSeconds > 0) return { count, finalizers, estimateSeconds }
  const what = `${group}/${version}, Resource=${plural}`
  return {
    count,
    finalizers,
    estimateSeconds,
    error: `unexpected items still remain in namespace: ${namespace} for gvr: ${what}`,
  }
}

/** The longest time that one of the pods may still take to end. */
function gracefulSeconds(pods: readonly Frozen<Pod>[], now: number): number {
  const seconds = pods.map(({ metadata, spec, status }) => {
    if (status?.phase === 'Succeeded' || status?.phase === 'Failed') return 0
    const grace = spec.terminationGracePeriodSeconds ?? 0
    const passed = metadata.deletionTimestamp ? (now - Date.parse(metadata.deletionTimestamp)) / 1000 : 0
    return Math.max(1, Math.ceil(grace - Math.max(0, passed)))
  })
  return Math.max(0, ...seconds)
}
