import type { Pod } from '../pod/spec.ts'
import { hostnameOf } from './hostname.ts'

const MANAGED = '# Kubernetes-managed hosts file.'
const MANAGED_HOST_NETWORK = '# Kubernetes-managed hosts file (host network).'

/** The content of a pod's /etc/hosts. On the host's network it is the node's own file with the pod's aliases. */
export function hostsFile(pod: Pod, podIPs: readonly string[], clusterDomain: string, nodeHosts: string): string {
  const aliases = hostAliases(pod)
  if (pod.spec.hostNetwork === true) return `${MANAGED_HOST_NETWORK}\n${nodeHosts}${aliases}`
  const { hostname, domain } = hostnameOf(pod, clusterDomain)
  const names = domain ? `${hostname}.${domain}\t${hostname}` : hostname
  const own = podIPs.map((ip) => `${ip}\t${names}\n`).join('')
  return `${MANAGED}\n${LOOPBACK}${own}${aliases}`
}

const LOOPBACK = [
  '127.0.0.1\tlocalhost',
  '::1\tlocalhost ip6-localhost ip6-loopback',
  'fe00::0\tip6-localnet',
  'fe00::0\tip6-mcastprefix',
  'fe00::1\tip6-allnodes',
  'fe00::2\tip6-allrouters',
  '',
].join('\n')

function hostAliases(pod: Pod): string {
  const aliases = pod.spec.hostAliases ?? []
  if (aliases.length === 0) return ''
  const lines = aliases.map(({ ip, hostnames = [] }) => `${ip}\t${hostnames.join('\t')}`)
  return `\n# Entries added by HostAliases.\n${lines.join('\n')}\n`
}

/** Whether the node agent writes this container's /etc/hosts: it does unless the container mounts its own. */
export function managesHosts(mountPaths: readonly string[]): boolean {
  return !mountPaths.includes('/etc/hosts')
}
