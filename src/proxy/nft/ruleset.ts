import type { HostPort } from '../plan/host-ports.ts'
import type { Family, ServicePort, Target } from '../plan/service-ports.ts'

/** Everything in the table that changes over time. Keys are nft names; values are nft text. */
export interface Ruleset {
  /** Chain → rules. */
  readonly chains: ReadonlyMap<string, readonly string[]>
  /** Set → declaration; session affinity keeps its clients here. */
  readonly sets: ReadonlyMap<string, string>
  /** Map → element key → verdict or value. */
  readonly elements: ReadonlyMap<MapName, ReadonlyMap<string, string>>
}

export type MapName =
  | 'service-ips'
  | 'service-nodeports'
  | 'no-endpoints'
  | 'no-endpoints-nodeports'
  | 'host-ports'
  | 'host-ip-ports'

/** What the fixed part of the table depends on. */
export interface TableOptions {
  readonly family: Family
  /** The table's name; one per cluster on a host. */
  readonly table: string
  /** Addresses of pods: their traffic to anywhere else leaves with the node's address. */
  readonly podCidr: string
  /** Addresses of Services: nothing else may answer for them. */
  readonly serviceCidr: string
}

/** Packets with this mark leave with the node's address. */
const MASQUERADE_MARK = '0x4000'

/**
 * The fixed part of the table. One lookup by destination address, protocol and port leads to the chain of the service port, whatever
 * their number.
 */
export function baseTable({ family, table, podCidr, serviceCidr }: TableOptions): string {
  const address = family === 'ip' ? 'ipv4_addr' : 'ipv6_addr'
  const loopback = family === 'ip' ? '127.0.0.0/8' : '::1/128'
  return `table ${family} ${table} {
  map service-ips { type ${address} . inet_proto . inet_service : verdict; }
  map service-nodeports { type inet_proto . inet_service : verdict; }
  map no-endpoints { type ${address} . inet_proto . inet_service : verdict; }
  map no-endpoints-nodeports { type inet_proto . inet_service : verdict; }
  map host-ports { type inet_proto . inet_service : verdict; }
  map host-ip-ports { type ${address} . inet_proto . inet_service : verdict; }

  chain mark-for-masquerade { meta mark set meta mark or ${MASQUERADE_MARK}; }
  chain reject-it { reject; }

  chain services {
    ${family} daddr . meta l4proto . th dport vmap @service-ips
    fib daddr type local jump node-addresses
  }
  chain node-addresses {
    meta l4proto . th dport vmap @service-nodeports
    ${family} daddr . meta l4proto . th dport vmap @host-ip-ports
    meta l4proto . th dport vmap @host-ports
  }
  chain unserved {
    ${family} daddr . meta l4proto . th dport vmap @no-endpoints
    fib daddr type local meta l4proto . th dport vmap @no-endpoints-nodeports
    ${family} daddr ${serviceCidr} ct state new reject
  }

  chain nat-prerouting { type nat hook prerouting priority dstnat; policy accept; jump services; }
  chain nat-output { type nat hook output priority -100; policy accept; jump services; }
  chain nat-postrouting { type nat hook postrouting priority srcnat; policy accept;
    meta mark & ${MASQUERADE_MARK} == ${MASQUERADE_MARK} masquerade fully-random
    ${family} saddr ${loopback} ${family} daddr ${podCidr} masquerade fully-random
    ${family} saddr ${podCidr} ${family} daddr != ${podCidr} masquerade fully-random
  }
  chain filter-input { type filter hook input priority filter; policy accept; ct state new jump unserved; }
  chain filter-forward { type filter hook forward priority filter; policy accept; ct state new jump unserved; }
  chain filter-output { type filter hook output priority filter; policy accept; ct state new jump unserved; }
  chain guard-loopback { type filter hook prerouting priority raw; policy accept;
    iifname != "lo" ${family} daddr ${loopback} drop
  }
}
`
}

/** The changing part, for these service ports and host ports. Pure. */
export function ruleset(options: TableOptions, ports: readonly ServicePort[], hostPorts: readonly HostPort[]): Ruleset {
  const build: Build = { options, chains: new Map(), sets: new Map(), elements: emptyElements() }
  for (const port of ports) addServicePort(build, port)
  for (const port of hostPorts) addHostPort(build, port)
  return build
}

interface Build {
  readonly options: TableOptions
  readonly chains: Map<string, readonly string[]>
  readonly sets: Map<string, string>
  readonly elements: Map<MapName, Map<string, string>>
}

function emptyElements(): Map<MapName, Map<string, string>> {
  const names: MapName[] = [
    'service-ips',
    'service-nodeports',
    'no-endpoints',
    'no-endpoints-nodeports',
    'host-ports',
    'host-ip-ports',
  ]
  return new Map(names.map((name) => [name, new Map<string, string>()]))
}

function addServicePort(build: Build, port: ServicePort): void {
  const name = `${port.id.replace(':', '/')}/${port.protocol}`
  const key = `${port.protocol} . ${port.port}`
  const inside = addBalancer(build, `service-${name}`, port, port.cluster)
  const internal = insideChain(build, name, inside)
  addDestination(build, 'service-ips', 'no-endpoints', `${port.clusterIP} . ${key}`, internal, 'goto reject-it')
  if (port.nodePort === undefined && port.externalIPs.length === 0) return
  const outside = outsideChain(build, name, port, inside)
  const unserved = port.externalLocal && port.cluster.length > 0 ? 'drop' : 'goto reject-it'
  for (const ip of port.externalIPs)
    addDestination(build, 'service-ips', 'no-endpoints', `${ip} . ${key}`, outside, unserved)
  if (port.nodePort !== undefined) {
    addDestination(
      build,
      'service-nodeports',
      'no-endpoints-nodeports',
      `${port.protocol} . ${port.nodePort}`,
      outside,
      unserved,
    )
  }
}

