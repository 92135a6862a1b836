import type { Pod } from '../pod/spec.ts'

const MAX_HOSTNAME = 63
const MAX_FQDN = 64

/** A pod's host name, and the domain it is in; empty without a subdomain. */
export function hostnameOf(pod: Pod, clusterDomain: string): { readonly hostname: string; readonly domain: string } {
  const { hostname, subdomain, hostnameOverride } = pod.spec
  if (hostnameOverride) return { hostname: hostnameOverride, domain: '' }
  const domain = subdomain ? `${subdomain}.${pod.metadata.namespace}.svc.${clusterDomain}` : ''
  return { hostname: hostname ? hostname : truncated(pod.metadata.name ?? ''), domain }
}

/** What the kernel is told: the host name, or with setHostnameAsFQDN the whole name. Throws when that is too long. */
export function nodeHostname(pod: Pod, clusterDomain: string): string {
  const { hostname, domain } = hostnameOf(pod, clusterDomain)
  if (pod.spec.setHostnameAsFQDN !== true || domain === '') return hostname
  const fqdn = `${hostname}.${domain}`
  if (fqdn.length > MAX_FQDN)
    throw new Error(
      `failed to construct FQDN from pod hostname and cluster domain, FQDN ${fqdn} is too long (${MAX_FQDN} characters is the max, ${fqdn.length} characters requested)`,
    )
  return fqdn
}

/** A host name may have 63 characters and not end in `-` or `.`. */
function truncated(name: string): string {
  return name.slice(0, MAX_HOSTNAME).replace(/[-.]+$/, '')
}
