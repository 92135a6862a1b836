import { NAMESPACE_FINALIZER } from '../../api/core/v1/namespace.ts'
import type { Namespace } from '../../api/generated/types/core/v1.ts'
import { namespaces, pods } from '../../api/index.ts'
import { semanticEqual } from '../../apimachinery/equality.ts'
import type { Frozen } from '../../apimachinery/meta.ts'
import { hasReason } from '../../apimachinery/status.ts'
import { defineController, done, watches, type ReconcileContext, type Result } from '../../client/controller.ts'
import { discover, preferredResources, type DiscoveredResource } from '../../client/discovery/discovery.ts'
import { deletionConditions } from './conditions.ts'
import { deleteAll, type Remains } from './content.ts'

/** Empties a namespace that is being deleted, then lets it go. */
export const namespaceController = defineController({
  name: 'namespace',
  for: namespaces,
  wakes: (now) => now?.metadata.deletionTimestamp !== undefined,
  watches: [
    watches({
      resource: pods,
      // When the last pod has gone the rest can go at once.
      keys(now, old, { lister }) {
        const namespace = old?.metadata.namespace ?? ''
        return !now && lister(namespaces).get(namespace)?.metadata.deletionTimestamp ? [namespace] : []
      },
    }),
  ],
  concurrency: 10,
  coalesceMs: 100,
  async reconcile(key, context) {
    if (!context.lister(namespaces).get(key)?.metadata.deletionTimestamp) return done
    try {
      return await deleteNamespace(await context.client(namespaces).get(key), context)
    } catch (error) {
      if (hasReason(error, 'NotFound')) return done
      throw error
    }
  },
})

async function deleteNamespace(found: Frozen<Namespace>, context: ReconcileContext): Promise<Result> {
  if (!found.metadata.deletionTimestamp || !found.spec?.finalizers?.length) return done
  const namespace = await markTerminating(found, context)
  const { remains, undiscovered } = await deleteContent(namespace.metadata.name ?? '', context)
  const errors = remains.flatMap(({ error }) => (error ? [error] : []))
  const conditions = deletionConditions(
    namespace,
    { undiscovered, errors, remaining: countBy(remains), finalizers: finalizersOf(remains) },
    context.env.clock.now(),
  )
  const left = remains.filter(({ count }) => count > 0)
  if (left.length === 0 && errors.length === 0 && undiscovered.size === 0) {
    await finalize(namespace, context)
    return done
  }
  if (!semanticEqual(conditions, namespace.status?.conditions))
    await context
      .client(namespaces)
      .updateStatus({ ...namespace, status: { ...namespace.status, conditions } } as Namespace)
  if (errors.length > 0 || undiscovered.size > 0)
    throw new Error([...errors, ...[...undiscovered.keys()].map((group) => `discovery of ${group} failed`)].join(', '))
  const seconds = Math.max(...left.map(({ estimateSeconds }) => estimateSeconds))
  return { requeueAfterMs: (Math.floor(seconds / 2) + 1) * 1000 }
}

async function markTerminating(namespace: Frozen<Namespace>, { client }: ReconcileContext): Promise<Frozen<Namespace>> {
  if (namespace.status?.phase === 'Terminating') return namespace
  return client(namespaces).updateStatus({
    ...namespace,
    status: { ...namespace.status, phase: 'Terminating' },
  } as Namespace)
}

/** Pods go first, all else when none is left (KEP-5080): what protects a running pod, such as a NetworkPolicy, outlives it. */
async function deleteContent(
  namespace: string,
  { client, env }: ReconcileContext,
): Promise<{ readonly remains: readonly Remains[]; readonly undiscovered: ReadonlyMap<string, string> }> {
  const { resources, failures } = await discover(client.transport)
  const deletable = preferredResources(resources.filter((r) => r.namespaced && r.verbs.includes('delete')))
  const isPods = ({ group, plural }: DiscoveredResource): boolean => group === '' && plural === 'pods'
  const deleteEach = (list: readonly DiscoveredResource[]): Promise<Remains[]> =>
    Promise.all(list.map((resource) => deleteAll(client, namespace, resource, env.clock.now())))
  const podRemains = await deleteEach(deletable.filter(isPods))
  if (podRemains.some(({ count, error }) => count > 0 || error)) return { remains: podRemains, undiscovered: failures }
  const others = await deleteEach(deletable.filter((resource) => !isPods(resource)))
  return { remains: [...podRemains, ...others], undiscovered: failures }
}

function countBy(remains: readonly Remains[]): Map<string, number> {
  return new Map(remains.filter(({ count }) => count > 0).map(({ resource, count }) => [resource, count]))
}

function finalizersOf(remains: readonly Remains[]): Map<string, number> {
  const sum = new Map<string, number>()
  for (const [name, count] of remains.flatMap(({ finalizers }) => [...finalizers]))
    sum.set(name, (sum.get(name) ?? 0) + count)
  return sum
}

/** Takes the finalizer off; with the last one the namespace goes. */
async function finalize(namespace: Frozen<Namespace>, { client }: ReconcileContext): Promise<void> {
  const finalizers = (namespace.spec?.finalizers ?? []).filter((name) => name !== NAMESPACE_FINALIZER)
  const body = { ...namespace, spec: { ...namespace.spec, finalizers } }
  await client(namespaces).updateSubresource(namespace, 'finalize', body)
}