function addDestination(
  build: Build,
  served: MapName,
  unserved: MapName,
  key: string,
  chain: string | undefined,
  refusal: string,
): void {
  if (chain) build.elements.get(served)?.set(key, `goto ${chain}`)
  else build.elements.get(unserved)?.set(key, refusal)
}

/** Cluster IPs: a client that is no pod is not routed back by the pod's bridge unless it is masqueraded. */
function insideChain(build: Build, name: string, balancer: string | undefined): string | undefined {
  if (!balancer) return undefined
  const { family, podCidr } = build.options
  const chain = `cluster-${name}`
  build.chains.set(chain, [`${family} saddr != ${podCidr} jump mark-for-masquerade`, `goto ${balancer}`])
  return chain
}

function outsideChain(build: Build, name: string, port: ServicePort, inside: string | undefined): string | undefined {
  const { family, podCidr } = build.options
  const chain = `external-${name}`
  const rules: string[] = []
  if (port.externalIPs.length > 0 && port.sourceRanges.length > 0) {
    // Node ports are not limited by loadBalancerSourceRanges.
    const addresses = port.externalIPs.join(', ')
    rules.push(`${family} daddr { ${addresses} } ${family} saddr != { ${port.sourceRanges.join(', ')} } drop`)
  }
  if (!port.externalLocal) {
    if (!inside || port.external.length === 0) return undefined
    const balancer = sameTargets(port.cluster, port.external)
      ? inside
      : addBalancer(build, `out-${name}`, port, port.external)
    build.chains.set(chain, [...rules, 'jump mark-for-masquerade', `goto ${balancer}`])
    return chain
  }
  const local = addBalancer(build, `local-${name}`, port, port.external)
  // Pods and the node itself may use the address wherever the endpoints are.
  const near = inside
    ? [
        `${family} saddr ${podCidr} goto ${inside}`,
        `fib saddr type local jump mark-for-masquerade`,
        `fib saddr type local goto ${inside}`,
      ]
    : []
  if (!local && near.length === 0) return undefined
  build.chains.set(chain, [...rules, ...near, local ? `goto ${local}` : 'drop'])
  return chain
}

function sameTargets(a: readonly Target[], b: readonly Target[]): boolean {
  return a.length === b.length && a.every((target, i) => target.ip === b[i]?.ip && target.port === b[i]?.port)
}

/** A chain that spreads new connections evenly over the targets, staying with one where affinity asks for it. */
function addBalancer(build: Build, chain: string, port: ServicePort, targets: readonly Target[]): string | undefined {
  if (targets.length === 0) return undefined
  const ends = targets.map((target) => addEndpoint(build, chain, port, target))
  const rules: string[] = []
  if (port.affinitySeconds !== undefined) {
    for (const end of ends)
      rules.push(`${build.options.family} saddr @${affinitySet(end, port.affinitySeconds)} goto ${end}`)
  }
  rules.push(
    ends.length === 1
      ? `goto ${ends[0]}`
      : `numgen random mod ${ends.length} vmap { ${ends.map((end, i) => `${i} : goto ${end}`).join(', ')} }`,
  )
  build.chains.set(chain, rules)
  return chain
}

function addEndpoint(build: Build, balancer: string, port: ServicePort, { ip, port: targetPort }: Target): string {
  const { family } = build.options
  const chain = `${balancer}/${ip.replaceAll(':', '.')}_${targetPort}`
  const rules = [`${family} saddr ${ip} jump mark-for-masquerade`]
  if (port.affinitySeconds !== undefined) {
    const set = affinitySet(chain, port.affinitySeconds)
    const address = family === 'ip' ? 'ipv4_addr' : 'ipv6_addr'
    build.sets.set(set, `type ${address}; flags dynamic,timeout; timeout ${port.affinitySeconds}s;`)
    rules.push(`update @${set} { ${family} saddr }`)
  }
  rules.push(`meta l4proto ${port.protocol} dnat to ${family === 'ip' ? ip : `[${ip}]`}:${targetPort}`)
  build.chains.set(chain, rules)
  return chain
}

/** The time is part of the name: a set's timeout cannot be changed. */
function affinitySet(chain: string, seconds: number): string {
  return `affinity-${seconds}-${chain}`
}

function addHostPort(build: Build, port: HostPort): void {
  const { family, podCidr } = build.options
  const { ip, port: targetPort } = port.target
  const chain = `host-port-${port.protocol}-${port.hostPort}-${(port.hostIP ?? 'any').replaceAll(':', '.')}`
  const key = `${port.protocol} . ${port.hostPort}`
  build.chains.set(chain, [
    // Without this an answer to a pod of the same bridge, or to the node's loopback, would not come back through here.
    `${family} saddr ${podCidr} jump mark-for-masquerade`,
    `fib saddr type local jump mark-for-masquerade`,
    `meta l4proto ${port.protocol} dnat to ${family === 'ip' ? ip : `[${ip}]`}:${targetPort}`,
  ])
  const map: MapName = port.hostIP === undefined ? 'host-ports' : 'host-ip-ports'
  build.elements.get(map)?.set(port.hostIP === undefined ? key : `${port.hostIP} . ${key}`, `goto ${chain}`)
}
