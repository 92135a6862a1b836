import { cidrContains, type Cidr, type IpAddress, isMappedIpv4, parseCidr, parseIp } from '../../../lib/ip.ts'

/** What is nobody's own address in the network: unspecified, loopback, link-local, multicast, broadcast. */
const NOT_GLOBAL: readonly Cidr[] = [
  '0.0.0.0/32',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '224.0.0.0/4',
  '255.255.255.255/32',
  '::/128',
  '::1/128',
  'fe80::/10',
  'ff00::/8',
].flatMap((text) => parseCidr(text) ?? [])

/**
 * Whether requests may be passed on to an address: not to the API server's own machine, nor to what only its own link knows, such as a cloud's
 * metadata (Go's IP.IsGlobalUnicast, which upstream asks). An IPv4 address in IPv6's clothes counts as what it is.
 */
export function isGlobalUnicast(address: string): boolean {
  const parsed = parseIp(address, true)
  if (!parsed) return false
  const ip: IpAddress = isMappedIpv4(parsed) ? { version: 4, value: parsed.value & 0xffffffffn } : parsed
  return !NOT_GLOBAL.some((block) => cidrContains(block, ip))
}

/** Whether it is an address at all, and no name to be resolved. */
export function isAddress(host: string): boolean {
  return parseIp(host, true) !== undefined
}
