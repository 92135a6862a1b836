import { services } from '../../../api/core/v1/service.ts'
import { endpointSlices } from '../../../api/discovery/v1/endpointslice.ts'
import type { ServiceReference } from '../../../api/generated/types/admissionregistration/v1.ts'
import type { Service } from '../../../api/generated/types/core/v1.ts'
import type { EndpointSlice } from '../../../api/generated/types/discovery/v1.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'
import type { Env } from '../../../lib/env.ts'
import { goQuote } from '../../../lib/quote.ts'
import type { Store } from '../../../store/store.ts'
import { readStored } from '../../mirror/read-stored.ts'

const decoder = new TextDecoder()

/** Where a Service's port can be reached: one of its ready endpoints. Throws in upstream's words when there is none. */
export async function locateService(
  store: Store,
  random: Env['random'],
  { namespace, name, port = 443 }: Frozen<ServiceReference>,
): Promise<{ readonly host: string; readonly port: number }> {
  const service = await readStored<Service>(store, services, `${namespace}/${name}`)
  if (!service) throw new Error(`service ${goQuote(name)} not found`)
  const { type, externalName = '', ports = [] } = service.spec
  if (type === 'ExternalName') return { host: externalName, port }
  const found = ports.find((one) => one.port === port)
  if (!found) throw new Error(`no service port ${port} found for service ${goQuote(name)}`)
  const ready = (await slicesOf(store, namespace, name)).flatMap((slice) => addresses(slice, found.name ?? ''))
  const chosen = ready[Math.floor(random.next() * ready.length)]
  if (!chosen) throw new Error(`no endpoints available for service ${goQuote(name)}`)
  return chosen
}

/** The EndpointSlices of a Service. */
export async function slicesOf(store: Store, namespace: string, service: string): Promise<EndpointSlice[]> {
  const { entries } = await store.range(`${endpointSlices.storagePrefix}/${namespace}/`)
  const slices = entries.map(({ value }) => JSON.parse(decoder.decode(value)) as EndpointSlice)
  return slices.filter(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === service)
}

function addresses({ ports, endpoints }: EndpointSlice, portName: string): { host: string; port: number }[] {
  const port = ports?.find((one) => (one.name ?? '') === portName)?.port
  if (port === undefined) return []
  const ready = (endpoints ?? []).filter(({ conditions }) => conditions?.ready !== false)
  return ready.flatMap((endpoint) => endpoint.addresses.slice(0, 1).map((host) => ({ host, port })))
}
