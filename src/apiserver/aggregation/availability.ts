import { services } from '../../api/core/v1/service.ts'
import type { APIServiceCondition } from '../../api/generated/types/apiregistration/v1.ts'
import type { Service } from '../../api/generated/types/core/v1.ts'
import type { EndpointSlice } from '../../api/generated/types/discovery/v1.ts'
import { goQuote } from '../../lib/quote.ts'
import { slicesOf } from '../admission/webhooks/locate.ts'
import { readStored } from '../mirror/read-stored.ts'
import type { Registry } from '../registry/served.ts'
import { type RemoteApiService, rootOf } from './api-service.ts'
import { ask } from './ask.ts'

/** The condition Available, without its time. */
export type Availability = Pick<APIServiceCondition, 'status' | 'reason' | 'message'>

/** So many requests are made at once; one good answer is enough. */
const ATTEMPTS = 5

/** Whether an aggregated API server can be reached and answers, in upstream's words. */
export async function availabilityOf(
  registry: Pick<Registry, 'store' | 'env' | 'connector'>,
  remote: RemoteApiService,
): Promise<Availability> {
  const { store } = registry
  const { namespace, name, port } = remote.service
  const no = (reason: string, message: string): Availability => ({ status: 'False', reason, message })
  const service = await readStored<Service>(store, services, `${namespace}/${name}`)
  if (!service) return no('ServiceNotFound', `service/${name} in ${goQuote(namespace)} is not present`)
  if ((service.spec.type ?? 'ClusterIP') === 'ClusterIP') {
    const found = service.spec.ports?.find((one) => one.port === port)
    if (!found) {
      return no('ServicePortError', `service/${name} in ${goQuote(namespace)} is not listening on port ${port}`)
    }
    const slices = await slicesOf(store, namespace, name)
    if (slices.length === 0) {
      return no('EndpointsNotFound', `cannot find endpointslices for service/${name} in ${goQuote(namespace)}`)
    }
    const portName = found.name ?? ''
    if (!slices.some((slice) => hasEndpoint(slice, portName))) {
      const where = `endpointslices for service/${name} in ${goQuote(namespace)}`
      return no('MissingEndpoints', `${where} have no addresses with port name ${goQuote(portName)}`)
    }
  }
  try {
    await Promise.any(Array.from({ length: ATTEMPTS }, () => discoveryAnswers(registry, remote)))
    return { status: 'True', reason: 'Passed', message: 'all checks passed' }
  } catch (error) {
    const first: unknown = error instanceof AggregateError ? error.errors[0] : error
    return no('FailedDiscoveryCheck', first instanceof Error ? first.message : String(first))
  }
}

async function discoveryAnswers(
  registry: Pick<Registry, 'store' | 'env' | 'connector'>,
  remote: RemoteApiService,
): Promise<void> {
  const path = `/${rootOf(remote)}`
  const { status, url } = await ask(registry, remote, path)
  if (status >= 200 && status < 300) return
  throw new Error(`failing or missing response from ${url}: bad status from ${url}: ${status}`)
}

function hasEndpoint({ ports, endpoints }: EndpointSlice, portName: string): boolean {
  if (!ports?.some((port) => (port.name ?? '') === portName)) return false
  return endpoints?.some(({ conditions, addresses }) => conditions?.ready !== false && addresses.length > 0) ?? false
}
