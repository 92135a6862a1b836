import { parseIp } from '../../../lib/ip.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'
import { duplicate, type FieldError, invalid, notSupported, required } from '../../../apimachinery/status.ts'
import { validateIp } from '../../../apimachinery/validation/ip.ts'
import { supported } from '../../checks.ts'
import type { ServiceSpec } from '../../generated/types/core/v1.ts'

const FAMILIES = ['IPv4', 'IPv6']
const POLICIES = ['PreferDualStack', 'RequireDualStack', 'SingleStack']

/** ValidateServiceClusterIPsRelatedFields: both fields agree, and addresses fit their families. */
export function* validateClusterIps(spec: Frozen<ServiceSpec>): Iterable<FieldError> {
  if (spec.type === 'ExternalName') return
  const { clusterIP, clusterIPs: ips = [], ipFamilies = [] } = spec
  const field = 'spec.clusterIPs'
  if (clusterIP) {
    if (ips.length === 0) yield required(field)
    else if (ips[0] !== clusterIP) yield invalid(field, ips, 'first value must match `clusterIP`')
  } else if (ips.length > 0) yield invalid(field, ips, 'must be empty when `clusterIP` is not specified')
  for (const [index, family] of ipFamilies.entries()) {
    const at = `spec.ipFamilies[${index}]`
    if (!FAMILIES.includes(family)) yield notSupported(at, family, FAMILIES)
    if (ipFamilies.indexOf(family) < index) yield duplicate(at, family)
  }
  yield* supported('spec.ipFamilyPolicy', spec.ipFamilyPolicy, POLICIES)
  const wrong = [...validateAddresses(ips, field)]
  yield* wrong
  if (ips.length > 2) yield invalid(field, ips, 'may only hold up to 2 values')
  if (wrong.length > 0) return
  if (ips.length > 1 && new Set(ips.map((ip) => parseIp(ip)?.version)).size < 2) {
    yield invalid(field, ips, 'may specify no more than one IP for each IP family')
  }
  yield* validateFamilies(ips, ipFamilies, field)
}

function* validateAddresses(ips: readonly string[], field: string): Iterable<FieldError> {
  for (const [index, ip] of ips.entries()) {
    if (index > 0 || ip !== 'None') yield* validateIp(`${field}[${index}]`, ip)
    else if (ips.length > 1) yield invalid(field, ips, "'None' must be the first and only value")
  }
}

function* validateFamilies(ips: readonly string[], families: readonly string[], field: string): Iterable<FieldError> {
  for (const [index, ip] of ips.entries()) {
    const family = families[index]
    const version = parseIp(ip)?.version
    if (version === undefined || family === undefined) continue
    const wanted = family === 'IPv4' ? 4 : family === 'IPv6' ? 6 : version
    if (wanted === version) continue
    const text = `expected an IPv${wanted} value as indicated by \`ipFamilies[${index}]\``
    yield invalid(`${field}[${index}]`, ip, text)
  }
}
