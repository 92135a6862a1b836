import { cidrContains, type IpAddress, isMappedIpv4, parseCidr, parseIp } from '../../../lib/ip.ts'
import { type FieldError, invalid } from '../../../apimachinery/status.ts'

const LOOPBACK = ['127.0.0.0/8', '::1/128']
const LINK_LOCAL = ['169.254.0.0/16', 'fe80::/10']
const LINK_LOCAL_MULTICAST = ['224.0.0.0/24', 'ff02::/16']

/** ValidateEndpointIP: an address that traffic may be sent to. */
export function validateEndpointIp(field: string, text: string): FieldError[] {
  const parsed = parseIp(text, true)
  if (!parsed) return [invalid(field, text, 'must be a valid IP address')]
  const ip: IpAddress = isMappedIpv4(parsed) ? { version: 4, value: parsed.value & 0xffffffffn } : parsed
  const isIn = (blocks: readonly string[]): boolean =>
    blocks.some((block) => {
      const cidr = parseCidr(block)
      return cidr !== undefined && cidrContains(cidr, ip)
    })
  const errors: FieldError[] = []
  if (ip.value === 0n) errors.push(invalid(field, text, `may not be unspecified (${text})`))
  if (isIn(LOOPBACK)) {
    errors.push(invalid(field, text, 'may not be in the loopback range (127.0.0.0/8, ::1/128)'))
  }
  if (isIn(LINK_LOCAL)) {
    errors.push(invalid(field, text, 'may not be in the link-local range (169.254.0.0/16, fe80::/10)'))
  }
  if (isIn(LINK_LOCAL_MULTICAST)) {
    errors.push(invalid(field, text, 'may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)'))
  }
  return errors
}
