import { cidrContains, parseCidr } from '../../../lib/ip.ts'
import { lenientAs, validateLabelSelector } from '../../../apimachinery/labels/label-selector.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'
import { type FieldError, fieldForbidden, invalid, notSupported, required } from '../../../apimachinery/status.ts'
import { validateCidr } from '../../../apimachinery/validation/ip.ts'
import { isPortNumber } from '../../../apimachinery/validation/names.ts'
import { portNumberOrName, problems, supported } from '../../checks.ts'
import type {
  IPBlock,
  NetworkPolicy,
  NetworkPolicyPeer,
  NetworkPolicyPort,
} from '../../generated/types/networking/v1.ts'

/** ValidateNetworkPolicy; what `old` had of malformed CIDRs, and of values of labels, may stay. */
export function* validateNetworkPolicy(
  { spec }: Frozen<NetworkPolicy>,
  old?: Frozen<NetworkPolicy>,
): Iterable<FieldError> {
  const oldCidrs = old ? cidrsOf(old) : []
  const lenient = lenientAs(old?.spec?.podSelector)
  yield* validateLabelSelector(spec.podSelector, 'spec.podSelector', lenient)
  for (const [index, { ports, from }] of (spec.ingress ?? []).entries()) {
    const at = `spec.ingress[${index}]`
    yield* validatePorts(ports ?? [], `${at}.ports`)
    yield* validatePeers(from ?? [], `${at}.from`, oldCidrs, lenient)
  }
  for (const [index, { ports, to }] of (spec.egress ?? []).entries()) {
    const at = `spec.egress[${index}]`
    yield* validatePorts(ports ?? [], `${at}.ports`)
    yield* validatePeers(to ?? [], `${at}.to`, oldCidrs, lenient)
  }
  const types = spec.policyTypes ?? []
  if (types.length > 2) return yield invalid('spec.policyTypes', types, 'may not specify more than two policyTypes')
  for (const [index, type] of types.entries()) {
    yield* supported(`spec.policyTypes[${index}]`, type, ['Ingress', 'Egress'])
  }
}

function cidrsOf({ spec }: Frozen<NetworkPolicy>): string[] {
  const peers = [
    ...(spec.ingress ?? []).flatMap(({ from }) => from ?? []),
    ...(spec.egress ?? []).flatMap(({ to }) => to ?? []),
  ]
  return peers.flatMap(({ ipBlock }) => (ipBlock ? [ipBlock.cidr, ...(ipBlock.except ?? [])] : []))
}

function* validatePorts(ports: readonly Frozen<NetworkPolicyPort>[], path: string): Iterable<FieldError> {
  for (const [index, { protocol, port, endPort }] of ports.entries()) {
    const at = `${path}[${index}]`
    const known = ['TCP', 'UDP', 'SCTP']
    if (protocol !== undefined && !known.includes(protocol)) yield notSupported(`${at}.protocol`, protocol, known)
    if (typeof port === 'string' && endPort !== undefined) {
      yield invalid(`${at}.endPort`, endPort, 'may not be specified when `port` is non-numeric')
    }
    if (port !== undefined) yield* portNumberOrName(`${at}.port`, port)
    else if (endPort !== undefined) {
      yield invalid(`${at}.endPort`, endPort, 'may not be specified when `port` is not specified')
    }
    if (typeof port !== 'number' || endPort === undefined) continue
    if (endPort < port) yield invalid(`${at}.endPort`, port, 'must be greater than or equal to `port`')
    yield* problems(`${at}.endPort`, endPort, isPortNumber(endPort))
  }
}

function* validatePeers(
  peers: readonly Frozen<NetworkPolicyPeer>[],
  path: string,
  oldCidrs: readonly string[],
  lenient: ReturnType<typeof lenientAs>,
): Iterable<FieldError> {
  for (const [index, { podSelector, namespaceSelector, ipBlock }] of peers.entries()) {
    const at = `${path}[${index}]`
    yield* validateLabelSelector(podSelector, `${at}.podSelector`, lenient)
    yield* validateLabelSelector(namespaceSelector, `${at}.namespaceSelector`, lenient)
    if (ipBlock) yield* validateIpBlock(ipBlock, oldCidrs, `${at}.ipBlock`)
    else if (!podSelector && !namespaceSelector) yield required(at, 'must specify a peer')
    if (ipBlock && (podSelector || namespaceSelector)) {
      yield fieldForbidden(at, 'may not specify both ipBlock and another peer')
    }
  }
}

function* validateIpBlock(
  { cidr: text, except = [] }: Frozen<IPBlock>,
  oldCidrs: readonly string[],
  path: string,
): Iterable<FieldError> {
  if (!text) return yield required(`${path}.cidr`)
  yield* validateCidr(`${path}.cidr`, text, oldCidrs)
  const cidr = parseCidr(text, true)
  if (!cidr) return
  for (const [index, excepted] of except.entries()) {
    const field = `${path}.except[${index}]`
    yield* validateCidr(field, excepted, oldCidrs)
    const hole = parseCidr(excepted, true)
    if (!hole) continue
    const start = { version: hole.version, value: hole.base }
    if (!cidrContains(cidr, start) || cidr.prefixLength >= hole.prefixLength) {
      yield invalid(field, excepted, 'must be a strict subset of `cidr`')
    }
  }
}
