/** IP addresses and CIDR blocks as numbers: parsing, canonical text (RFC 5952), containment. */

export interface IpAddress {
  readonly version: 4 | 6
  readonly value: bigint
}

export interface Cidr {
  readonly version: 4 | 6
  /** The first address of the block. */
  readonly base: bigint
  /** The address that was written, which may have bits set beyond the prefix. */
  readonly address: bigint
  readonly prefixLength: number
}

const bitsOf = (version: 4 | 6): number => (version === 4 ? 32 : 128)

/** Parses an address. Leading zeros in IPv4 (`010.0.0.1`) are refused unless `loose`, where they are decimal all the same. */
export function parseIp(text: string, loose = false): IpAddress | undefined {
  if (text.includes(':')) {
    const value = parseIpv6(text, loose)
    return value === undefined ? undefined : { version: 6, value }
  }
  const value = parseIpv4(text, loose)
  return value === undefined ? undefined : { version: 4, value }
}

function parseIpv4(text: string, loose: boolean): bigint | undefined {
  const parts = text.split('.')
  if (parts.length !== 4) return undefined
  let value = 0n
  for (const part of parts) {
    if (!/^\d+$/.test(part) || Number(part) > 255) return undefined
    if (!loose && part.length > 1 && part.startsWith('0')) return undefined
    value = (value << 8n) | BigInt(Number(part))
  }
  return value
}

function parseIpv6(text: string, loose: boolean): bigint | undefined {
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const head = groupsOf(halves[0] ?? '', halves.length === 1, loose)
  const tail = halves.length === 2 ? groupsOf(halves[1] ?? '', true, loose) : []
  if (!head || !tail) return undefined
  const missing = 8 - head.length - tail.length
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined
  const groups = [...head, ...Array<number>(missing).fill(0), ...tail]
  return groups.reduce((value, group) => (value << 16n) | BigInt(group), 0n)
}

/** 16-bit groups; the last may be an IPv4 address, which stands for two. */
function groupsOf(text: string, isEnd: boolean, loose: boolean): number[] | undefined {
  if (text === '') return []
  const groups: number[] = []
  const parts = text.split(':')
  for (const [index, part] of parts.entries()) {
    if (isEnd && index === parts.length - 1 && part.includes('.')) {
      const v4 = parseIpv4(part, loose)
      if (v4 === undefined) return undefined
      groups.push(Number(v4 >> 16n), Number(v4 & 0xffffn))
    } else if (/^[0-9a-fA-F]{1,4}$/.test(part)) groups.push(Number.parseInt(part, 16))
    else return undefined
  }
  return groups
}

/** Whether this is an IPv4 address written as IPv6, `::ffff:10.0.0.1`. */
export const isMappedIpv4 = ({ version, value }: IpAddress): boolean => version === 6 && value >> 32n === 0xffffn

/** The canonical text; an IPv4 address mapped into IPv6 prints as the IPv4 address it is, as Go's net.IP does. */
export function formatIp(ip: IpAddress): string {
  if (ip.version === 4 || isMappedIpv4(ip)) return formatIpv4(ip.value & 0xffffffffn)
  const groups = Array.from({ length: 8 }, (_, i) => Number((ip.value >> BigInt(112 - 16 * i)) & 0xffffn))
  const { start, length } = longestZeros(groups)
  const hex = (part: readonly number[]): string => part.map((group) => group.toString(16)).join(':')
  return length < 2 ? hex(groups) : `${hex(groups.slice(0, start))}::${hex(groups.slice(start + length))}`
}

const formatIpv4 = (value: bigint): string =>
  [24n, 16n, 8n, 0n].map((shift) => String((value >> shift) & 0xffn)).join('.')

function longestZeros(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 }
  let run = 0
  for (const [index, group] of groups.entries()) {
    run = group === 0 ? run + 1 : 0
    if (run > best.length) best = { start: index - run + 1, length: run }
  }
  return best
}

/** Parses `10.0.0.0/8`. Leading zeros are refused unless `loose`. */
export function parseCidr(text: string, loose = false): Cidr | undefined {
  const slash = text.indexOf('/')
  if (slash < 0) return undefined
  const ip = parseIp(text.slice(0, slash), loose)
  const length = text.slice(slash + 1)
  if (!ip || !/^\d{1,3}$/.test(length)) return undefined
  if (!loose && length.length > 1 && length.startsWith('0')) return undefined
  const prefixLength = Number(length)
  if (prefixLength > bitsOf(ip.version)) return undefined
  const { version, value } = ip
  return { version, address: value, base: maskTo(version, value, prefixLength), prefixLength }
}

function maskTo(version: 4 | 6, value: bigint, prefixLength: number): bigint {
  const host = BigInt(bitsOf(version) - prefixLength)
  return (value >> host) << host
}

/** The block's canonical text, without bits beyond the prefix. */
export const formatCidr = ({ version, base, prefixLength }: Cidr): string =>
  `${formatIp({ version, value: base })}/${prefixLength}`

/** Whether the block holds the address. */
export function cidrContains({ version, base, prefixLength }: Cidr, ip: IpAddress): boolean {
  return ip.version === version && maskTo(version, ip.value, prefixLength) === base
}

/** The first and the last address of a block. */
export function cidrRange({ version, base, prefixLength }: Cidr): { first: bigint; last: bigint } {
  return { first: base, last: base + (1n << BigInt(bitsOf(version) - prefixLength)) - 1n }
}
