import { warnAboutIp } from '../../../apimachinery/validation/ip.ts'
import { semanticEqual } from '../../../apimachinery/equality.ts'
import { ageColumn, listCell, nameColumn, text } from '../../columns.ts'
import type { EndpointSlice } from '../../generated/types/discovery/v1.ts'
import { validateEndpointSlice } from './slice-validate.ts'
import { defineResource } from '../../define.ts'

/** The system's own controllers, which write no odd addresses. */
const CONTROLLERS = new Set(['endpointslice-controller.k8s.io', 'endpointslicemirroring-controller.k8s.io'])

/** Everything the system knows about EndpointSlice. */
export const endpointSlices = defineResource<EndpointSlice>({
  group: 'discovery.k8s.io',
  version: 'v1',
  kind: 'EndpointSlice',
  plural: 'endpointslices',
  scope: 'Namespaced',
  storagePrefix: '/registry/endpointslices',
  schema: 'io.k8s.api.discovery.v1.EndpointSlice',
  hasGeneration: true,
  defaults({ ports }) {
    for (const port of ports ?? []) {
      port.name ??= ''
      port.protocol ??= 'TCP'
    }
  },
  prepareForCreate({ endpoints }) {
    for (const endpoint of endpoints ?? []) delete endpoint.deprecatedTopology
  },
  prepareForUpdate(slice, old) {
    // Labels name the Service, so they count as a change of what is wanted; so does topology that is about to go.
    if (!semanticEqual(slice.metadata.labels, old.metadata.labels) || !semanticEqual(slice.endpoints, old.endpoints)) {
      slice.metadata.generation = (old.metadata.generation ?? 0) + 1
    }
    if (semanticEqual(slice.endpoints, old.endpoints)) return
    for (const endpoint of slice.endpoints ?? []) delete endpoint.deprecatedTopology
  },
  *warnings({ metadata, addressType, endpoints }, old) {
    if (!old && addressType === 'FQDN') yield 'spec.addressType: FQDN endpoints are deprecated'
    if (CONTROLLERS.has(metadata.labels?.['endpointslice.kubernetes.io/managed-by'] ?? '')) return
    for (const [i, { addresses }] of (endpoints ?? []).entries()) {
      for (const [j, ip] of (addresses ?? []).entries()) yield* warnAboutIp(`endpoints[${i}].addresses[${j}]`, ip)
    }
  },
  validateCreate: (slice) => validateEndpointSlice(slice),
  validateUpdate: validateEndpointSlice,
  columns: [
    nameColumn,
    text('AddressType', ({ addressType }) => addressType ?? ''),
    text('Ports', ({ ports }) => listCell((ports ?? []).map(({ port, name }) => String(port ?? name ?? '*')))),
    text('Endpoints', ({ endpoints }) => listCell((endpoints ?? []).flatMap(({ addresses }) => addresses ?? []))),
    ageColumn,
  ],
})
