import { services } from '../../api/index.ts'
import type { Service } from '../../api/generated/types/core/v1.ts'
import type { AddressType, Endpoint, EndpointPort, EndpointSlice } from '../../api/generated/types/discovery/v1.ts'
import { semanticEqual } from '../../apimachinery/equality.ts'
import { controllerOf, type Frozen } from '../../apimachinery/meta.ts'
import { controllerReference } from '../ownership/owner-reference.ts'
import { isHeadless } from '../services/membership.ts'
import { portKey, type Family } from './endpoint.ts'

export const SERVICE_NAME = 'kubernetes.io/service-name'
export const MANAGED_BY = 'endpointslice.kubernetes.io/managed-by'
export const CONTROLLER_NAME = 'endpointslice-controller.k8s.io'
const HEADLESS = 'service.kubernetes.io/headless'
const RESERVED = [SERVICE_NAME, MANAGED_BY, HEADLESS]
const MAX_ENDPOINTS = 100

/** Endpoints that serve the same ports, and so may share slices. */
export interface EndpointGroup {
  readonly ports: readonly EndpointPort[]
  readonly endpoints: readonly Endpoint[]
}

export interface SlicePlan {
  readonly create: readonly EndpointSlice[]
  readonly update: readonly EndpointSlice[]
  readonly remove: readonly Frozen<EndpointSlice>[]
}

/** A slice of a group on its way to its new content. */
interface Draft {
  readonly slice: EndpointSlice
  readonly isNew: boolean
  changed: boolean
  endpoints: Endpoint[]
}

/**
 * How the slices of one family of a Service come to hold these endpoints, with few writes: slices that must change anyway are
 * filled up first; what is left goes into one slice that has room, or into new ones. A family without endpoints keeps one empty slice.
 */
export function planSlices(
  service: Frozen<Service>,
  family: Family,
  existing: readonly Frozen<EndpointSlice>[],
  groups: readonly EndpointGroup[],
): SlicePlan {
  const owned = existing.filter((slice) => controllerOf(slice)?.uid === service.metadata.uid)
  const remove = existing.filter((slice) => !owned.includes(slice))
  const wanted = new Set(groups.map((group) => portKey(group.ports)))
  const leftover = owned.filter((slice) => !wanted.has(portKey(slice.ports ?? [])))
  const drafts: Draft[] = []
  for (const { ports, endpoints } of groups) {
    const slices = owned.filter((slice) => portKey(slice.ports ?? []) === portKey(ports))
    drafts.push(...fill(service, family, slices, ports, endpoints))
  }
  const emptied = drafts.filter((draft) => !draft.isNew && draft.endpoints.length === 0 && draft.changed)
  const kept = drafts.filter((draft) => !emptied.includes(draft))
  if (kept.length === 0) kept.push(newDraft(service, family, []))
  return reuse(kept, [...remove, ...leftover, ...emptied.map(({ slice }) => slice)], family, service)
}

function fill(
  service: Frozen<Service>,
  family: Family,
  slices: readonly Frozen<EndpointSlice>[],
  ports: readonly EndpointPort[],
  endpoints: readonly Endpoint[],
): Draft[] {
  const desired = new Map(endpoints.map((endpoint) => [identityOf(endpoint), endpoint]))
  const drafts = slices.map((slice) => keepDesired(service, slice, desired))
  // Those that change anyway, the fullest first.
  const changing = drafts.filter((draft) => draft.changed && draft.endpoints.length > 0)
  for (const draft of changing.sort((a, b) => b.endpoints.length - a.endpoints.length)) pour(draft, desired)
  if (desired.size > 0 && desired.size < MAX_ENDPOINTS) {
    const withRoom = drafts.filter((draft) => !draft.changed && draft.endpoints.length + desired.size <= MAX_ENDPOINTS)
    const [tightest] = withRoom.sort((a, b) => b.endpoints.length - a.endpoints.length)
    if (tightest) pour(tightest, desired)
  }
  while (desired.size > 0) {
    const draft = newDraft(service, family, ports)
    pour(draft, desired)
    drafts.push(draft)
  }
  return drafts
}

