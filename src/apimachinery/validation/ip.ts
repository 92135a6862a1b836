import { goQuote } from '../../lib/quote.ts'
import { formatCidr, formatIp, isMappedIpv4, parseCidr, parseIp, type IpAddress } from '../../lib/ip.ts'
import { type FieldError, invalid } from '../status.ts'

function ipProblems(field: string, value: string): { ip?: IpAddress; errors: FieldError[] } {
  const ip = parseIp(value, true)
  if (!ip) return { errors: [invalid(field, value, 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)')] }
  const errors: FieldError[] = []
  if (!parseIp(value)) errors.push(invalid(field, value, 'must not have leading 0s'))
  if (isMappedIpv4(ip)) errors.push(invalid(field, value, 'must not be an IPv4-mapped IPv6 address'))
  return { ip, errors }
}

/** IsValidIPForLegacyField with strict validation: what an object had before (`old`) stays allowed. */
export function validateIp(field: string, value: string, old: readonly string[] = []): FieldError[] {
  return old.includes(value) ? [] : ipProblems(field, value).errors
}

/** IsValidIP: strict, and in canonical form. */
export function validateCanonicalIp(field: string, value: string): FieldError[] {
  const { ip, errors } = ipProblems(field, value)
  if (errors.length > 0 || !ip || formatIp(ip) === value) return errors
  return [invalid(field, value, `must be in canonical form (${goQuote(formatIp(ip))})`)]
}

/** IsValidCIDRForLegacyField with strict validation. */
export function validateCidr(field: string, value: string, old: readonly string[] = []): FieldError[] {
  if (old.includes(value)) return []
  const cidr = parseCidr(value, true)
  if (!cidr) return [invalid(field, value, 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)')]
  if (!parseCidr(value)) return [invalid(field, value, 'must not have leading 0s in IP or prefix length')]
  if (isMappedIpv4({ version: cidr.version, value: cidr.address })) {
    return [invalid(field, value, 'must not have an IPv4-mapped IPv6 address')]
  }
  if (cidr.address !== cidr.base) return [invalid(field, value, 'must not have bits set beyond the prefix length')]
  return []
}

/** IsValidCIDR: strict, and in canonical form. */
export function validateCanonicalCidr(field: string, value: string): FieldError[] {
  const errors = validateCidr(field, value)
  const cidr = parseCidr(value)
  if (errors.length > 0 || !cidr || formatCidr(cidr) === value) return errors
  return [invalid(field, value, `must be in canonical form (${goQuote(formatCidr(cidr))})`)]
}

const MAPPED_BITS = 96

/** IsValidInterfaceAddress: a whole address with the length of its network, in canonical form. */
export function validateInterfaceAddress(field: string, value: string): FieldError[] {
  const cidr = parseCidr(value, true)
  if (!cidr) {
    return [invalid(field, value, 'must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)')]
  }
  const ip = { version: cidr.version, value: cidr.address }
  const { prefixLength } = cidr
  const length = isMappedIpv4(ip) && prefixLength > 32 ? prefixLength - MAPPED_BITS : prefixLength
  const canonical = `${formatIp(ip)}/${length}`
  return value === canonical ? [] : [invalid(field, value, `must be in canonical form (${goQuote(canonical)})`)]
}

/** GetWarningsForIP. */
export function warnAboutIp(field: string, value: string): string[] {
  const ip = parseIp(value, true)
  if (!ip) return []
  const canonical = formatIp(ip)
  if (!parseIp(value) || isMappedIpv4(ip)) {
    return [`${field}: non-standard IP address ${goQuote(value)} is invalid: use ${goQuote(canonical)}`]
  }
  if (ip.version === 6 && canonical !== value) {
    return [`${field}: IPv6 address ${goQuote(value)} should be in RFC 5952 canonical format (${goQuote(canonical)})`]
  }
  return []
}

/** GetWarningsForCIDR. */
export function warnAboutCidr(field: string, value: string): string[] {
  const cidr = parseCidr(value, true)
  if (!cidr) return []
  const warnings: string[] = []
  const canonical = formatCidr(cidr)
  const { version, address, base } = cidr
  if (address !== base) {
    const single = `${formatIp({ version, value: address })}/${version === 4 ? 32 : 128}`
    warnings.push(
      `${field}: CIDR value ${goQuote(value)} is ambiguous in this context (should be ${goQuote(canonical)} or ${goQuote(single)}?)`,
    )
  }
  if (!parseCidr(value) || isMappedIpv4({ version, value: address })) {
    warnings.push(`${field}: non-standard CIDR value ${goQuote(value)} is invalid: use ${goQuote(canonical)}`)
  }
  if (warnings.length === 0 && version === 6 && canonical !== value) {
    warnings.push(
      `${field}: IPv6 CIDR value ${goQuote(value)} should be in RFC 5952 canonical format (${goQuote(canonical)})`,
    )
  }
  return warnings
}
