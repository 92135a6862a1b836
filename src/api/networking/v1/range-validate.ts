import { parseCidr } from '../../../lib/ip.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'
import { type FieldError, invalid, required } from '../../../apimachinery/status.ts'
import { validateCanonicalCidr } from '../../../apimachinery/validation/ip.ts'
import { IMMUTABLE } from '../../checks.ts'
import type { ServiceCIDR } from '../../generated/types/networking/v1.ts'

const PATH = 'spec.cidrs'

/** ValidateServiceCIDR, for a new one. */
export function* validateServiceRange({ spec }: Frozen<ServiceCIDR>): Iterable<FieldError> {
  const cidrs = spec?.cidrs ?? []
  if (cidrs.length === 0) return yield required(PATH, 'at least one CIDR required')
  if (cidrs.length > 2) return yield invalid(PATH, { CIDRs: cidrs }, 'may only hold up to 2 values')
  for (const [index, cidr] of cidrs.entries()) yield* validateCanonicalCidr(`${PATH}[${index}]`, cidr)
  const [first, second] = cidrs.map((cidr) => parseCidr(cidr, true)?.version)
  if (cidrs.length === 2 && first !== undefined && first === second) {
    const text = 'may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64'
    yield invalid(PATH, cidrs, text)
  }
}

/** A range may gain the other IP family, and nothing else. */
export function* validateServiceRangeUpdate(now: Frozen<ServiceCIDR>, old: Frozen<ServiceCIDR>): Iterable<FieldError> {
  const cidrs = now.spec?.cidrs ?? []
  const before = old.spec?.cidrs ?? []
  const isGain = before.length === 1 && cidrs.length === 2
  if (before.length !== cidrs.length && !isGain) return yield invalid(PATH, cidrs, IMMUTABLE)
  for (const [index, cidr] of before.entries()) {
    if (cidrs[index] !== cidr) yield invalid(`${PATH}[${index}]`, cidrs[index], IMMUTABLE)
  }
  if (isGain) yield* validateServiceRange(now)
}
