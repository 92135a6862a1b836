import type { Service, ServicePort } from '../../../api/generated/types/core/v1.ts'
import type { Frozen, KubeObject } from '../../../apimachinery/meta.ts'
import { internalError, invalid, invalidObject } from '../../../apimachinery/status.ts'
import { type HookContext, type Registry, type ResourceHooks, storageKey, type WriteHold } from '../served.ts'
import { givesNodePorts, hasNodePorts, keepAllocated, needsHealthPort, syncClusterIps } from './carry-over.ts'
import { AddressError, type ClusterIps, type IpFamily } from './cluster-ips.ts'
import { initFamilies, keepsDualStack } from './families.ts'
import { type NodePorts, nodePortsOf, PortError } from './node-ports.ts'
import { addressesOf, rebuild } from './rebuild.ts'

const SERVICE = { group: '', kind: 'Service' }

/** Gives Services their cluster IPs and node ports, and takes them back. */
export function serviceHooks(ips: ClusterIps, ports: NodePorts): ResourceHooks {
  let known: Promise<void> | undefined
  const prepare = (registry: Registry): Promise<void> => (known ??= rebuild(registry, ips, ports))
  return {
    async beginCreate(draft, context) {
      await prepare(context.registry)
      const service = draft as Service & KubeObject
      syncClusterIps(service, undefined)
      initFamilies(service, undefined, ips.families)
      const taken = new Taken(context, ips, ports)
      return taken.guard(async () => {
        await taken.clusterIps(service, undefined)
        await taken.nodePorts(service, undefined)
      })
    },
    async beginUpdate(draft, before, context) {
      await prepare(context.registry)
      const service = draft as Service & KubeObject
      const old = before as Frozen<Service>
      keepAllocated(service, old)
      syncClusterIps(service, old)
      initFamilies(service, old, ips.families)
      const taken = new Taken(context, ips, ports)
      return taken.guard(async () => {
        await taken.clusterIps(service, old)
        await taken.nodePorts(service, old)
      })
    },
    async afterDelete(object, { registry }) {
      await prepare(registry)
      const service = object as Frozen<Service>
      for (const port of nodePortsOf(service)) await ports.release(registry, port)
      for (const ip of addressesOf(service)) await ips.release(registry, ip)
      await removeEndpoints(registry, service)
    },
  }
}

/** What one write took and will give back, to be settled when the write is. */
class Taken {
  readonly #context: HookContext
  readonly #ips: ClusterIps
  readonly #ports: NodePorts
  readonly #newIps: string[] = []
  readonly #oldIps: string[] = []
  readonly #newPorts: number[] = []
  readonly #oldPorts: number[] = []

  constructor(context: HookContext, ips: ClusterIps, ports: NodePorts) {
    this.#context = context
    this.#ips = ips
    this.#ports = ports
  }

  /** Runs the allocation; what it took is given back when it fails. */
  async guard(allocate: () => Promise<void>): Promise<WriteHold> {
    try {
      await allocate()
    } catch (error) {
      await this.#giveBack(this.#newIps, this.#newPorts)
      throw error
    }
    return {
      commit: () => this.#giveBack(this.#oldIps, this.#oldPorts),
      undo: () => this.#giveBack(this.#newIps, this.#newPorts),
    }
  }

