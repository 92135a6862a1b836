import type { Pod } from '../../api/generated/types/core/v1.ts'
import type { Scale } from '../../api/generated/types/autoscaling/v1.ts'
import { deployments, replicaSets, replicationControllers, statefulSets } from '../../api/index.ts'
import { controllerOf, type Frozen, type KubeObject, type OwnerReference } from '../../apimachinery/meta.ts'
import type { ResourceDefinition } from '../../apimachinery/resource.ts'
import type { ReconcileContext } from '../../client/controller.ts'
import { discover } from '../../client/discovery/discovery.ts'
import { dynamicResource } from '../../client/dynamic.ts'
import { hasReason } from '../../apimachinery/status.ts'

type Scalable = KubeObject & { spec?: { replicas?: number } }

const KNOWN: Readonly<Record<string, ResourceDefinition>> = {
  ReplicationController: replicationControllers,
  ReplicaSet: replicaSets,
  StatefulSet: statefulSets,
}

/** How many pods the controllers of these pods want in all, and the pods that nobody controls. Each controller counts once. */
export async function expectedScale(
  pods: readonly Frozen<Pod>[],
  context: ReconcileContext,
): Promise<{ readonly scale: number; readonly unmanaged: readonly Frozen<Pod>[] }> {
  const unmanaged = pods.filter((pod) => !controllerOf(pod))
  const owners = new Map<string, { readonly owner: Frozen<OwnerReference>; readonly namespace: string }>()
  for (const pod of pods) {
    const owner = controllerOf(pod)
    if (owner) owners.set(owner.uid, { owner, namespace: pod.metadata.namespace ?? '' })
  }
  const scales = new Map<string, number>()
  for (const { owner, namespace } of owners.values()) {
    const found = known(owner, namespace, context) ?? (await asked(owner, namespace, context))
    if (!found) throw new Error(`found no controllers for pod owner ${owner.kind} "${owner.name}"`)
    scales.set(found.uid, found.replicas)
  }
  return { scale: [...scales.values()].reduce((sum, replicas) => sum + replicas, 0), unmanaged }
}

interface Found {
  readonly uid: string
  readonly replicas: number
}

/** What the caches know. A ReplicaSet's Deployment counts in its place: during a rollout there are several ReplicaSets. */
function known(owner: Frozen<OwnerReference>, namespace: string, { lister }: ReconcileContext): Found | undefined {
  const resource = KNOWN[owner.kind]
  const object = resource && (lister(resource).get(`${namespace}/${owner.name}`) as Frozen<Scalable> | undefined)
  if (!object || object.metadata.uid !== owner.uid) return undefined
  const above = controllerOf(object)
  const deployment = above?.kind === 'Deployment' ? lister(deployments).get(`${namespace}/${above.name}`) : undefined
  const counted: Frozen<Scalable> = deployment && deployment.metadata.uid === above?.uid ? deployment : object
  return { uid: counted.metadata.uid ?? '', replicas: counted.spec?.replicas ?? 1 }
}

/** Any other kind that has a scale. */
async function asked(
  owner: Frozen<OwnerReference>,
  namespace: string,
  { client, signal }: ReconcileContext,
): Promise<Found | undefined> {
  const { resources } = await discover(client.transport, signal)
  const found = resources.find(({ group, version, kind, subresources }) => {
    const apiVersion = group ? `${group}/${version}` : version
    return apiVersion === owner.apiVersion && kind === owner.kind && subresources.includes('scale')
  })
  if (!found) return undefined
  try {
    const key = found.namespaced ? `${namespace}/${owner.name}` : owner.name
    const scale = await client(dynamicResource(found)).getSubresource<Scale>(key, 'scale')
    return scale.metadata.uid === owner.uid ? { uid: owner.uid, replicas: scale.spec?.replicas ?? 0 } : undefined
  } catch (error) {
    if (hasReason(error, 'NotFound')) return undefined
    throw error
  }
}
