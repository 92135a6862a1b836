import type { Cidr } from '../../lib/ip.ts'
import { cidrRange, formatIp, parseCidr } from '../../lib/ip.ts'
import type { Route } from '../network/routes.ts'
import { EXIT, UserError } from '../user-error.ts'
import { checkEtcdSettings } from './etcd-settings.ts'
import type { ClusterSettings } from './settings.ts'
import { FIXED_SETTINGS } from './settings.ts'

/** What was asked for by flags; the rest comes from the last time, or from defaults. */
export type WantedSettings = Partial<ClusterSettings> & Pick<ClusterSettings, 'name'>

export interface ResolveContext {
  /** What the cluster was made with, when it was made before. */
  readonly saved: ClusterSettings | undefined
  /** The other clusters of this machine, whose ports and addresses are taken. */
  readonly others: readonly ClusterSettings[]
  /** What the machine sends elsewhere than over the cluster's own bridge: addresses that others have. */
  readonly routes: readonly Route[]
  readonly hostname: string
}

const FIRST_API_PORT = 6443
const FLAGS: Readonly<Record<(typeof FIXED_SETTINGS)[number], string>> = {
  podCidr: '--pod-cidr',
  serviceCidr: '--service-cidr',
  clusterDomain: '--cluster-domain',
  nodeName: '--node-name',
  runtime: '--runtime',
}

/** Decides a cluster's settings. Throws a UserError for values that cannot be, or that cannot change any more. */
export function resolveSettings(wanted: WantedSettings, context: ResolveContext): ClusterSettings {
  const settings = { ...defaults(context), ...context.saved, ...defined(wanted) }
  refuseChanges(settings, context.saved)
  if (settings.etcd) checkEtcdSettings(settings.etcd)
  refuseAnotherStore(settings, context.saved)
  const pods = checkCidr(settings.podCidr, FLAGS.podCidr, 8, 24)
  const services = checkCidr(settings.serviceCidr, FLAGS.serviceCidr, 8, 28)
  refuseOverlap(pods, services, 'pods and Services need address ranges of their own')
  for (const other of context.others) refuseTaken(settings, [pods, services], other)
  if (settings.runtime !== 'simulated') refuseRouted([pods, services], context.routes)
  if (settings.runtime === 'simulated' && settings.containerRuntimeEndpoint !== undefined) {
    throw usage('--container-runtime-endpoint has no use with --runtime simulated', 'leave one of them out')
  }
  if (settings.nodes > 1 && settings.runtime !== 'simulated') {
    throw usage('one machine is one node; several need --runtime simulated', 'leave --nodes out')
  }
  return settings
}

/** The n-th address of a range: 1 is the Service of the API, 10 that of cluster DNS. */
export function nthAddress(cidr: string, n: number): string {
  const { version, base } = checkCidr(cidr, 'range', 0, 32)
  return formatIp({ version, value: base + BigInt(n) })
}

/** The addresses of the first node's pods: the first /24 of all pods' addresses. */
export function firstNodeCidr(podCidr: string): string {
  return `${nthAddress(podCidr, 0)}/24`
}

function defaults({ others, routes, hostname }: ResolveContext): Omit<ClusterSettings, 'name'> {
  const ofOthers = others
    .flatMap((other) => [other.podCidr, other.serviceCidr])
    .flatMap((text) => parseCidr(text) ?? [])
  const taken = [...ofOthers, ...routes.map(({ cidr }) => cidr).filter(isNarrow)]
  return {
    apiPort: firstFree(0, (n) => others.every((other) => other.apiPort !== FIRST_API_PORT + n)) + FIRST_API_PORT,
    podCidr: firstFreeCidr((n) => `10.${244 - n}.0.0/16`, taken),
    serviceCidr: firstFreeCidr((n) => `10.${96 + n}.0.0/16`, taken),
    clusterDomain: 'cluster.local',
    nodeName: nodeNameOf(hostname),
    nodes: 1,
    runtime: 'containerd',
  }
}

