import type { Endpoints, Pod, Service } from '../../../api/generated/types/core/v1.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'
import { badRequest, failure, hasReason, notFound, StatusError } from '../../../apimachinery/status.ts'
import type { Call } from '../../request/call.ts'
import type { Answer } from '../answer.ts'
import { mayCreate } from '../authorize.ts'
import type { Registry } from '../served.ts'
import type { Subresource } from '../subresources/subresource.ts'
import { admitConnect } from './admit.ts'
import { addressNotAllowed, type ConnectTarget } from './connector.ts'
import { answeredHeaders, passedHeaders } from './forwarded.ts'
import { withOwnLinks } from './own-links.ts'
import { getPod, kubeletTarget, parseProxyName, read } from './location.ts'
import { isAddress, isGlobalUnicast } from './reachable.ts'

/** OPTIONS is no verb of resources; authorization sees it as the empty one. */
const VERBS = ['get', 'create', 'update', 'patch', 'delete', '']

/** nodes/proxy: passes a request on to a kubelet, or to another port of the node. */
export const nodeProxy: Subresource = proxy(nodeTarget, 'NodeProxyOptions')
/** pods/proxy: passes a request on to a pod's port. */
export const podProxy: Subresource = proxy(podTarget, 'PodProxyOptions')
/** services/proxy: passes a request on to one of a Service's endpoints. */
export const serviceProxy: Subresource = proxy(serviceTarget, 'ServiceProxyOptions')

type Locate = (registry: Registry, call: Call, path: string) => Promise<ConnectTarget>

function proxy(locate: Locate, kind: string): Subresource {
  return {
    verbs: VERBS,
    passesOn: true,
    async answer(registry, resource, call) {
      const query = call.query.toString()
      const bare = `/${call.info.rest || (call.query.get('path') ?? '').replace(/^\//, '')}`
      const path = `${bare}${query && `?${query}`}`
      await admitConnect(registry, resource, call, { kind, path: bare })
      const target = await locate(registry, call, path)
      if (call.upgrade) return { type: 'upgrade', kind: 'proxy', target }
      return redirectToRoot(call) ?? pass(registry, call, target)
    },
  }
}

/** Links of a page are relative to its path, so the root of what is proxied ends in a slash. */
function redirectToRoot({ method, info, query }: Call): Answer | undefined {
  const isRead = method === 'GET' || method === 'HEAD'
  if (!isRead || info.rest !== '' || info.path.endsWith('/') || query.get('path')) return undefined
  const search = query.toString()
  const location = `${info.path}/${search && `?${search}`}`
  return { type: 'raw', status: 301, headers: { location }, body: '' }
}

async function pass(registry: Registry, call: Call, target: ConnectTarget): Promise<Answer> {
  const headers = passedHeaders(call)
  const body = call.body.kind === 'bytes' ? call.body.stream() : undefined
  try {
    const request = { method: call.method, headers, signal: call.signal, ...(body && { body }) }
    const answer = await registry.connector.request(target, request)
    return withOwnLinks(call, target, { ...answer, headers: answeredHeaders(answer.headers) })
  } catch (error) {
    if (error instanceof StatusError) throw error
    const why = error instanceof Error ? error.message : 'unknown error'
    throw failure('ServiceUnavailable', `error trying to reach service: ${why}`)
  }
}

async function nodeTarget(registry: Registry, call: Call, path: string): Promise<ConnectTarget> {
  const id = parseProxyName(call.info.name)
  if (!id) throw badRequest(`invalid node request ${JSON.stringify(call.info.name)}`)
  const kubelet = await kubeletTarget(registry, id.name, path)
  const { host } = kubelet
  const isKubelet = id.port === '' || id.port === String(kubelet.port)
  // A WebSocket comes by GET, and a kubelet runs commands by it.
  if (isKubelet && call.upgrade) await mayCreate(registry, call)
  // To a node of this process nobody dials.
  if (isKubelet && registry.connector.isLocal?.(id.name)) return kubelet
  if (isAddress(host) && !isGlobalUnicast(host)) throw addressNotAllowed()
  if (isKubelet) return { ...kubelet, globalOnly: true }
  return { scheme: id.scheme, host, port: Number(id.port), path, insecure: true, globalOnly: true }
}

