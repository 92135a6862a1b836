import { sleep } from '../lib/clock.ts'
import type { Env } from '../lib/env.ts'
import type { Frozen, ObjectKey } from '../apimachinery/meta.ts'
import { nodes } from '../api/core/v1/node.ts'
import { pods } from '../api/core/v1/pod.ts'
import { services } from '../api/core/v1/service.ts'
import { endpointSlices } from '../api/discovery/v1/endpointslice.ts'
import type { EndpointSlice } from '../api/generated/types/discovery/v1.ts'
import type { Pod } from '../api/generated/types/core/v1.ts'
import type { Informer, InformerFactory } from '../client/index.ts'
import { staleFlows, type StaleFlow } from './conntrack.ts'
import type { ServiceHealth } from './health-check.ts'
import type { TableOptions } from './nft/ruleset.ts'
import { Rules, type Contribution } from './nft/rules.ts'
import { chooseEndpoints, type NodeTopology } from './plan/endpoints.ts'
import { hostPorts } from './plan/host-ports.ts'
import { isForProxies, isProxiedHere, servicePorts } from './plan/service-ports.ts'

/** What the proxy does to the host. */
export interface ProxyHost {
  /** Applies a script to nftables, all or nothing. */
  applyRules(script: string): Promise<void>
  forgetFlow(flow: StaleFlow): Promise<void>
  setHealthChecks(wanted: ReadonlyMap<number, ServiceHealth>): void
}

export interface ProxyOptions {
  readonly informers: InformerFactory
  /** For this node's pods, which the proxy's own identity may not read. */
  readonly nodeInformers: InformerFactory
  readonly env: Env
  readonly nodeName: string
  readonly table: TableOptions
  readonly host: ProxyHost
  readonly signal: AbortSignal
}

const SERVICE_LABEL = 'kubernetes.io/service-name'
const MAX_RETRY_MS = 30_000

/** Keeps the host's rules in step with Services, their endpoints, and the host ports of this node's pods. */
export class Proxy {
  readonly #options: ProxyOptions
  readonly #rules: Rules
  readonly #applied = new Map<string, Contribution>()
  readonly #dirty = new Set<string>()
  #everything = true
  readonly #pods: Informer<Pod>
  #wake: (() => void) | undefined

  constructor(options: ProxyOptions) {
    this.#options = options
    this.#rules = new Rules(options.table)
    this.#pods = options.nodeInformers.informer(pods, { fieldSelector: `spec.nodeName=${options.nodeName}` })
    this.#listen()
  }

  /** Runs until the signal aborts. The first rules stand once `onReady` is called. */
  async run(onReady: () => void = () => {}): Promise<void> {
    const { informers, nodeInformers, signal, env } = this.#options
    await Promise.all([informers.synced(signal), nodeInformers.synced(signal)])
    let ready = onReady
    for (let retryMs = 1000; !signal.aborted;) {
      try {
        await this.#sync()
        ready()
        ready = () => {}
        retryMs = 1000
        await this.#changed()
      } catch (err) {
        if (signal.aborted) return
        env.log.error('service rules could not be applied; all will be written again', { err })
        this.#everything = true
        await sleep(env.clock, retryMs, signal).catch(() => {})
        retryMs = Math.min(retryMs * 2, MAX_RETRY_MS)
      }
    }
  }

  #listen(): void {
    const { informers, nodeName, signal } = this.#options
    const touch = (key: string | undefined): void => {
      if (key === undefined) return
      this.#dirty.add(key)
      this.#wake?.()
    }
    const onService = (key: ObjectKey): void => touch(`service ${key}`)
    informers.informer(endpointSlices).addIndex('service', (slice) => serviceOf(slice) ?? [])
    informers
      .informer(services)
      .addHandler(each((service) => onService(`${service.metadata.namespace}/${service.metadata.name}`)))
    informers.informer(endpointSlices).addHandler(each((slice) => serviceOf(slice)?.forEach(onService)))
    this.#pods.addHandler(each((pod) => touch(`pod ${pod.metadata.namespace}/${pod.metadata.name}`)))
    informers.informer(nodes).addHandler({
      onUpdate: (now, old) => {
        if (now.metadata.name !== nodeName || zoneOf(now.metadata.labels) === zoneOf(old.metadata.labels)) return
        this.#everything = true
        this.#wake?.()
      },
    })
    signal.addEventListener('abort', () => this.#wake?.(), { once: true })
  }