/** A host's name as a node may have it: a DNS subdomain. */
function nodeNameOf(hostname: string): string {
  const name = hostname.toLowerCase().replace(/[^a-z0-9.-]+/g, '-')
  return name.replace(/^[.-]+|[.-]+$/g, '') || 'node'
}

function firstFreeCidr(candidate: (n: number) => string, taken: readonly Cidr[]): string {
  const fits = (n: number): boolean => {
    const cidr = parseCidr(candidate(n))
    return cidr !== undefined && !taken.some((other) => overlap(cidr, other))
  }
  return candidate(firstFree(0, fits))
}

function firstFree(n: number, isFree: (n: number) => boolean): number {
  return isFree(n) || n >= 70 ? n : firstFree(n + 1, isFree)
}

function refuseChanges(settings: ClusterSettings, saved: ClusterSettings | undefined): void {
  if (!saved) return
  const changed = FIXED_SETTINGS.find((key) => settings[key] !== saved[key])
  if (changed === undefined) return
  throw usage(
    `cluster "${saved.name}" was made with ${FLAGS[changed]} ${saved[changed]}, and that cannot change`,
    `leave ${FLAGS[changed]} out, make another cluster with --name, or start over: skiff delete --name ${saved.name}`,
  )
}

/** A cluster that were started on another store would be an empty one. */
function refuseAnotherStore({ name, etcd }: ClusterSettings, saved: ClusterSettings | undefined): void {
  if (!saved || (etcd === undefined) === (saved.etcd === undefined)) return
  const [was, wanted] = saved.etcd ? ['etcd', 'lmdb'] : ['lmdb', 'etcd']
  throw usage(
    `cluster "${name}" keeps its state in ${was}`,
    `leave --store out, or take it along: skiff snapshot save, then skiff snapshot restore --store ${wanted}`,
  )
}

function refuseTaken(settings: ClusterSettings, ranges: readonly Cidr[], other: ClusterSettings): void {
  if (settings.apiPort === other.apiPort) {
    throw usage(`cluster "${other.name}" has port ${other.apiPort}`, 'choose another one with --api-port')
  }
  if (settings.runtime === 'simulated' || other.runtime === 'simulated') return
  const taken = [other.podCidr, other.serviceCidr].flatMap((text) => parseCidr(text) ?? [])
  for (const range of ranges) {
    for (const theirs of taken) refuseOverlap(range, theirs, `cluster "${other.name}" has addresses of this range`)
  }
}

/** Packets to pods would go to that link instead. A wide route, such as a VPN's 10.0.0.0/8, gives way to the cluster's own. */
function refuseRouted(ranges: readonly Cidr[], routes: readonly Route[]): void {
  for (const { link, cidr } of routes) {
    if (!isNarrow(cidr)) continue
    for (const range of ranges) refuseOverlap(range, cidr, `this machine reaches the second by ${link}`)
  }
}

function isNarrow({ prefixLength }: Cidr): boolean {
  return prefixLength >= 16
}

function refuseOverlap(a: Cidr, b: Cidr, why: string): void {
  if (!overlap(a, b)) return
  throw usage(`${rangeText(a)} and ${rangeText(b)} overlap: ${why}`, 'choose others with --pod-cidr and --service-cidr')
}

function overlap(a: Cidr, b: Cidr): boolean {
  const [first, second] = [cidrRange(a), cidrRange(b)]
  return a.version === b.version && first.first <= second.last && second.first <= first.last
}

function checkCidr(text: string, flag: string, shortest: number, longest: number): Cidr {
  const cidr = parseCidr(text)
  if (cidr?.version === 4 && cidr.prefixLength >= shortest && cidr.prefixLength <= longest) return cidr
  throw usage(
    `${flag} ${text} is not a usable address range`,
    `give an IPv4 range from /${shortest} to /${longest}, such as 10.244.0.0/16`,
  )
}

function rangeText({ version, base, prefixLength }: Cidr): string {
  return `${formatIp({ version, value: base })}/${prefixLength}`
}

function usage(message: string, hint: string): UserError {
  return new UserError(message, { hints: [hint], exitCode: EXIT.usage })
}

/** Without the keys that are undefined. */
function defined<T extends object>(object: T): T {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as T
}
