import { type Cidr, cidrContains, formatIp, type IpAddress, isMappedIpv4, parseCidr, parseIp } from '../../../lib/ip.ts'
import { goQuote } from '../../../lib/quote.ts'
import { BOOL, INT, STRING } from '../check/types.ts'
import { CelError, type CelValue, isError, noSuchOverload, Opaque } from '../values/values.ts'
import { type FunctionDecl, fn, type Implementation, member, overload } from './functions.ts'
import { addressProblem } from './address-problem.ts'
import { CIDR_TYPE, IP_TYPE } from './types.ts'

/** An IP address. */
class IpValue extends Opaque {
  readonly type = IP_TYPE
  override readonly sizeForCost: number
  readonly ip: IpAddress
  constructor(ip: IpAddress) {
    super()
    this.ip = ip
    this.sizeForCost = ip.version === 4 ? 4 : 16
  }
  equals(other: CelValue): boolean | CelError {
    if (!(other instanceof IpValue)) return noSuchOverload
    return this.ip.version === other.ip.version && this.ip.value === other.ip.value
  }
  override toText(): string {
    return formatIp(this.ip)
  }
}

/** A network's address. */
class CidrValue extends Opaque {
  readonly type = CIDR_TYPE
  override readonly sizeForCost: number
  readonly cidr: Cidr
  constructor(cidr: Cidr) {
    super()
    this.cidr = cidr
    this.sizeForCost = Math.ceil(cidr.prefixLength / 8)
  }
  equals(other: CelValue): boolean | CelError {
    if (!(other instanceof CidrValue)) return noSuchOverload
    const { version, address, prefixLength } = other.cidr
    return this.cidr.version === version && this.cidr.address === address && this.cidr.prefixLength === prefixLength
  }
  override toText(): string {
    return `${formatIp({ version: this.cidr.version, value: this.cidr.address })}/${this.cidr.prefixLength}`
  }
}

function toIp(text: CelValue | undefined): IpValue | CelError {
  if (typeof text !== 'string') return noSuchOverload
  const ip = parseIp(text)
  if (ip === undefined) {
    const problem = addressProblem(text)
    if (problem === undefined) return new CelError(`IP address ${goQuote(text)} with zone value is not allowed`)
    return new CelError(`IP Address ${goQuote(text)} parse error during conversion from string: ${problem}`)
  }
  if (isMappedIpv4(ip)) return new CelError(`IPv4-mapped IPv6 address ${goQuote(text)} is not allowed`)
  return new IpValue(ip)
}

const CIDR_COMPLAINT = 'network address parse error during conversion from string: '

function toCidr(text: CelValue | undefined): CidrValue | CelError {
  if (typeof text !== 'string') return noSuchOverload
  const cidr = parseCidr(text)
  if (cidr === undefined) {
    const problem = `netip.ParsePrefix(${goQuote(text)}): ${prefixProblem(text)}`
    return new CelError(CIDR_COMPLAINT + CIDR_COMPLAINT + problem)
  }
  if (isMappedIpv4({ version: cidr.version, value: cidr.address })) {
    return new CelError(`${CIDR_COMPLAINT}IPv4-mapped IPv6 address ${goQuote(text)} is not allowed`)
  }
  return new CidrValue(cidr)
}

function prefixProblem(text: string): string {
  const slash = text.lastIndexOf('/')
  if (slash < 0) return "no '/'"
  const address = text.slice(0, slash)
  const length = text.slice(slash + 1)
  if (parseIp(address) === undefined) return addressProblem(address) ?? 'IPv6 zones cannot be present in a prefix'
  if (!/^(?:0|[1-9]\d*)$/.test(length)) return `bad bits after slash: ${goQuote(length)}`
  return 'prefix length out of range'
}

function onIp(act: (ip: IpAddress) => CelValue): Implementation {
  return (value) => (value instanceof IpValue ? act(value.ip) : noSuchOverload)
}

function onCidr(act: (cidr: Cidr, other: CelValue | undefined) => CelValue): Implementation {
  return (value, other) => (value instanceof CidrValue ? act(value.cidr, other) : noSuchOverload)
}

const inBlock = (block: string): ((ip: IpAddress) => boolean) => {
  const cidr = parseCidr(block)
  return (ip) => cidr !== undefined && cidrContains(cidr, ip)
}
const inAny =
  (...blocks: string[]): ((ip: IpAddress) => boolean) =>
  (ip) =>
    blocks.some((block) => inBlock(block)(ip))