/** The endpoints of a slice that are still desired, as they are desired; these are taken out of `desired`. */
function keepDesired(service: Frozen<Service>, slice: Frozen<EndpointSlice>, desired: Map<string, Endpoint>): Draft {
  const labels = labelsOf(service)
  let changed = !semanticEqual(labels, slice.metadata.labels)
  const endpoints: Endpoint[] = []
  const before = slice.endpoints ?? []
  for (const endpoint of before) {
    const identity = identityOf(endpoint)
    const now = desired.get(identity)
    if (!now) continue
    desired.delete(identity)
    endpoints.push(now)
    if (!semanticEqual(now, endpoint)) changed = true
  }
  if (endpoints.length !== before.length) changed = true
  const copy = slice as EndpointSlice
  return { slice: { ...copy, metadata: { ...copy.metadata, labels } }, isNew: false, changed, endpoints }
}

function pour(draft: Draft, desired: Map<string, Endpoint>): void {
  for (const [identity, endpoint] of desired) {
    if (draft.endpoints.length >= MAX_ENDPOINTS) return
    draft.endpoints.push(endpoint)
    desired.delete(identity)
    draft.changed = true
  }
}

/** What makes an endpoint the same one although its conditions change. */
function identityOf({ addresses, hostname, targetRef }: Frozen<Endpoint>): string {
  return [...addresses, hostname, targetRef?.namespace, targetRef?.name, targetRef?.uid].join(' ')
}

function newDraft(service: Frozen<Service>, family: Family, ports: readonly EndpointPort[]): Draft {
  const { name = '', namespace } = service.metadata
  const slice: EndpointSlice = {
    metadata: {
      generateName: `${name}-`,
      ...(namespace && { namespace }),
      labels: labelsOf(service),
      ownerReferences: [controllerReference(services, service)],
    },
    addressType: family as string as AddressType,
    endpoints: [],
    ports: [...ports],
  }
  return { slice, isNew: true, changed: true, endpoints: [] }
}

/** The Service's own labels, and those that tell whose slice it is. */
function labelsOf(service: Frozen<Service>): Record<string, string> {
  const own = Object.entries(service.metadata.labels ?? {}).filter(([name]) => !RESERVED.includes(name))
  return {
    ...Object.fromEntries(own),
    ...(isHeadless(service) && { [HEADLESS]: '' }),
    [SERVICE_NAME]: service.metadata.name ?? '',
    [MANAGED_BY]: CONTROLLER_NAME,
  }
}

/** Changes slices that would go into those that would be new, rather than deleting one and creating another. */
function reuse(
  drafts: readonly Draft[],
  leftover: readonly Frozen<EndpointSlice>[],
  family: Family,
  service: Frozen<Service>,
): SlicePlan {
  const remove = [...leftover]
  const create: EndpointSlice[] = []
  const update: EndpointSlice[] = []
  for (const { slice, isNew, changed, endpoints } of drafts) {
    if (!isNew) {
      if (changed) update.push({ ...slice, endpoints })
      continue
    }
    const at = remove.findIndex(
      (old) => old.addressType === (family as string) && controllerOf(old)?.uid === service.metadata.uid,
    )
    const [old] = at < 0 ? [] : remove.splice(at, 1)
    if (!old) create.push({ ...slice, endpoints })
    else {
      const next = { ...slice, metadata: { ...(old as EndpointSlice).metadata, labels: labelsOf(service) }, endpoints }
      if (!sameContent(next, old)) update.push(next)
    }
  }
  return { create, update, remove }
}

function sameContent(a: Frozen<EndpointSlice>, b: Frozen<EndpointSlice>): boolean {
  return (
    semanticEqual(a.endpoints, b.endpoints) &&
    semanticEqual(a.ports, b.ports) &&
    semanticEqual(a.metadata.labels, b.metadata.labels)
  )
}