  #changed(): Promise<void> {
    if (this.#dirty.size > 0 || this.#everything || this.#options.signal.aborted) return Promise.resolve()
    return new Promise((resolve) => {
      this.#wake = () => {
        this.#wake = undefined
        resolve()
      }
    })
  }

  async #sync(): Promise<void> {
    const before = new Map(this.#applied)
    const script = this.#everything ? this.#rewrite() : this.#update()
    if (script !== '') await this.#options.host.applyRules(script)
    this.#everything = false
    this.#options.host.setHealthChecks(this.#healthChecks())
    await this.#forgetStaleFlows(before)
  }

  #rewrite(): string {
    const { informers } = this.#options
    this.#dirty.clear()
    this.#applied.clear()
    const keys = [
      ...informers
        .lister(services)
        .list()
        .map(({ metadata }) => `service ${metadata.namespace}/${metadata.name}`),
      ...this.#pods.lister.list().map(({ metadata }) => `pod ${metadata.namespace}/${metadata.name}`),
    ]
    for (const key of keys) {
      const contribution = this.#contribution(key)
      if (contribution) this.#applied.set(key, contribution)
    }
    return this.#rules.replaceAll(this.#applied)
  }

  #update(): string {
    let script = ''
    for (const key of this.#dirty) {
      const contribution = this.#contribution(key)
      if (contribution) this.#applied.set(key, contribution)
      else this.#applied.delete(key)
      script += this.#rules.replace(key, contribution)
    }
    this.#dirty.clear()
    return script
  }

  /** What an object asks of the rules now; undefined for nothing. */
  #contribution(key: string): Contribution | undefined {
    const { informers, table } = this.#options
    const [kind, name = ''] = key.split(' ')
    if (kind === 'pod') {
      const pod = this.#pods.lister.get(name)
      const ports = pod ? hostPorts(pod) : []
      return ports.length > 0 ? { hostPorts: ports } : undefined
    }
    const service = informers.lister(services).get(name)
    if (!service) return undefined
    const ports = servicePorts(service, this.#slicesOf(name), table.family, this.#topology())
    return ports.length > 0 ? { ports } : undefined
  }

  #slicesOf(service: ObjectKey): readonly Frozen<EndpointSlice>[] {
    return this.#options.informers.lister(endpointSlices).byIndex('service', service)
  }

  #topology(): NodeTopology {
    const { informers, nodeName } = this.#options
    return { nodeName, zone: zoneOf(informers.lister(nodes).get(nodeName)?.metadata.labels) }
  }

  #healthChecks(): Map<number, ServiceHealth> {
    const wanted = new Map<number, ServiceHealth>()
    for (const service of this.#options.informers.lister(services).list()) {
      const { healthCheckNodePort, externalTrafficPolicy, ports } = service.spec
      const { namespace = '', name = '' } = service.metadata
      if (!healthCheckNodePort || externalTrafficPolicy !== 'Local' || !isProxiedHere(service)) continue
      const { localReady } = chooseEndpoints(
        service,
        ports?.[0]?.name ?? '',
        this.#slicesOf(`${namespace}/${name}`).filter(isForProxies),
        this.#topology(),
      )
      wanted.set(healthCheckNodePort, { namespace, name, localEndpoints: localReady })
    }
    return wanted
  }

  async #forgetStaleFlows(before: ReadonlyMap<string, Contribution>): Promise<void> {
    for (const [key, old] of before) {
      const now = this.#applied.get(key)
      if (now === old) continue
      for (const flow of staleFlows(old.ports ?? [], now?.ports ?? [])) await this.#options.host.forgetFlow(flow)
    }
  }
}

function each<T>(touch: (object: Frozen<T>) => void): {
  onAdd: (o: Frozen<T>) => void
  onUpdate: (o: Frozen<T>) => void
  onDelete: (o: Frozen<T>) => void
} {
  return { onAdd: touch, onUpdate: touch, onDelete: touch }
}

function serviceOf(slice: Frozen<EndpointSlice>): ObjectKey[] | undefined {
  const name = slice.metadata.labels?.[SERVICE_LABEL]
  return name === undefined ? undefined : [`${slice.metadata.namespace}/${name}`]
}

function zoneOf(labels: Readonly<Record<string, string>> | undefined): string | undefined {
  return labels?.['topology.kubernetes.io/zone']
}
