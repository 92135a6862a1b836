import { ageColumn, nameColumn, text } from '../../columns.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'
import { warnAboutIp } from '../../../apimachinery/validation/ip.ts'
import { validateEndpoints } from './endpoints-validate.ts'
import { defineResource } from '../../define.ts'
import type { Endpoints } from '../../generated/types/core/v1.ts'

/** Everything the system knows about Endpoints, which EndpointSlice has replaced. */
export const endpoints = defineResource<Endpoints>({
  group: '',
  version: 'v1',
  kind: 'Endpoints',
  plural: 'endpoints',
  shortNames: ['ep'],
  scope: 'Namespaced',
  storagePrefix: '/registry/services/endpoints',
  schema: 'io.k8s.api.core.v1.Endpoints',
  allowCreateOnUpdate: true,
  deprecation: 'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice',
  defaults({ subsets }) {
    for (const { ports } of subsets ?? []) for (const port of ports ?? []) port.protocol ||= 'TCP'
  },
  validate: validateEndpoints,
  *warnings({ metadata, subsets }) {
    if (metadata.labels?.['endpoints.kubernetes.io/managed-by'] === 'endpoint-controller') return
    for (const [i, { addresses, notReadyAddresses }] of (subsets ?? []).entries()) {
      for (const [j, { ip }] of (addresses ?? []).entries()) yield* warnAboutIp(`subsets[${i}].addresses[${j}].ip`, ip)
      for (const [j, { ip }] of (notReadyAddresses ?? []).entries()) {
        yield* warnAboutIp(`subsets[${i}].notReadyAddresses[${j}].ip`, ip)
      }
    }
  },
  columns: [nameColumn, text('Endpoints', endpointsCell), ageColumn],
})

/** The first three addresses with their ports, and how many more there are. */
function endpointsCell({ subsets = [] }: Frozen<Endpoints>): string {
  const all = subsets.flatMap(({ addresses = [], ports = [] }) =>
    ports.length === 0
      ? addresses.map(({ ip }) => ip)
      : ports.flatMap(({ port }) => addresses.map(({ ip }) => hostPort(ip, port))),
  )
  if (subsets.length === 0) return '<none>'
  const shown = all.slice(0, 3).join(',')
  return all.length > 3 ? `${shown} + ${all.length - 3} more...` : shown
}

const hostPort = (ip: string, port: number): string => (ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`)
