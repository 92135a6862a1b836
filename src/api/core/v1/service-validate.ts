import { parseIp } from '../../../lib/ip.ts'
import { validateLabels } from '../../../apimachinery/validation/meta.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'
import {
  duplicate,
  type FieldError,
  fieldForbidden,
  invalid,
  notSupported,
  required,
} from '../../../apimachinery/status.ts'
import { validateCidr, validateIp } from '../../../apimachinery/validation/ip.ts'
import { isDns1123Subdomain, isPortNumber } from '../../../apimachinery/validation/names.ts'
import {
  dns1123Label,
  dns1123Subdomain,
  oneOf,
  portNumberOrName,
  problems,
  qualifiedName,
  supported,
} from '../../checks.ts'
import type { Service, ServicePort, ServiceSpec } from '../../generated/types/core/v1.ts'
import { validateEndpointIp } from './endpoint-address.ts'
import { validateClusterIps } from './service-cluster-ips.ts'
import { isExternallyAccessible } from './service-type.ts'

const TOPOLOGY_HINTS = 'service.kubernetes.io/topology-aware-hints'
const TOPOLOGY_MODE = 'service.kubernetes.io/topology-mode'
const SOURCE_RANGES = 'service.beta.kubernetes.io/load-balancer-source-ranges'

/** Without an address of its own (the plural field decides, as upstream's validation has it). */
const isHeadless = ({ clusterIPs = [] }: Frozen<ServiceSpec>): boolean =>
  clusterIPs.length === 1 && clusterIPs[0] === 'None'

