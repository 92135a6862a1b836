import { validateClusterIps } from '../../../api/core/v1/service-cluster-ips.ts'
import type { Service, ServiceSpec } from '../../../api/generated/types/core/v1.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'
import { type FieldError, invalid, invalidObject } from '../../../apimachinery/status.ts'
import { parseIp } from '../../../lib/ip.ts'
import { familyOf, type IpFamily } from './cluster-ips.ts'

type Spec = Frozen<ServiceSpec>

const SERVICE = { group: '', kind: 'Service' }

const other = (family: string): IpFamily => (family === 'IPv4' ? 'IPv6' : 'IPv4')
const isHeadless = ({ clusterIP }: Spec): boolean => clusterIP === 'None'
const hasSelector = ({ selector }: Spec): boolean => Object.keys(selector ?? {}).length > 0

/**
 * Fills ipFamilyPolicy and ipFamilies by what the Service asks for and the cluster has (upstream's initIPFamilyFields). Throws 422.
 */
export function initFamilies(
  service: Service,
  old: Frozen<Service> | undefined,
  configured: readonly IpFamily[],
): void {
  const spec = service.spec
  if (spec.type === 'ExternalName' || keepsDualStack(spec, old?.spec)) return
  spec.ipFamilyPolicy ??=
    old?.spec.ipFamilyPolicy ?? (isHeadless(spec) && !hasSelector(spec) ? 'RequireDualStack' : 'SingleStack')
  refuse(service, [...validateClusterIps(spec)])
  const errors: FieldError[] = old ? releaseErrors(spec, old.spec) : []
  errors.push(...singleStackErrors(spec), ...inferFamilies(spec, configured))
  refuse(service, errors)
  if (isHeadless(spec) && !hasSelector(spec)) return completeSelectorless(spec, configured)
  refuse(service, configuredErrors(spec, configured))
  const families = (spec.ipFamilies ??= [])
  if (families.length === 0) families.push(configured[0] ?? 'IPv4')
  if (spec.ipFamilyPolicy !== 'SingleStack' && families.length === 1 && configured.length === 2) {
    families.push(other(families[0] ?? ''))
  }
}

function refuse(service: Service, errors: readonly FieldError[]): void {
  if (errors.length > 0) throw invalidObject(SERVICE, service.metadata.name ?? '', errors)
}

/** A PreferDualStack Service is not moved between one and two families just because the cluster changed. */
export function keepsDualStack(spec: Spec, old: Spec | undefined): boolean {
  return (
    old !== undefined &&
    spec.ipFamilyPolicy === 'PreferDualStack' &&
    (old.ipFamilyPolicy ?? 'PreferDualStack') === 'PreferDualStack' &&
    old.type === spec.type &&
    same(old.clusterIPs, spec.clusterIPs) &&
    same(old.ipFamilies, spec.ipFamilies)
  )
}

function same(a: readonly string[] = [], b: readonly string[] = []): boolean {
  return a.length === b.length && a.every((value, index) => value === b[index])
}

/** Going to single stack releases what is second, if the client left it as it was; otherwise it must say so. */
function releaseErrors(spec: ServiceSpec, old: Spec): FieldError[] {
  const { clusterIPs = [], ipFamilies = [] } = spec
  if (spec.ipFamilyPolicy === 'SingleStack') {
    if (same(old.clusterIPs, clusterIPs) && clusterIPs.length > 1) spec.clusterIPs = clusterIPs.slice(0, 1)
    if (same(old.ipFamilies, ipFamilies) && ipFamilies.length > 1) spec.ipFamilies = ipFamilies.slice(0, 1)
    return []
  }
  const errors: FieldError[] = []
  const must = (what: string): FieldError =>
    invalid('spec.ipFamilyPolicy', spec.ipFamilyPolicy, `must be 'SingleStack' to release the secondary ${what}`)
  if (reduced(clusterIPs, old.clusterIPs)) errors.push(must('cluster IP'))
  if (reduced(ipFamilies, old.ipFamilies)) errors.push(must('IP family'))
  return errors
}

/** Whether the second is gone though the first stands; an empty list is no wish at all. */
function reduced(now: readonly string[], before: readonly string[] = []): boolean {
  return now.length === 1 && before.length === 2 && now[0] === before[0]
}

function singleStackErrors({ ipFamilyPolicy, clusterIPs = [], ipFamilies = [] }: Spec): FieldError[] {
  if (ipFamilyPolicy !== 'SingleStack') return []
  const must = (what: string): FieldError =>
    invalid(
      'spec.ipFamilyPolicy',
      ipFamilyPolicy,
      `must be 'RequireDualStack' or 'PreferDualStack' when multiple ${what} are specified`,
    )
  return [
    ...(clusterIPs.length === 2 ? [must('cluster IPs')] : []),
    ...(ipFamilies.length === 2 ? [must('IP families')] : []),
  ]
}

function inferFamilies(spec: ServiceSpec, configured: readonly IpFamily[]): FieldError[] {
  const errors: FieldError[] = []
  for (const [index, text] of (spec.clusterIPs ?? []).entries()) {
    if (text === 'None') break
    const ip = parseIp(text, true)
    if (!ip || index < (spec.ipFamilies?.length ?? 0)) continue
    const family = familyOf(ip)
    if (configured.includes(family)) (spec.ipFamilies ??= []).push(family)
    else
      errors.push(invalid(`spec.clusterIPs[${index}]`, spec.clusterIPs, `${family} is not configured on this cluster`))
  }
  return errors
}

/** Without cluster IP and selector nobody knows what endpoints will come: both families may. */
function completeSelectorless(spec: ServiceSpec, configured: readonly IpFamily[]): void {
  const families = (spec.ipFamilies ??= [])
  if (families.length === 0) families.push(configured[0] ?? 'IPv4')
  if (families.length < 2 && spec.ipFamilyPolicy !== 'SingleStack') families.push(other(families[0] ?? ''))
}

function configuredErrors({ ipFamilyPolicy, ipFamilies = [] }: Spec, configured: readonly IpFamily[]): FieldError[] {
  const errors: FieldError[] = []
  if (ipFamilyPolicy === 'RequireDualStack' && configured.length < 2) {
    const why = 'this cluster is not configured for dual-stack services'
    errors.push(invalid('spec.ipFamilyPolicy', ipFamilyPolicy, why))
  }
  for (const [index, family] of ipFamilies.entries()) {
    if (configured.includes(family as IpFamily)) continue
    errors.push(invalid(`spec.ipFamilies[${index}]`, family, 'not configured on this cluster'))
  }
  return errors
}

/** What must hold before anything can be allocated (upstream's ValidateServiceClusterIPsRelatedFields). */
