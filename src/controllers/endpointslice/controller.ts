import type { Pod, Service } from '../../api/generated/types/core/v1.ts'
import type { Endpoint, EndpointPort, EndpointSlice } from '../../api/generated/types/discovery/v1.ts'
import { endpointSlices, nodes, pods, services } from '../../api/index.ts'
import type { Frozen } from '../../apimachinery/meta.ts'
import { hasReason } from '../../apimachinery/status.ts'
import { defineController, done, indexes, watches, type ReconcileContext } from '../../client/controller.ts'
import { isNamespaceTerminating, messageOf } from '../pods/write.ts'
import { hasSelector, podsOfServices, selectedPods } from '../services/membership.ts'
import { TRIGGER_TIME, triggerTime } from '../services/trigger-time.ts'
import { endpointOf, familiesOf, hasEndpoint, portKey, portsOf, type Family } from './endpoint.ts'
import { CONTROLLER_NAME, MANAGED_BY, planSlices, SERVICE_NAME, type EndpointGroup, type SlicePlan } from './plan.ts'

const BY_SERVICE = 'service'

/** Keeps the EndpointSlices of each Service in step with its pods. */
export const endpointSliceController = defineController({
  name: 'endpointslice',
  component: 'endpoint-slice-controller',
  for: services,
  watches: [
    podsOfServices,
    // By label, not by owner: slices of a Service of that name that is gone must go too.
    watches({ resource: endpointSlices, keys: (now, old) => [...serviceKeys(now), ...serviceKeys(old)] }),
  ],
  reads: [nodes],
  indexes: [indexes(endpointSlices, BY_SERVICE, serviceKeys)],
  coalesceMs: 20,
  async reconcile(key, context) {
    const service = context.lister(services).get(key)
    if (!service || service.spec?.type === 'ExternalName' || !hasSelector(service)) return done
    try {
      await syncSlices(service, context.lister(endpointSlices).byIndex(BY_SERVICE, key), context)
    } catch (error) {
      const what = `${service.metadata.namespace}/${service.metadata.name}`
      const message = `Error updating Endpoint Slices for Service ${what}: ${messageOf(error)}`
      if (!hasReason(error, 'Conflict'))
        context.events.event(service, 'Warning', 'FailedToUpdateEndpointSlices', message)
      throw error
    }
    return done
  },
})

function serviceKeys(slice: Frozen<EndpointSlice> | undefined): readonly string[] {
  const { namespace, labels } = slice?.metadata ?? {}
  const name = labels?.[SERVICE_NAME]
  return name && labels[MANAGED_BY] === CONTROLLER_NAME ? [`${namespace}/${name}`] : []
}

async function syncSlices(
  service: Frozen<Service>,
  existing: readonly Frozen<EndpointSlice>[],
  context: ReconcileContext,
): Promise<void> {
  const families = familiesOf(service)
  const members = selectedPods(service, context.lister(pods)).filter(hasEndpoint)
  const missing = new Set<string>()
  const triggered = triggerTime(service, members)
  for (const family of families) {
    const slices = existing.filter((slice) => slice.addressType === (family as string))
    const groups = groupByPorts(service, members, family, context, missing)
    await apply(planSlices(service, family, slices, groups), service, triggered, context)
  }
  for (const slice of existing)
    if (!families.includes(slice.addressType as string as Family)) await remove(slice, context)
  if (missing.size > 0) throw new Error(`node not found for pods: ${[...missing].join(', ')}`)
}

/** The endpoints by the ports they serve. Pods whose node is unknown are left out and named in `missing`. */
function groupByPorts(
  service: Frozen<Service>,
  members: readonly Frozen<Pod>[],
  family: Family,
  { lister }: ReconcileContext,
  missing: Set<string>,
): EndpointGroup[] {
  const groups = new Map<string, { readonly ports: readonly EndpointPort[]; readonly endpoints: Endpoint[] }>()
  for (const pod of members) {
    const node = pod.spec.nodeName ? lister(nodes).get(pod.spec.nodeName) : undefined
    if (pod.spec.nodeName && !node && !service.spec?.publishNotReadyAddresses) {
      missing.add(pod.metadata.name ?? '')
      continue
    }
    const endpoint = endpointOf(pod, node, service, family)
    if (!endpoint) continue
    const ports = portsOf(service, pod)
    const key = portKey(ports)
    const group = groups.get(key)
    if (group) group.endpoints.push(endpoint)
    else groups.set(key, { ports, endpoints: [endpoint] })
  }
  return [...groups.values()]
}

async function apply(
  { create, update, remove: removed }: SlicePlan,
  service: Frozen<Service>,
  triggered: string,
  context: ReconcileContext,
): Promise<void> {
  const client = context.client(endpointSlices)
  // While the Service is being deleted, new slices would race with the garbage collector.
  for (const slice of service.metadata.deletionTimestamp ? [] : create) {
    try {
      await client.create(withTrigger(slice, triggered))
    } catch (error) {
      if (isNamespaceTerminating(error)) return
      throw error
    }
  }
  for (const slice of update) await client.update(withTrigger(slice, triggered))
  for (const slice of removed) await remove(slice, context)
}

async function remove(slice: Frozen<EndpointSlice>, { client }: ReconcileContext): Promise<void> {
  try {
    await client(endpointSlices).delete(slice)
  } catch (error) {
    if (!hasReason(error, 'NotFound')) throw error
  }
}

function withTrigger(slice: EndpointSlice, triggered: string): EndpointSlice {
  const annotations = { ...slice.metadata.annotations, [TRIGGER_TIME]: triggered }
  return { ...slice, metadata: { ...slice.metadata, annotations } }
}
