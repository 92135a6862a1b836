import type { IPAddress, ServiceCIDR } from '../../api/generated/types/networking/v1.ts'
import type { Frozen } from '../../apimachinery/meta.ts'
import { cidrContains, type Cidr, parseCidr, parseIp } from '../../lib/ip.ts'

const MANAGED_BY = 'ipaddress.kubernetes.io/managed-by'
/** The API server marks so the addresses that it gives to Services. */
const ALLOCATOR = 'ipallocator.k8s.io'

/** The ranges that an address which a Service holds stands in; none for addresses of other makers. */
export function rangesHolding(
  address: Frozen<IPAddress>,
  ranges: readonly Frozen<ServiceCIDR>[],
): Frozen<ServiceCIDR>[] {
  if (address.metadata.labels?.[MANAGED_BY] !== ALLOCATOR) return []
  const ip = parseIp(address.metadata.name ?? '')
  return ip ? ranges.filter((range) => blocksOf(range).some((block) => cidrContains(block, ip))) : []
}

/** The ranges that share addresses with this one, itself among them. */
export function rangesOverlapping(
  range: Frozen<ServiceCIDR>,
  ranges: readonly Frozen<ServiceCIDR>[],
): Frozen<ServiceCIDR>[] {
  const mine = blocksOf(range)
  return ranges.filter((other) =>
    blocksOf(other).some((block) => mine.some((own) => contains(block, own) || contains(own, block))),
  )
}

/** Whether the range can go: another one covers each of its blocks, or no Service's address would be left outside all ranges. */
export function canGo(
  range: Frozen<ServiceCIDR>,
  ranges: readonly Frozen<ServiceCIDR>[],
  addresses: readonly Frozen<IPAddress>[],
): boolean {
  const others = ranges.filter(({ metadata }) => metadata.name !== range.metadata.name)
  const isCovered = (block: Cidr): boolean =>
    others.some((other) => blocksOf(other).some((parent) => contains(parent, block)))
  if (blocksOf(range).every(isCovered)) return true
  return addresses.every((address) => {
    const holders = rangesHolding(address, ranges)
    return holders.length !== 1 || holders[0]?.metadata.name !== range.metadata.name
  })
}

function blocksOf({ spec }: Frozen<ServiceCIDR>): Cidr[] {
  return (spec?.cidrs ?? []).flatMap((text) => parseCidr(text) ?? [])
}

function contains(outer: Cidr, inner: Cidr): boolean {
  return outer.prefixLength <= inner.prefixLength && cidrContains(outer, { version: inner.version, value: inner.base })
}
