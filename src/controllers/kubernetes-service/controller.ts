import type { KubeObject } from '../../apimachinery/meta.ts'
import type { ResourceDefinition } from '../../apimachinery/resource.ts'
import { semanticEqual } from '../../apimachinery/equality.ts'
import { hasReason } from '../../apimachinery/status.ts'
import { endpoints } from '../../api/core/v1/endpoints.ts'
import { namespaces } from '../../api/core/v1/namespace.ts'
import { services } from '../../api/core/v1/service.ts'
import { endpointSlices } from '../../api/discovery/v1/endpointslice.ts'
import { defineController, done, watches } from '../../client/controller.ts'
import type { ControllerDefinition, ReconcileContext } from '../../client/controller.ts'
import type { ApiAddress } from './plan.ts'
import { planEndpoints, planEndpointSlice, planService } from './plan.ts'

const NAMESPACE = 'default'
const NAME = 'kubernetes'
const KEY = `${NAMESPACE}/${NAME}`

/** Keeps the Service `kubernetes` and its endpoints at the API server's address. */
export function kubernetesServiceController(address: ApiAddress): ControllerDefinition {
  const ours = <T extends KubeObject>(resource: ResourceDefinition<T>) =>
    watches({ resource, keys: (now, old) => (isOurs(now ?? old) ? [NAMESPACE] : []) })
  return defineController({
    name: 'kubernetes-service',
    for: namespaces,
    watches: [ours(services), ours(endpointSlices), ours(endpoints)],
    async reconcile(namespace, context) {
      if (namespace !== NAMESPACE || !context.lister(namespaces).get(NAMESPACE)) return done
      await keep(context, services, planService(address), (object) => object.spec.ports)
      await keep(context, endpointSlices, planEndpointSlice(address), ({ endpoints, ports }) => ({ endpoints, ports }))
      await keep(context, endpoints, planEndpoints(address), (object) => object.subsets)
      return done
    },
  }) as unknown as ControllerDefinition
}

function isOurs(
  object: { readonly metadata: { readonly namespace?: string; readonly name?: string } } | undefined,
): boolean {
  return object?.metadata.namespace === NAMESPACE && object.metadata.name === NAME
}

/** Creates the object, or brings what `part` gives of it back to what it should be. */
async function keep<T extends KubeObject>(
  { client, lister }: ReconcileContext,
  resource: ResourceDefinition<T>,
  wanted: T,
  part: (object: T) => unknown,
): Promise<void> {
  const present = lister(resource).get(KEY)
  if (!present) return create(client, resource, wanted)
  if (semanticEqual(part(present as T), part(wanted))) return
  const labels = { ...present.metadata.labels, ...wanted.metadata.labels }
  await client(resource).update({
    ...structuredClone(present as T),
    ...wanted,
    metadata: { ...present.metadata, labels } as T['metadata'],
  })
}

async function create<T extends KubeObject>(
  client: ReconcileContext['client'],
  resource: ResourceDefinition<T>,
  wanted: T,
): Promise<void> {
  try {
    await client(resource).create(wanted)
  } catch (error) {
    if (!hasReason(error, 'AlreadyExists')) throw error
  }
}
