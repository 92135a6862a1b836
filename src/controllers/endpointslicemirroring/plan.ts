import { endpoints as endpointsResource } from '../../api/index.ts'
import type { EndpointAddress, EndpointSubset, Endpoints } from '../../api/generated/types/core/v1.ts'
import type { AddressType, Endpoint, EndpointSlice } from '../../api/generated/types/discovery/v1.ts'
import { semanticEqual } from '../../apimachinery/equality.ts'
import type { Frozen } from '../../apimachinery/meta.ts'
import { parseIp } from '../../lib/ip.ts'
import { portKey, type Family } from '../endpointslice/endpoint.ts'
import { MANAGED_BY, SERVICE_NAME } from '../endpointslice/plan.ts'
import { controllerReference } from '../ownership/owner-reference.ts'

export const MIRROR_NAME = 'endpointslicemirroring-controller.k8s.io'
/** Of each subset so many addresses are mirrored. */
const MAX_PER_SUBSET = 1000
const MAX_ENDPOINTS = 100
/** What belongs to the Endpoints alone. */
const NOT_COPIED = [
  'kubectl.kubernetes.io/last-applied-configuration',
  'endpoints.kubernetes.io/last-change-trigger-time',
]

export interface MirrorPlan {
  readonly create: readonly EndpointSlice[]
  readonly update: readonly EndpointSlice[]
  readonly remove: readonly Frozen<EndpointSlice>[]
}

/** How the slices come to say what the Endpoints object says. Slices keep their place as far as ports and family allow. */
export function planMirror(source: Frozen<Endpoints>, existing: readonly Frozen<EndpointSlice>[]): MirrorPlan {
  const free = [...existing]
  const create: EndpointSlice[] = []
  const update: EndpointSlice[] = []
  for (const wanted of (source.subsets ?? []).flatMap((subset) => slicesOf(source, subset))) {
    const at = free.findIndex(
      (slice) => slice.addressType === wanted.addressType && portKey(slice.ports ?? []) === portKey(wanted.ports ?? []),
    )
    const [old] = at < 0 ? [] : free.splice(at, 1)
    if (!old) create.push(wanted)
    else if (!sameContent(old, wanted)) {
      const { labels, annotations } = wanted.metadata
      const metadata = {
        ...(old as EndpointSlice).metadata,
        ...(labels && { labels }),
        ...(annotations && { annotations }),
      }
      update.push({ ...wanted, metadata })
    }
  }
  return { create, update, remove: free }
}

function sameContent(a: Frozen<EndpointSlice>, b: Frozen<EndpointSlice>): boolean {
  return (
    semanticEqual(a.endpoints, b.endpoints) &&
    semanticEqual(a.metadata.labels, b.metadata.labels) &&
    semanticEqual(a.metadata.annotations, b.metadata.annotations)
  )
}

function slicesOf(
  source: Frozen<Endpoints>,
  { addresses = [], notReadyAddresses = [], ports = [] }: Frozen<EndpointSubset>,
): EndpointSlice[] {
  const all = [
    ...addresses.map((address) => ({ address, ready: true })),
    ...notReadyAddresses.map((address) => ({ address, ready: false })),
  ].slice(0, MAX_PER_SUBSET)
  const byFamily = Map.groupBy(all, ({ address }): Family => (parseIp(address.ip)?.version === 6 ? 'IPv6' : 'IPv4'))
  const slices: EndpointSlice[] = []
  for (const [family, list] of byFamily) {
    for (let start = 0; start < list.length; start += MAX_ENDPOINTS) {
      slices.push({
        metadata: mirrorMetadata(source),
        addressType: family as string as AddressType,
        endpoints: list.slice(start, start + MAX_ENDPOINTS).map(({ address, ready }) => mirrored(address, ready)),
        ports: ports.map(({ name = '', ...port }) => ({ name, ...port })),
      })
    }
  }
  return slices
}

function mirrored({ ip, hostname, nodeName, targetRef }: Frozen<EndpointAddress>, ready: boolean): Endpoint {
  return {
    addresses: [ip],
    conditions: { ready },
    ...(hostname && { hostname }),
    ...(nodeName && { nodeName }),
    ...(targetRef && { targetRef }),
  }
}

function mirrorMetadata(source: Frozen<Endpoints>): EndpointSlice['metadata'] {
  const { name = '', namespace, labels, annotations } = source.metadata
  const kept = Object.entries(annotations ?? {}).filter(([key]) => !NOT_COPIED.includes(key))
  return {
    generateName: `${name}-`,
    ...(namespace && { namespace }),
    labels: { ...labels, [SERVICE_NAME]: name, [MANAGED_BY]: MIRROR_NAME },
    ...(kept.length > 0 && { annotations: Object.fromEntries(kept) }),
    ownerReferences: [controllerReference(endpointsResource, source)],
  }
}
