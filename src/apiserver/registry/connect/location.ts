import { bareError } from '../revision.ts'
import type { Node, Pod } from '../../../api/generated/types/core/v1.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'
import { badRequest, notFound } from '../../../apimachinery/status.ts'
import { type Registry, storageKey } from '../served.ts'
import type { ConnectTarget } from './connector.ts'

/** The kubelet's port when the node does not say. */
const KUBELET_PORT = 10250
/** Which of a node's addresses is tried, in this order. */
const ADDRESS_TYPES = ['InternalIP', 'Hostname', 'InternalDNS', 'ExternalIP', 'ExternalDNS']

/** Reads a pod. Throws 404. */
export async function getPod(registry: Registry, namespace: string, name: string): Promise<Frozen<Pod>> {
  return read<Pod>(registry, 'pods', namespace, name)
}

/** Reads an object of the core group. Throws 404. */
export async function read<T>(registry: Registry, plural: string, namespace: string, name: string): Promise<Frozen<T>> {
  const resource = registry.resources.find('', 'v1', plural)
  const entry = resource && (await registry.store.get(storageKey(resource.definition, namespace, name)))
  if (!resource || !entry) throw notFound({ group: '', resource: plural }, name)
  return resource.codec.decodeEntry(entry) as unknown as Frozen<T>
}

/** Where a node's kubelet answers. Throws 404 when the node is gone, 500 when it has no address. */
export async function kubeletTarget(registry: Registry, name: string, path: string): Promise<ConnectTarget> {
  const node = await read<Node>(registry, 'nodes', '', name)
  const addresses = node.status?.addresses ?? []
  const found = ADDRESS_TYPES.map((wanted) => addresses.find(({ type }) => type === wanted)).find(Boolean)
  if (!found?.address) {
    throw bareError(`no preferred addresses found; known addresses: ${JSON.stringify(addresses)}`)
  }
  const port = node.status?.daemonEndpoints?.kubeletEndpoint?.Port || KUBELET_PORT
  return { scheme: 'https', host: found.address, port, path, node: name, insecure: false }
}

/** The container asked for, or the only one. Throws 400 in upstream's words. */
export function containerOf(pod: Frozen<Pod>, asked: string): string {
  const { name = '' } = pod.metadata
  const { initContainers = [], containers, ephemeralContainers = [] } = pod.spec
  const all = [...initContainers, ...containers, ...ephemeralContainers].map((container) => container.name)
  if (asked) {
    if (all.includes(asked)) return asked
    throw badRequest(`container ${asked} is not valid for pod ${name}`)
  }
  const [only, second] = containers
  if (!only) throw badRequest(`a container name must be specified for pod ${name}`)
  if (second) throw badRequest(`a container name must be specified for pod ${name}, choose one of: [${all.join(' ')}]`)
  return only.name
}

/** `name`, `name:port` or `scheme:name:port`, as proxied objects are named. */
export interface ProxyName {
  readonly scheme: 'http' | 'https'
  readonly name: string
  readonly port: string
}

/** Splits the name of a proxied object; undefined when it is none. */
export function parseProxyName(id: string): ProxyName | undefined {
  const parts = id.split(':')
  const [first = '', second = '', third = ''] = parts
  switch (parts.length) {
    case 1:
      return first ? { scheme: 'http', name: first, port: '' } : undefined
    case 2:
      return first ? { scheme: 'http', name: first, port: second } : undefined
    case 3: {
      const scheme = first === '' ? 'http' : first
      if ((scheme !== 'http' && scheme !== 'https') || !second) return undefined
      return { scheme, name: second, port: third }
    }
    default:
      return undefined
  }
}
