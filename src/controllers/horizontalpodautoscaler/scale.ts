import type { Scale } from '../../api/generated/types/autoscaling/v1.ts'
import type { CrossVersionObjectReference } from '../../api/generated/types/autoscaling/v2.ts'
import { deployments, replicaSets, replicationControllers, statefulSets } from '../../api/index.ts'
import type { Frozen, ObjectKey } from '../../apimachinery/meta.ts'
import type { ResourceDefinition } from '../../apimachinery/resource.ts'
import { hasReason } from '../../apimachinery/status.ts'
import type { ReconcileContext } from '../../client/controller.ts'
import { discover } from '../../client/discovery/discovery.ts'
import { dynamicResource } from '../../client/dynamic.ts'

type Context = Pick<ReconcileContext, 'client' | 'signal'>

/** The scale of a target, and how to write it. */
export interface FoundScale {
  readonly scale: Frozen<Scale>
  readonly resource: ResourceDefinition
  readonly key: ObjectKey
}

/** Kinds that need not be looked for. */
const KNOWN: readonly ResourceDefinition[] = [deployments, replicaSets, replicationControllers, statefulSets]
/** Somebody else may write in between so many times. */
const TRIES = 5

/** Reads the scale of a target, at whatever version its kind has one. Rejects when there is none. */
export async function readScale(
  namespace: string,
  { apiVersion = '', kind, name }: Frozen<CrossVersionObjectReference>,
  { client, signal }: Context,
): Promise<FoundScale> {
  const parts = apiVersion.split('/')
  if (parts.length > 2) throw new Error(`unexpected GroupVersion string: ${apiVersion}`)
  const group = parts.length === 2 ? (parts[0] ?? '') : ''
  const key = `${namespace}/${name}`
  let first: Error | undefined
  for (const resource of await resourcesOf(group, kind, { client, signal })) {
    try {
      return { scale: await client(resource).getSubresource<Scale>(key, 'scale'), resource, key }
    } catch (error) {
      first ??= error instanceof Error ? error : new Error(String(error), { cause: error })
    }
  }
  throw first ?? new Error(`no matches for kind ${JSON.stringify(kind)} in group ${JSON.stringify(group)}`)
}

async function resourcesOf(group: string, kind: string, { client, signal }: Context): Promise<ResourceDefinition[]> {
  const known = KNOWN.find((resource) => resource.group === group && resource.kind === kind)
  if (known) return [known]
  const { resources } = await discover(client.transport, signal)
  return resources
    .filter((resource) => resource.group === group && resource.kind === kind)
    .map((resource) => dynamicResource(resource))
}

/** Asks for so many replicas; tries again when the scale has changed meanwhile. */
export async function writeScale(
  { scale, resource, key }: FoundScale,
  replicas: number,
  { client }: Context,
): Promise<void> {
  let current = scale
  for (let left = TRIES; ; left--) {
    try {
      await client(resource).updateSubresource<Scale>(key, 'scale', { ...current, spec: { ...current.spec, replicas } })
      return
    } catch (error) {
      if (left <= 1 || !hasReason(error, 'Conflict')) throw error
      current = await client(resource).getSubresource<Scale>(key, 'scale')
    }
  }
}