/** validateService. */
export function* validateService(service: Frozen<Service>, old?: Frozen<Service>): Iterable<FieldError> {
  const { metadata, spec } = service
  const hints = metadata.annotations?.[TOPOLOGY_HINTS]
  const mode = metadata.annotations?.[TOPOLOGY_MODE]
  if (hints !== undefined && mode !== undefined && hints !== mode) {
    const text = `must match annotations[${TOPOLOGY_HINTS}] when both are specified`
    yield invalid(`metadata.annotations[${TOPOLOGY_MODE}]`, mode, text)
  }
  const ports = spec.ports ?? []
  if (ports.length === 0 && !isHeadless(spec) && spec.type !== 'ExternalName') yield required('spec.ports')
  yield* validateType(spec)
  yield* validatePorts(ports)
  yield* validateLabels(spec.selector, 'spec.selector')
  yield* validateAffinity(spec)
  yield* validateClusterIps(spec)
  for (const [index, ip] of (spec.externalIPs ?? []).entries()) {
    const field = `spec.externalIPs[${index}]`
    const wrong = validateIp(field, ip, old?.spec.externalIPs)
    yield* wrong.length > 0 ? wrong : validateEndpointIp(field, ip)
  }
  yield* oneOf('spec.type', spec.type, ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'])
  yield* validateNodePorts(spec)
  yield* validateUniquePorts(ports)
  yield* validateBalancer(service)
  yield* validateTrafficPolicies(spec)
}

function* validateType(spec: Frozen<ServiceSpec>): Iterable<FieldError> {
  if (spec.type === 'LoadBalancer' || spec.type === 'NodePort') {
    const text = `may not be set to 'None' for ${spec.type} services`
    if (isHeadless(spec)) yield invalid('spec.clusterIPs[0]', 'None', text)
  }
  if (spec.type !== 'ExternalName') return
  const text = 'may not be set for ExternalName services'
  if ((spec.clusterIPs ?? []).length > 0) yield fieldForbidden('spec.clusterIPs', text)
  if ((spec.ipFamilies ?? []).length > 0) yield fieldForbidden('spec.ipFamilies', text)
  if (spec.ipFamilyPolicy !== undefined) yield fieldForbidden('spec.ipFamilyPolicy', text)
  const name = (spec.externalName ?? '').replace(/\.$/, '')
  if (name) yield* dns1123Subdomain('spec.externalName', name)
  else yield required('spec.externalName')
}

function* validatePorts(ports: readonly Frozen<ServicePort>[]): Iterable<FieldError> {
  const names = new Set<string>()
  for (const [index, { name, port, protocol, targetPort, appProtocol }] of ports.entries()) {
    const at = `spec.ports[${index}]`
    if (!name) {
      if (ports.length > 1) yield required(`${at}.name`)
    } else {
      yield* dns1123Label(`${at}.name`, name)
      if (names.has(name)) yield duplicate(`${at}.name`, name)
      names.add(name)
    }
    yield* problems(`${at}.port`, port, isPortNumber(port))
    yield* oneOf(`${at}.protocol`, protocol, ['SCTP', 'TCP', 'UDP'])
    yield* portNumberOrName(`${at}.targetPort`, targetPort)
    if (appProtocol !== undefined) yield* qualifiedName(`${at}.appProtocol`, appProtocol)
  }
}

const MAX_AFFINITY_SECONDS = 86_400

function* validateAffinity({
  sessionAffinity,
  sessionAffinityConfig: config,
}: Frozen<ServiceSpec>): Iterable<FieldError> {
  yield* oneOf('spec.sessionAffinity', sessionAffinity, ['ClientIP', 'None'])
  const field = 'spec.sessionAffinityConfig'
  if (sessionAffinity === 'None' && config) {
    yield fieldForbidden(field, 'must not be set when session affinity is None')
  }
  if (sessionAffinity !== 'ClientIP') return
  const when = 'when session affinity type is ClientIP'
  const seconds = config?.clientIP?.timeoutSeconds
  if (!config) yield required(field, when)
  else if (!config.clientIP) yield required(`${field}.clientIP`, when)
  else if (seconds === undefined) yield required(`${field}.clientIP.timeoutSeconds`, when)
  else if (seconds <= 0 || seconds > MAX_AFFINITY_SECONDS) {
    const text = `must be greater than 0 and less than ${MAX_AFFINITY_SECONDS}`
    yield invalid(`${field}.clientIP.timeoutSeconds`, seconds, text)
  }
}

function* validateNodePorts({ type, ports = [] }: Frozen<ServiceSpec>): Iterable<FieldError> {
  const taken = new Set<string>()
  if (type === 'ClusterIP') {
    for (const [index, { nodePort }] of ports.entries()) {
      const field = `spec.ports[${index}].nodePort`
      if (nodePort) yield fieldForbidden(field, "may not be used when `type` is 'ClusterIP'")
    }
  }
  for (const [index, { nodePort, protocol }] of ports.entries()) {
    if (!nodePort) continue
    const key = `${protocol}/${nodePort}`
    if (taken.has(key)) yield duplicate(`spec.ports[${index}].nodePort`, nodePort)
    taken.add(key)
  }
}

function* validateUniquePorts(ports: readonly Frozen<ServicePort>[]): Iterable<FieldError> {
  const taken = new Set<string>()
  for (const [index, { port, protocol = '' }] of ports.entries()) {
    const key = `${protocol}/${port}`
    // Upstream prints its internal type here, with Go's names.
    const shown = { Name: '', Protocol: protocol, AppProtocol: null, Port: port, TargetPort: 0, NodePort: 0 }
    if (taken.has(key)) yield duplicate(`spec.ports[${index}]`, shown)
    taken.add(key)
  }
}

function* validateBalancer({ metadata, spec }: Frozen<Service>): Iterable<FieldError> {
  const text = "may only be used when `type` is 'LoadBalancer'"
  const balancer = spec.type === 'LoadBalancer'
  const ranges = spec.loadBalancerSourceRanges ?? []
  const annotation = metadata.annotations?.[SOURCE_RANGES]
  if (ranges.length > 0) {
    const field = 'spec.LoadBalancerSourceRanges'
    if (!balancer) yield fieldForbidden(field, text)
    for (const [index, range] of ranges.entries()) yield* validateCidr(`${field}[${index}]`, range.trim())
  } else if (annotation !== undefined) {
    const field = `metadata.annotations[${SOURCE_RANGES}]`
    if (!balancer) yield fieldForbidden(field, text)
    const listed = annotation.trim()
    for (const range of listed ? listed.split(',') : []) yield* validateCidr(field, range.trim())
  }
  if (spec.allocateLoadBalancerNodePorts !== undefined && !balancer) {
    yield fieldForbidden('spec.allocateLoadBalancerNodePorts', text)
  }
  if (balancer && spec.allocateLoadBalancerNodePorts === undefined) yield required('allocateLoadBalancerNodePorts')
  yield* validateBalancerClass(spec)
}

function* validateBalancerClass({ type, loadBalancerClass }: Frozen<ServiceSpec>): Iterable<FieldError> {
  if (loadBalancerClass === undefined) return
  if (type === 'LoadBalancer') yield* qualifiedName('spec.loadBalancerClass', loadBalancerClass)
  else yield fieldForbidden('spec.loadBalancerClass', "may only be used when `type` is 'LoadBalancer'")
}

/** Needs a port for health checks: only pods on the node that was reached answer. */
const needsHealthCheck = ({ type, externalTrafficPolicy }: Frozen<ServiceSpec>): boolean =>
  type === 'LoadBalancer' && externalTrafficPolicy === 'Local'

function* validateTrafficPolicies(spec: Frozen<ServiceSpec>): Iterable<FieldError> {
  const { externalTrafficPolicy = '', healthCheckNodePort = 0, internalTrafficPolicy, trafficDistribution } = spec
  const policies = ['Cluster', 'Local']
  if (isExternallyAccessible(spec)) yield* oneOf('spec.externalTrafficPolicy', externalTrafficPolicy, policies)
  else if (externalTrafficPolicy) {
    const text = 'may only be set for externally-accessible services'
    yield invalid('spec.externalTrafficPolicy', externalTrafficPolicy, text)
  }
  if (needsHealthCheck(spec)) {
    if (healthCheckNodePort === 0) yield required('spec.healthCheckNodePort')
    else yield* problems('spec.healthCheckNodePort', healthCheckNodePort, isPortNumber(healthCheckNodePort))
  } else if (healthCheckNodePort !== 0) {
    const text = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"
    yield invalid('spec.healthCheckNodePort', healthCheckNodePort, text)
  }
  if (internalTrafficPolicy === undefined && ['ClusterIP', 'NodePort', 'LoadBalancer'].includes(spec.type ?? '')) {
    yield required('spec.internalTrafficPolicy')
  }
  yield* supported('spec.internalTrafficPolicy', internalTrafficPolicy, policies)
  const distributions = ['PreferClose', 'PreferSameZone', 'PreferSameNode']
  yield* supported('spec.trafficDistribution', trafficDistribution, distributions)
}

/** ValidateServiceUpdate: what may not change comes before what a service must be. */
export function* validateServiceUpdate(service: Frozen<Service>, old: Frozen<Service>): Iterable<FieldError> {
  yield* validateChanges(service.spec, old.spec)
  yield* validateService(service, old)
}

function* validateChanges(spec: Frozen<ServiceSpec>, old: Frozen<ServiceSpec>): Iterable<FieldError> {
  const external = spec.type === 'ExternalName' || old.type === 'ExternalName'
  if (!external && !(isHeadless(spec) && isHeadless(old))) yield* validateClusterIpChange(spec, old)
  if (!external && !isHeadless(spec) && !isHeadless(old)) yield* validateFamilyChange(spec, old)
  const balancers = spec.type === 'LoadBalancer' && old.type === 'LoadBalancer'
  if (balancers && spec.loadBalancerClass !== old.loadBalancerClass) {
    yield invalid('spec.loadBalancerClass', spec.loadBalancerClass, 'may not change once set')
  }
  yield* validateBalancerClass(spec)
  const port = spec.healthCheckNodePort ?? 0
  if (needsHealthCheck(spec) && needsHealthCheck(old) && port !== (old.healthCheckNodePort ?? 0)) {
    yield fieldForbidden('spec.healthCheckNodePort', 'field is immutable')
  }
}

const ONCE = 'may not change once set'

function* validateClusterIpChange(spec: Frozen<ServiceSpec>, old: Frozen<ServiceSpec>): Iterable<FieldError> {
  const now = spec.clusterIPs ?? []
  const before = old.clusterIPs ?? []
  if (now.length === before.length) {
    for (const [index, ip] of before.entries()) {
      if (ip !== now[index]) yield invalid(`spec.clusterIPs[${index}]`, now, ONCE)
    }
    return
  }
  if (now.length === 0) yield invalid('spec.clusterIPs[0]', now, 'primary clusterIP can not be unset')
  else if (before.length > 0 && now[0] !== before[0]) yield invalid('spec.clusterIPs[0]', now, ONCE)
  if (before.length > now.length) yield* validateRelease(spec, now.length, 'clusterIP')
}

function* validateFamilyChange(spec: Frozen<ServiceSpec>, old: Frozen<ServiceSpec>): Iterable<FieldError> {
  const now = spec.ipFamilies ?? []
  const before = old.ipFamilies ?? []
  const field = 'spec.ipFamilies[0]'
  if (now.length === before.length) {
    for (const [index, family] of before.entries()) if (family !== now[index]) yield invalid(field, now, ONCE)
    return
  }
  if (before.length > now.length && (spec.clusterIPs ?? []).length === 0) {
    yield invalid(field, now, 'primary ipFamily can not be unset')
  }
  if (now.length > 0 && before.length > 0 && now[0] !== before[0]) yield invalid(field, spec.clusterIPs, ONCE)
  if (before.length > now.length) yield* validateRelease(spec, now.length, 'ipFamily')
}

function validateRelease({ ipFamilyPolicy }: Frozen<ServiceSpec>, left: number, what: string): FieldError[] {
  if (left !== 1 || ipFamilyPolicy === 'SingleStack') return []
  const text = `must be set to 'SingleStack' when releasing the secondary ${what}`
  return [invalid('spec.ipFamilyPolicy', ipFamilyPolicy, text)]
}

/** ValidateLoadBalancerStatus. */
export function* validateServiceStatus({ spec, status }: Frozen<Service>, old: Frozen<Service>): Iterable<FieldError> {
  const ingress = status?.loadBalancer?.ingress ?? []
  const path = 'status.loadBalancer.ingress'
  if (spec.type !== 'LoadBalancer' && ingress.length > 0) {
    return yield fieldForbidden(path, "may only be used when `spec.type` is 'LoadBalancer'")
  }
  const known = (old.status?.loadBalancer?.ingress ?? []).map(({ ip = '' }) => ip)
  for (const [index, { ip, ipMode, hostname }] of ingress.entries()) {
    const at = `${path}[${index}]`
    if (ip) yield* validateIp(`${at}.ip`, ip, known)
    if (ip && ipMode === undefined) yield required(`${at}.ipMode`, 'must be specified when `ip` is set')
    else if (ipMode !== undefined && !ip) {
      yield fieldForbidden(`${at}.ipMode`, 'may not be specified when `ip` is not set')
    } else if (ipMode !== undefined && ipMode !== 'Proxy' && ipMode !== 'VIP') {
      yield notSupported(`${at}.ipMode`, ipMode, ['Proxy', 'VIP'])
    }
    if (!hostname) continue
    yield* problems(`${at}.hostname`, hostname, isDns1123Subdomain(hostname))
    if (parseIp(hostname, true)) yield invalid(`${at}.hostname`, hostname, 'must be a DNS name, not an IP address')
  }
}
