import type { Frozen } from '../../../apimachinery/meta.ts'
import { warnAboutCidr, warnAboutIp } from '../../../apimachinery/validation/ip.ts'
import type { Service } from '../../generated/types/core/v1.ts'

/** A Service without an address of its own: its name leads to its pods. */
export function isHeadless({ spec }: Frozen<Service>): boolean {
  return spec.type === 'ClusterIP' && spec.clusterIP === 'None'
}

/** GetWarningsForService: fields without effect, deprecated ones, odd spellings of addresses. */
export function* serviceWarnings(service: Frozen<Service>): Iterable<string> {
  const { metadata, spec } = service
  const externalIPs = spec.externalIPs ?? []
  const headless = isHeadless(service)
  if ('service.kubernetes.io/topology-aware-hints' in (metadata.annotations ?? {})) {
    yield 'annotation service.kubernetes.io/topology-aware-hints is deprecated, please use service.kubernetes.io/topology-mode instead'
  }
  if (spec.clusterIP && spec.clusterIP !== 'None') {
    for (const [index, ip] of (spec.clusterIPs ?? []).entries()) yield* warnAboutIp(`spec.clusterIPs[${index}]`, ip)
  }
  if (headless) {
    if (spec.loadBalancerIP) yield 'spec.loadBalancerIP is ignored for headless services'
    if (externalIPs.length > 0) yield 'spec.externalIPs is ignored for headless services'
    if (spec.sessionAffinity !== 'None') yield 'spec.SessionAffinity is ignored for headless services'
  }
  for (const [index, ip] of externalIPs.entries()) yield* warnAboutIp(`spec.externalIPs[${index}]`, ip)
  if (externalIPs.length > 0 && !headless && spec.type !== 'ExternalName') {
    yield 'spec.externalIPs is deprecated and may no longer be implemented in some clusters'
  }
  if (spec.loadBalancerIP) yield* warnAboutIp('spec.loadBalancerIP', spec.loadBalancerIP)
  for (const [index, cidr] of (spec.loadBalancerSourceRanges ?? []).entries()) {
    yield* warnAboutCidr(`spec.loadBalancerSourceRanges[${index}]`, cidr)
  }
  yield* typeWarnings(service)
}

function* typeWarnings({ spec }: Frozen<Service>): Iterable<string> {
  if (spec.type === 'ExternalName' && (spec.externalIPs ?? []).length > 0) {
    yield 'spec.externalIPs is ignored when spec.type is "ExternalName"'
  }
  if (spec.type !== 'ExternalName' && spec.externalName) {
    yield 'spec.externalName is ignored when spec.type is not "ExternalName"'
  }
  if (spec.trafficDistribution === 'PreferClose') {
    yield 'spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"'
  }
}
