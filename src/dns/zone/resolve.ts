import type { Frozen } from '../../apimachinery/meta.ts'
import type { Service } from '../../api/generated/types/core/v1.ts'
import type { Answer, Question, ResourceRecord } from '../message.ts'
import { isHeadless, namedEndpoints, type NamedEndpoint, type Names } from './names.ts'

/** The DNS-based service discovery specification that these rules follow. */
export const SPECIFICATION_VERSION = '1.1.0'
/** How long answers may be kept: short, because endpoints come and go. */
export const TTL_SECONDS = 5

export interface ZoneOptions {
  /** `cluster.local`. */
  readonly zone: string
  readonly names: Names
}

/** What a name stands for: address records and ports, or the name of something elsewhere, or nothing. */
type Found =
  | { readonly records: readonly ResourceRecord[]; readonly extra?: readonly ResourceRecord[] }
  | 'no such name'

/**
 * Answers a question about a name in the cluster zone, by the specification of DNS-based service discovery (1.1.0): Services, their ports,
 * the endpoints of headless ones, and pods by address. Pure. Returns undefined for a name outside the zone.
 */
export function resolveInZone({ name, type }: Question, options: ZoneOptions): Answer | undefined {
  const { zone } = options
  if (name !== zone && !name.endsWith(`.${zone}`)) return undefined
  const labels = name === zone ? [] : name.slice(0, -zone.length - 1).split('.')
  const found = lookUp(labels, name, type, options)
  if (found === 'no such name') return { ...EMPTY, code: 'NXDOMAIN', authorities: [authority(zone)] }
  if (found.records.length === 0) return { ...EMPTY, authorities: [authority(zone)] }
  return { ...EMPTY, answers: found.records, additionals: found.extra ?? [] }
}

const EMPTY: Answer = { code: 'NOERROR', authoritative: true, answers: [], authorities: [], additionals: [] }

function lookUp(labels: readonly string[], name: string, type: string, options: ZoneOptions): Found {
  const kind = labels.at(-1)
  if (kind === undefined) return { records: apex(name, type) }
  if (kind === 'dns-version' && labels.length === 1) {
    return { records: type === 'TXT' ? [{ type: 'TXT', name, ttl: TTL_SECONDS, data: SPECIFICATION_VERSION }] : [] }
  }
  if (kind === 'svc') return lookUpService(labels.slice(0, -1), name, type, options)
  if (kind === 'pod') return lookUpPod(labels.slice(0, -1), name, type, options.names)
  return 'no such name'
}

function apex(name: string, type: string): ResourceRecord[] {
  if (type === 'SOA') return [authority(name)]
  if (type === 'NS') return [{ type: 'NS', name, ttl: TTL_SECONDS, data: `ns.dns.${name}` }]
  return []
}

/** `labels` are what stands before `.svc.<zone>`. */
function lookUpService(labels: readonly string[], name: string, type: string, options: ZoneOptions): Found {
  const { names } = options
  const namespace = labels.at(-1)
  if (namespace === undefined) return { records: [] }
  if (!names.hasNamespace(namespace)) return 'no such name'
  const serviceName = labels.at(-2)
  if (serviceName === undefined) return { records: [] }
  const service = names.service(`${namespace}/${serviceName}`)
  if (!service) return 'no such name'
  const below = labels.slice(0, -2)
  const full = `${serviceName}.${namespace}.svc.${options.zone}`
  if (service.spec.type === 'ExternalName') {
    if (below.length > 0) return 'no such name'
    return {
      records: [{ type: 'CNAME', name, ttl: TTL_SECONDS, data: (service.spec.externalName ?? '').replace(/\.$/, '') }],
    }
  }
  const endpoints = isHeadless(service) ? names.slicesOf(`${namespace}/${serviceName}`).flatMap(namedEndpoints) : []
  if (below.length === 0) return wholeService(service, endpoints, { name, type, full })
  if (below.length === 1) return oneEndpoint(service, endpoints, below[0] ?? '', { name, type, full })
  if (below.length === 2) return onePort(service, endpoints, below, { name, type, full })
  return 'no such name'
}

interface Asked {
  readonly name: string
  readonly type: string
  /** The Service's full name. */
  readonly full: string
}

function wholeService(service: Frozen<Service>, endpoints: readonly NamedEndpoint[], asked: Asked): Found {
  if (isHeadless(service) && endpoints.length === 0) return 'no such name'
  if (asked.type === 'SRV') return serviceRecords(service, endpoints, asked, () => true)
  const ips = isHeadless(service) ? endpoints.map(({ ip }) => ip) : clusterIPs(service)
  return { records: addresses(asked.name, asked.type, ips) }
}

function oneEndpoint(
  service: Frozen<Service>,
  endpoints: readonly NamedEndpoint[],
  hostname: string,
  asked: Asked,
): Found {
  const mine = endpoints.filter((endpoint) => endpoint.hostname === hostname)
  if (mine.length === 0) return hasPortLabel(service, endpoints, hostname) ? { records: [] } : 'no such name'
  if (asked.type === 'SRV') return serviceRecords(service, mine, asked, () => true)
  return {
    records: addresses(
      asked.name,
      asked.type,
      mine.map(({ ip }) => ip),
    ),
  }
}