async function podTarget(registry: Registry, call: Call, path: string): Promise<ConnectTarget> {
  const id = parseProxyName(call.info.name)
  if (!id) throw badRequest(`invalid pod request ${JSON.stringify(call.info.name)}`)
  const pod = await getPod(registry, call.info.namespace, id.name)
  const first = pod.spec.containers.flatMap(({ ports = [] }) => ports)[0]?.containerPort
  const host = pod.status?.podIPs?.[0]?.ip ?? ''
  if (!isGlobalUnicast(host)) throw addressNotAllowed()
  const port = Number(id.port) || first || (id.scheme === 'https' ? 443 : 80)
  return { scheme: id.scheme, host, port, path, insecure: true }
}

async function serviceTarget(registry: Registry, call: Call, path: string): Promise<ConnectTarget> {
  const { namespace, name } = call.info
  const id = parseProxyName(name)
  if (!id) throw badRequest(`invalid service request ${JSON.stringify(name)}`)
  const portName = /^\d+$/.test(id.port) ? await nameOfPort(registry, namespace, id.name, Number(id.port)) : id.port
  const { subsets = [] } = await endpointsOf(registry, namespace, id.name)
  if (subsets.length === 0) throw unavailable(`no endpoints available for service ${JSON.stringify(id.name)}`)
  const random = registry.env.random
  for (const subset of shuffled(subsets, random.next())) {
    const port = subset.ports?.find((one) => (one.name ?? '') === portName)?.port
    if (port === undefined) continue
    for (const { ip, targetRef } of shuffled(subset.addresses ?? [], random.next())) {
      if (await isPodAddress(registry, namespace, ip, targetRef)) {
        return { scheme: id.scheme, host: ip, port, path, insecure: true }
      }
    }
  }
  throw unavailable(`no endpoints available for service ${JSON.stringify(name)}`)
}

/** Throws 404, of the Service whichever of the two is missing. */
async function endpointsOf(registry: Registry, namespace: string, name: string): Promise<Frozen<Endpoints>> {
  try {
    return await read<Endpoints>(registry, 'endpoints', namespace, name)
  } catch (error) {
    throw hasReason(error, 'NotFound') ? notFound({ group: '', resource: 'services' }, name) : error
  }
}

async function nameOfPort(registry: Registry, namespace: string, name: string, port: number): Promise<string> {
  const { spec } = await read<Service>(registry, 'services', namespace, name)
  const found = spec.ports?.find((one) => one.port === port)
  if (!found) throw unavailable(`no service port ${port} found for service ${JSON.stringify(name)}`)
  return found.name ?? ''
}

/** The list from somewhere inside, all the way round. */
function shuffled<T>(list: readonly T[], random: number): T[] {
  const start = Math.floor(random * list.length)
  return [...list.slice(start), ...list.slice(0, start)]
}

/** Only addresses that are a pod's are proxied to: anyone may write Endpoints. */
async function isPodAddress(
  registry: Registry,
  namespace: string,
  ip: string,
  ref: Frozen<{ namespace?: string; name?: string }> | undefined,
): Promise<boolean> {
  if (!ref?.name || ref.namespace !== namespace) return false
  const pods = registry.resources.find('', 'v1', 'pods')
  if (!pods) return false
  try {
    const pod = await read<Pod>(registry, 'pods', namespace, ref.name)
    return pod.status?.podIPs?.some((one) => one.ip === ip) ?? false
  } catch (error) {
    if (error instanceof StatusError) return false
    throw error
  }
}

function unavailable(message: string): StatusError {
  return failure('ServiceUnavailable', message)
}
