import type { Service } from '../../../api/generated/types/core/v1.ts'
import type { IPAddress } from '../../../api/generated/types/networking/v1.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'
import { parseIp } from '../../../lib/ip.ts'
import { collectionPrefix, type Registry } from '../served.ts'
import { type ClusterIps, MANAGER, MANAGER_LABEL } from './cluster-ips.ts'
import { type NodePorts, nodePortsOf } from './node-ports.ts'

/** The addresses that a Service holds. */
export function addressesOf({ spec }: Frozen<Service>): readonly string[] {
  return spec.type === 'ExternalName' ? [] : (spec.clusterIPs ?? []).filter((ip) => ip !== '' && ip !== 'None')
}

/** What was taken less long ago may be for a Service that another server is making (upstream's repair waits as long). */
const GRACE_MS = 60_000

/**
 * Brings what is allocated in line with the stored Services: takes their addresses and node ports again where that is missing, and frees
 * what a crash left without a Service.
 */
export async function rebuild(registry: Registry, ips: ClusterIps, ports: NodePorts): Promise<void> {
  const services = await all<Service>(registry, '', 'services')
  const owned = new Set<string>()
  const used = new Set<number>()
  const taken = new Set((await ports.all(registry)).map(({ port }) => port))
  for (const service of services) {
    for (const port of nodePortsOf(service)) {
      used.add(port)
      if (!taken.has(port)) await ports.note(registry, port)
    }
    for (const address of addressesOf(service)) {
      owned.add(address)
      const ip = parseIp(address)
      if (ip) await ips.restore(registry, ip, service.metadata)
    }
  }
  const oldMs = registry.env.clock.now() - (registry.store.shared ? GRACE_MS : -1)
  for (const { port, sinceMs, modRevision } of await ports.all(registry)) {
    if (!used.has(port) && sinceMs < oldMs) await ports.release(registry, port, modRevision)
  }
  for (const { metadata } of await all<IPAddress>(registry, 'networking.k8s.io', 'ipaddresses')) {
    const managed = metadata.labels?.[MANAGER_LABEL] === MANAGER && Date.parse(metadata.creationTimestamp ?? '') < oldMs
    if (managed && metadata.name && !owned.has(metadata.name)) await ips.release(registry, metadata.name)
  }
}

async function all<T>(registry: Registry, group: string, plural: string): Promise<Frozen<T>[]> {
  const resource = registry.resources.find(group, 'v1', plural)
  if (!resource) return []
  const { entries } = await registry.store.range(collectionPrefix(resource.definition, ''))
  return entries.map((entry) => resource.codec.decodeEntry(entry) as unknown as Frozen<T>)
}