/** `_http._tcp`: the `_tcp` alone is an empty name above it. */
function hasPortLabel(service: Frozen<Service>, endpoints: readonly NamedEndpoint[], label: string): boolean {
  return portsOf(service, endpoints).some(({ protocol }) => label === `_${protocol}`)
}

function onePort(
  service: Frozen<Service>,
  endpoints: readonly NamedEndpoint[],
  below: readonly string[],
  asked: Asked,
): Found {
  const [port, protocol] = below.map((label) => (label.startsWith('_') ? label.slice(1) : undefined))
  if (port === undefined || protocol === undefined) return 'no such name'
  const matches = (p: { name: string; protocol: string }): boolean => p.name === port && p.protocol === protocol
  if (!portsOf(service, endpoints).some(matches)) return 'no such name'
  return asked.type === 'SRV' ? serviceRecords(service, endpoints, asked, matches) : { records: [] }
}

interface NamedPort {
  readonly name: string
  readonly port: number
  readonly protocol: string
}

function portsOf(service: Frozen<Service>, endpoints: readonly NamedEndpoint[]): readonly NamedPort[] {
  if (isHeadless(service)) return endpoints.flatMap(({ ports }) => ports)
  return (service.spec.ports ?? []).map((p) => ({
    name: p.name ?? '',
    port: p.port,
    protocol: (p.protocol ?? 'TCP').toLowerCase(),
  }))
}

/** SRV records of the ports that match, with the targets' addresses along. */
function serviceRecords(
  service: Frozen<Service>,
  endpoints: readonly NamedEndpoint[],
  asked: Asked,
  matches: (p: NamedPort) => boolean,
): Found {
  const targets = isHeadless(service)
    ? endpoints.flatMap(({ ip, hostname, ports }) =>
        ports.filter(matches).map(({ port }) => ({ port, target: `${hostname}.${asked.full}`, ips: [ip] })),
      )
    : portsOf(service, endpoints)
        .filter(matches)
        .map(({ port }) => ({ port, target: asked.full, ips: clusterIPs(service) }))
  const weight = Math.max(1, Math.floor(100 / Math.max(1, targets.length)))
  const records = targets.map(({ port, target }): ResourceRecord => ({
    type: 'SRV',
    name: asked.name,
    ttl: TTL_SECONDS,
    data: { priority: 0, weight, port, target },
  }))
  const glue = new Map(
    targets.flatMap(({ target, ips }) => allAddresses(target, ips)).map((r) => [`${r.name} ${String(r.data)}`, r]),
  )
  return { records, extra: [...glue.values()] }
}

/** `10-244-0-7.default.pod`: the address that the name spells, whether or not a pod has it (CoreDNS's `pods insecure`). */
function lookUpPod(labels: readonly string[], name: string, type: string, names: Names): Found {
  const namespace = labels.at(-1)
  if (namespace === undefined) return { records: [] }
  if (!names.hasNamespace(namespace) || labels.length > 2) return 'no such name'
  const spelled = labels[0]
  if (spelled === undefined || labels.length === 1) return { records: [] }
  const ip = addressOf(spelled)
  return ip === undefined ? 'no such name' : { records: addresses(name, type, [ip]) }
}

function addressOf(label: string): string | undefined {
  if (/^\d{1,3}(-\d{1,3}){3}$/.test(label)) {
    const parts = label.split('-').map(Number)
    return parts.every((part) => part <= 255) ? parts.join('.') : undefined
  }
  return /^[0-9a-f]{0,4}(-[0-9a-f]{0,4}){2,7}$/.test(label) ? label.replaceAll('-', ':') : undefined
}

function clusterIPs(service: Frozen<Service>): readonly string[] {
  return service.spec.clusterIPs ?? (service.spec.clusterIP ? [service.spec.clusterIP] : [])
}

function addresses(name: string, type: string, ips: readonly string[]): ResourceRecord[] {
  return allAddresses(name, ips).filter((record) => record.type === type || type === 'ANY')
}

function allAddresses(name: string, ips: readonly string[]): (ResourceRecord & { type: 'A' | 'AAAA' })[] {
  return [...new Set(ips)].map((ip) => ({ type: ip.includes(':') ? 'AAAA' : 'A', name, ttl: TTL_SECONDS, data: ip }))
}

/** The zone's start of authority, which also tells how long "no such name" may be kept. */
export function authority(zone: string): ResourceRecord {
  return {
    type: 'SOA',
    name: zone,
    ttl: TTL_SECONDS,
    data: {
      mname: `ns.dns.${zone}`,
      rname: `hostmaster.${zone}`,
      serial: 1,
      refresh: 7200,
      retry: 1800,
      expire: 86400,
      minimum: TTL_SECONDS,
    },
  }
}
