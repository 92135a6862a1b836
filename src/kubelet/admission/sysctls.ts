import type { Pod } from '../pod/spec.ts'

/** Namespaced, isolated between pods, and harmless to the node: allowed on every node (upstream's SafeSysctlAllowlist). */
const SAFE: ReadonlySet<string> = new Set([
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.ip_local_reserved_ports',
  'net.ipv4.ip_unprivileged_port_start',
  'net.ipv4.ping_group_range',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
  'net.ipv4.tcp_keepalive_time',
  'net.ipv4.tcp_rmem',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.tcp_wmem',
])

/** The first sysctl that a pod asks for and may not have. */
export function forbiddenSysctl(pod: Pod): string | undefined {
  return pod.spec.securityContext?.sysctls?.find(({ name }) => !SAFE.has(name.replaceAll('/', '.')))?.name
}