const isUnspecified = inAny('0.0.0.0/32', '::/128')
const isLoopback = inAny('127.0.0.0/8', '::1/128')
const isLinkLocalMulticast = inAny('224.0.0.0/24', 'ff02::/16')
/** The second hexadecimal digit of an IPv6 multicast address is flags, the scope is the fourth. */
const isLinkLocalMulticastScope = (ip: IpAddress): boolean =>
  ip.version === 4 ? isLinkLocalMulticast(ip) : ip.value >> 120n === 0xffn && ((ip.value >> 112n) & 0xfn) === 2n
const isLinkLocalUnicast = inAny('169.254.0.0/16', 'fe80::/10')
const isMulticast = inAny('224.0.0.0/4', 'ff00::/8')
const isBroadcast = inAny('255.255.255.255/32')
const isGlobalUnicast = (ip: IpAddress): boolean =>
  ![isUnspecified, isLoopback, isMulticast, isLinkLocalUnicast, isBroadcast].some((is) => is(ip))

function containsIp(cidr: Cidr, other: CelValue | undefined): CelValue {
  const ip = typeof other === 'string' ? toIp(other) : other
  return ip instanceof IpValue ? cidrContains(cidr, ip.ip) : noSuchOverload
}

function containsCidr(cidr: Cidr, other: CelValue | undefined): CelValue {
  const inner = typeof other === 'string' ? toCidr(other) : other
  if (isError(inner)) return inner
  if (!(inner instanceof CidrValue)) return noSuchOverload
  const { version, base, prefixLength } = inner.cidr
  return cidr.prefixLength <= prefixLength && cidrContains(cidr, { version, value: base })
}

function isCanonical(text: CelValue | undefined): CelValue {
  const ip = toIp(text)
  return isError(ip) ? ip : ip.toText() === text
}

const predicate = (name: string, id: string, is: (ip: IpAddress) => boolean): FunctionDecl =>
  fn(name, member(id, [IP_TYPE], BOOL, onIp(is)))

const toText: Implementation = (value) =>
  value instanceof IpValue || value instanceof CidrValue ? value.toText() : noSuchOverload

/** Kubernetes' IP addresses and networks. */
export const addressLibrary: readonly FunctionDecl[] = [
  fn(
    'ip',
    overload('string_to_ip', [STRING], IP_TYPE, toIp),
    member(
      'cidr_ip',
      [CIDR_TYPE],
      IP_TYPE,
      onCidr(({ version, address }) => new IpValue({ version, value: address })),
    ),
  ),
  fn(
    'family',
    member(
      'ip_family',
      [IP_TYPE],
      INT,
      onIp(({ version }) => version),
    ),
  ),
  fn('ip.isCanonical', overload('ip_is_canonical', [STRING], BOOL, isCanonical)),
  predicate('isUnspecified', 'ip_is_unspecified', isUnspecified),
  predicate('isLoopback', 'ip_is_loopback', isLoopback),
  predicate('isLinkLocalMulticast', 'ip_is_link_local_multicast', isLinkLocalMulticastScope),
  predicate('isLinkLocalUnicast', 'ip_is_link_local_unicast', isLinkLocalUnicast),
  predicate('isGlobalUnicast', 'ip_is_global_unicast', isGlobalUnicast),
  fn(
    'isIP',
    overload('is_ip', [STRING], BOOL, (text) => toIp(text) instanceof IpValue),
  ),
  fn(
    'string',
    overload('ip_to_string', [IP_TYPE], STRING, toText),
    overload('cidr_to_string', [CIDR_TYPE], STRING, toText),
  ),
  fn('cidr', overload('string_to_cidr', [STRING], CIDR_TYPE, toCidr)),
  fn(
    'containsIP',
    member('cidr_contains_ip_string', [CIDR_TYPE, STRING], BOOL, onCidr(containsIp)),
    member('cidr_contains_ip_ip', [CIDR_TYPE, IP_TYPE], BOOL, onCidr(containsIp)),
  ),
  fn(
    'containsCIDR',
    member('cidr_contains_cidr_string', [CIDR_TYPE, STRING], BOOL, onCidr(containsCidr)),
    member('cidr_contains_cidr', [CIDR_TYPE, CIDR_TYPE], BOOL, onCidr(containsCidr)),
  ),
  fn(
    'prefixLength',
    member(
      'cidr_prefix_length',
      [CIDR_TYPE],
      INT,
      onCidr(({ prefixLength }) => prefixLength),
    ),
  ),
  fn(
    'masked',
    member(
      'cidr_masked',
      [CIDR_TYPE],
      CIDR_TYPE,
      onCidr((cidr) => new CidrValue({ ...cidr, address: cidr.base })),
    ),
  ),
  fn(
    'isCIDR',
    overload('is_cidr', [STRING], BOOL, (text) => toCidr(text) instanceof CidrValue),
  ),
]