  async #giveBack(addresses: readonly string[], ports: readonly number[]): Promise<void> {
    const { registry, dryRun } = this.#context
    if (dryRun) return
    try {
      await Promise.all([
        ...ports.map((port) => this.#ports.release(registry, port)),
        ...addresses.map((address) => this.#ips.release(registry, address)),
      ])
    } catch (err) {
      // They stay taken until the repair at the next start.
      registry.env.log.error('cannot release cluster IPs and node ports', { addresses, ports, err })
    }
  }

  async clusterIps(service: Service, old: Frozen<Service> | undefined): Promise<void> {
    const { spec } = service
    if (keepsDualStack(spec, old?.spec)) return
    if (spec.type === 'ExternalName') {
      if (old) this.#oldIps.push(...addressesOf(old))
      return
    }
    const before = old && old.spec.type !== 'ExternalName' ? old.spec : undefined
    if (spec.clusterIPs?.[0] === 'None' || before?.clusterIPs?.[0] === 'None') return
    const families = (spec.ipFamilies ?? []) as IpFamily[]
    const all = (spec.clusterIPs ??= [])
    for (const [index, family] of families.entries()) {
      if (before && index < (before.ipFamilies?.length ?? 0)) continue
      all[index] = await this.#address(service, family, all[index] ?? '')
    }
    if (!spec.clusterIP && all[0]) spec.clusterIP = all[0]
    const released = before?.clusterIPs?.slice(families.length) ?? []
    this.#oldIps.push(...released)
  }

  async #address(service: Service, family: IpFamily, asked: string): Promise<string> {
    const { registry, dryRun } = this.#context
    const { name = '', namespace = '' } = service.metadata
    try {
      const address = await this.#ips.take(registry, family, asked, { namespace, name }, dryRun)
      this.#newIps.push(address)
      return address
    } catch (error) {
      if (!(error instanceof AddressError)) throw error
      if (error.full)
        throw internalError(
          new Error(`failed to allocate a serviceIP for Service ${JSON.stringify(name)}: ${error.message}`),
        )
      const what = asked ? `failed to allocate IP ${asked}: ` : 'failed to allocate IP: '
      throw invalidObject(SERVICE, name, [invalid('spec.clusterIPs', service.spec.clusterIPs, what + error.message)])
    }
  }

  async nodePorts(service: Service, old: Frozen<Service> | undefined): Promise<void> {
    const before = old ? nodePortsOf(old) : []
    if (hasNodePorts(service.spec)) await this.#portsOf(service, before)
    if (needsHealthPort(service.spec)) await this.#healthPort(service, before)
    const now = hasNodePorts(service.spec) ? nodePortsOf(service) : []
    this.#oldPorts.push(...before.filter((port) => !now.includes(port)))
  }

  async #portsOf(service: Service, before: readonly number[]): Promise<void> {
    const byPort = new Map<number, number>()
    for (const [index, port] of (service.spec.ports ?? []).entries()) {
      if (!port.nodePort && !givesNodePorts(service.spec)) continue
      const asked = port.nodePort || byPort.get(port.port) || askedFor(port, service.spec.ports)
      port.nodePort = asked ? await this.#askedPort(service, index, asked, before) : await this.#anyPort()
      byPort.set(port.port, port.nodePort)
    }
  }

  async #askedPort(service: Service, index: number, port: number, before: readonly number[]): Promise<number> {
    if (before.includes(port) || this.#newPorts.includes(port)) return port
    try {
      await this.#takePort(port)
      return port
    } catch (error) {
      if (!(error instanceof PortError)) throw error
      throw invalidObject(SERVICE, service.metadata.name ?? '', [
        invalid(`spec.ports[${index}].nodePort`, port, error.message),
      ])
    }
  }

  async #anyPort(): Promise<number> {
    const { registry, dryRun } = this.#context
    try {
      const port = await this.#ports.takeNext(registry, dryRun, this.#newPorts)
      this.#newPorts.push(port)
      return port
    } catch (error) {
      if (!(error instanceof PortError)) throw error
      throw internalError(new Error(`failed to allocate a nodePort: ${error.message}`))
    }
  }

  async #healthPort(service: Service, before: readonly number[]): Promise<void> {
    const asked = service.spec.healthCheckNodePort
    if (asked && before.includes(asked)) return
    if (!asked) {
      service.spec.healthCheckNodePort = await this.#anyPort()
      return
    }
    try {
      await this.#takePort(asked)
    } catch (error) {
      if (!(error instanceof PortError)) throw error
      throw internalError(new Error(`failed to allocate requested HealthCheck NodePort ${asked}: ${error.message}`))
    }
  }

  async #takePort(port: number): Promise<void> {
    await this.#ports.take(this.#context.registry, port, this.#context.dryRun)
    this.#newPorts.push(port)
  }
}

/** The same port over another protocol may name the node port that both get. */
function askedFor({ port }: ServicePort, all: readonly ServicePort[] = []): number {
  return all.find((other) => other.port === port && other.nodePort)?.nodePort ?? 0
}

/** A Service of the same name, made at once, must not find the old one's Endpoints. */
async function removeEndpoints(registry: Registry, { metadata }: Frozen<Service>): Promise<void> {
  const endpoints = registry.resources.find('', 'v1', 'endpoints')
  if (!endpoints) return
  const key = storageKey(endpoints.definition, metadata.namespace ?? '', metadata.name ?? '')
  await registry.store.write({ key, value: null })
}
