import type * as cri from '../cri/generated/types.ts'
import type { Pod } from '../pod/spec.ts'

/** The cluster's DNS, as pods are told of it. */
export interface ClusterDns {
  /** `cluster.local`. */
  readonly domain: string
  /** Addresses of the DNS Service; empty when there is none. */
  readonly servers: readonly string[]
}

export interface DnsResult {
  readonly config: cri.DNSConfig
  /** The pod asked for cluster DNS and there is none: it got the node's (an event says so). */
  readonly missingClusterDns: boolean
}

const NDOTS = 'ndots:5'
const MAX_NAMESERVERS = 3
const MAX_SEARCHES = 32
const MAX_SEARCH_CHARACTERS = 2048

/** A pod's resolver configuration by its dnsPolicy and dnsConfig (upstream's pkg/kubelet/network/dns). */
export function dnsConfig(pod: Pod, cluster: ClusterDns, hostResolvConf: string): DnsResult {
  const host = parseResolvConf(hostResolvConf)
  const policy = effectivePolicy(pod)
  const missingClusterDns = policy === 'ClusterFirst' && cluster.servers.length === 0
  const base =
    policy === 'None'
      ? EMPTY
      : policy === 'Default' || missingClusterDns
        ? nodeConfig(host)
        : clusterConfig(pod, cluster, host)
  return { config: limited(withPodConfig(base, pod)), missingClusterDns }
}

const EMPTY: cri.DNSConfig = { servers: [], searches: [], options: [] }

/** On the host's network ClusterFirst means Default, unless told ClusterFirstWithHostNet. */
function effectivePolicy(pod: Pod): 'None' | 'Default' | 'ClusterFirst' {
  const { dnsPolicy = 'ClusterFirst', hostNetwork = false } = pod.spec
  if (dnsPolicy === 'None' || dnsPolicy === 'Default') return dnsPolicy
  return dnsPolicy === 'ClusterFirst' && hostNetwork ? 'Default' : 'ClusterFirst'
}

/** A node without a resolver leaves pods with the local one, as glibc would. */
function nodeConfig(host: cri.DNSConfig): cri.DNSConfig {
  return host.servers.length === 0 ? { ...host, servers: ['127.0.0.1'], searches: ['.'] } : host
}

function clusterConfig(pod: Pod, { domain, servers }: ClusterDns, host: cri.DNSConfig): cri.DNSConfig {
  const searches = domain ? [`${pod.metadata.namespace}.svc.${domain}`, `svc.${domain}`, domain] : []
  return { servers: [...servers], searches: unique([...searches, ...host.searches]), options: [NDOTS] }
}

function withPodConfig(base: cri.DNSConfig, pod: Pod): cri.DNSConfig {
  const { nameservers = [], searches = [], options = [] } = pod.spec.dnsConfig ?? {}
  const merged = new Map(base.options.map((option) => [option.split(':')[0] ?? '', option]))
  for (const { name = '', value } of options)
    merged.set(name, value === undefined || value === '' ? name : `${name}:${value}`)
  return {
    servers: unique([...base.servers, ...nameservers]),
    searches: unique([...base.searches, ...searches]),
    options: [...merged.values()],
  }
}

function limited(config: cri.DNSConfig): cri.DNSConfig {
  const searches = config.searches.slice(0, MAX_SEARCHES)
  while (searches.join(' ').length > MAX_SEARCH_CHARACTERS) searches.pop()
  return { ...config, servers: config.servers.slice(0, MAX_NAMESERVERS), searches }
}

const unique = (list: readonly string[]): string[] => [...new Set(list)]

/** The lines of resolv.conf(5) that matter. The last `search` and `options` line counts. */
export function parseResolvConf(text: string): cri.DNSConfig {
  const found: cri.DNSConfig = { servers: [], searches: [], options: [] }
  for (const line of text.split('\n')) {
    const [keyword, ...words] = line
      .replace(/[#;].*$/, '')
      .trim()
      .split(/\s+/)
    if (keyword === 'nameserver' && words[0]) found.servers.push(words[0])
    else if (keyword === 'search') found.searches = words.map((name) => (name === '.' ? name : name.replace(/\.$/, '')))
    else if (keyword === 'options') found.options = words
  }
  return found
}
