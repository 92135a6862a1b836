import { getOwn } from '../../../lib/own.ts'
import type { Container, Probe, SecurityContext } from '../../../api/generated/types/core/v1.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'
import {
  type Check,
  containersOf,
  containersWhere,
  isRemapped,
  named,
  plural,
  type PodLike,
  quoted,
  setters,
  sorted,
  type Violation,
} from './check.ts'

const APP_ARMOR = 'container.apparmor.security.beta.kubernetes.io/'
const CAPABILITIES: ReadonlySet<string> = new Set(
  'AUDIT_WRITE CHOWN DAC_OVERRIDE FOWNER FSETID KILL MKNOD NET_BIND_SERVICE SETFCAP SETGID SETPCAP SETUID SYS_CHROOT'.split(
    ' ',
  ),
)

/** Safe sysctls, by the minor version that added them. */
const SYSCTLS: Readonly<Record<string, number>> = {
  'kernel.shm_rmid_forced': 0,
  'net.ipv4.ip_local_port_range': 0,
  'net.ipv4.tcp_syncookies': 0,
  'net.ipv4.ping_group_range': 0,
  'net.ipv4.ip_unprivileged_port_start': 0,
  'net.ipv4.ip_local_reserved_ports': 27,
  'net.ipv4.tcp_keepalive_time': 29,
  'net.ipv4.tcp_fin_timeout': 29,
  'net.ipv4.tcp_keepalive_intvl': 29,
  'net.ipv4.tcp_keepalive_probes': 29,
  'net.ipv4.tcp_rmem': 32,
  'net.ipv4.tcp_wmem': 32,
}

/** What the baseline level forbids, in the order of their ids. */
export const BASELINE: readonly Check[] = [
  { id: 'appArmorProfile', since: 0, find: appArmor },
  { id: 'capabilities_baseline', since: 0, find: capabilities },
  { id: 'hostNamespaces', since: 0, find: hostNamespaces },
  { id: 'hostPathVolumes', since: 0, find: hostPaths },
  { id: 'hostPorts', since: 0, find: hostPorts },
  { id: 'hostProbesAndHostLifecycle', since: 34, find: probeHosts },
  { id: 'privileged', since: 0, find: privileged },
  { id: 'procMount', since: 0, find: (pod, minor) => (isRemapped(pod, minor) ? undefined : procMount(pod)) },
  { id: 'seLinuxOptions', since: 0, find: seLinux },
  {
    id: 'seccompProfile_baseline',
    since: 0,
    find: (pod, minor) => (minor < 19 ? seccompAnnotations(pod) : seccomp(pod)),
  },
  { id: 'sysctls', since: 0, find: sysctls },
  { id: 'windowsHostProcess', since: 0, find: hostProcess },
]

function appArmor(pod: PodLike): Violation | undefined {
  const bad = (type: string | undefined): boolean =>
    type !== undefined && !['RuntimeDefault', 'Localhost'].includes(type)
  const ofPod = pod.spec.securityContext?.appArmorProfile?.type
  const containers = containersWhere(pod, ({ appArmorProfile }) => bad(appArmorProfile?.type))
  const types = containersOf(pod).map(({ securityContext }) => securityContext?.appArmorProfile?.type)
  const values = sorted([ofPod, ...types].filter((type) => type !== undefined && bad(type)) as string[])
  const annotations = sorted(
    Object.entries(pod.metadata.annotations ?? {})
      .filter(([key, value]) => key.startsWith(APP_ARMOR) && !/^($|runtime\/default$|localhost\/)/.test(value))
      .map(([key, value]) => `${key}=${JSON.stringify(value)}`),
  )
  const who = [
    setters(bad(ofPod), containers),
    annotations.length > 0 ? plural(annotations.length, 'annotation') : '',
  ].filter(Boolean)
  if (who.length === 0) return undefined
  const all = [...values, ...annotations]
  return {
    reason: plural(all.length, 'forbidden AppArmor profile'),
    detail: `${who.join(' and ')} must not set AppArmor profile type to ${all.map((value) => `"${value}"`).join(', ')}`,
  }
}

function capabilities(pod: PodLike): Violation | undefined {
  const extra = ({ capabilities: own }: Frozen<SecurityContext>): string[] =>
    (own?.add ?? []).filter((name) => !CAPABILITIES.has(name))
  const containers = containersWhere(pod, (context) => extra(context).length > 0)
  if (containers.length === 0) return undefined
  const names = sorted(containersOf(pod).flatMap(({ securityContext }) => extra(securityContext ?? {})))
  const detail = `${named(containers)} must not include ${quoted(names)} in securityContext.capabilities.add`
  return { reason: 'non-default capabilities', detail }
}

function hostNamespaces({ spec }: PodLike): Violation | undefined {
  const shared = (['hostNetwork', 'hostPID', 'hostIPC'] as const).filter((field) => spec[field])
  if (shared.length === 0) return undefined
  return { reason: 'host namespaces', detail: shared.map((field) => `${field}=true`).join(', ') }
}

function hostPaths({ spec }: PodLike): Violation | undefined {
  const names = (spec.volumes ?? []).filter(({ hostPath }) => hostPath).map(({ name }) => name)
  if (names.length === 0) return undefined
  return { reason: 'hostPath volumes', detail: `${plural(names.length, 'volume')} ${quoted(names)}` }
}

function hostPorts(pod: PodLike): Violation | undefined {
  const of = ({ ports }: Frozen<Container>): string[] =>
    (ports ?? []).flatMap((port) => (port.hostPort ? [`${port.hostPort}`] : []))
  const containers = containersOf(pod).filter((container) => of(container).length > 0)
  if (containers.length === 0) return undefined
  const ports = sorted(containers.flatMap(of))
  const who = named(containers.map(({ name }) => name))
  const uses = plural(containers.length, 'uses', 'use')
  return { reason: 'hostPort', detail: `${who} ${uses} ${plural(ports.length, 'hostPort')} ${ports.join(', ')}` }
}

function probeHosts(pod: PodLike): Violation | undefined {
  const host = (handler: Frozen<Pick<Probe, 'httpGet' | 'tcpSocket'>> | undefined): string[] =>
    [handler?.httpGet?.host, handler?.tcpSocket?.host].filter((name): name is string => Boolean(name))
  const of = ({ livenessProbe, readinessProbe, startupProbe, lifecycle }: Frozen<Container>): string[] =>
    [livenessProbe, readinessProbe, startupProbe, lifecycle?.postStart, lifecycle?.preStop].flatMap(host)
  const containers = sorted(containersOf(pod).flatMap((one) => (of(one).length > 0 ? [one.name] : [])))
  if (containers.length === 0) return undefined
  const hosts = sorted(containersOf(pod).flatMap(of))
  const uses = plural(containers.length, 'uses', 'use')
  const what = plural(hosts.length, 'probe or lifecycle host')
  return { reason: 'probe or lifecycle host', detail: `${named(containers)} ${uses} ${what} ${quoted(hosts)}` }
}

function privileged(pod: PodLike): Violation | undefined {
  const containers = containersWhere(pod, (context) => context.privileged === true)
  if (containers.length === 0) return undefined
  return { reason: 'privileged', detail: `${named(containers)} must not set securityContext.privileged=true` }
}

/** Also of the restricted level, where user namespaces are no excuse. */
export function procMount(pod: PodLike): Violation | undefined {
  const bad = ({ procMount: own }: Frozen<SecurityContext>): boolean => own !== undefined && own !== 'Default'
  const containers = containersWhere(pod, bad)
  if (containers.length === 0) return undefined
  const types = sorted(
    containersOf(pod).flatMap(({ securityContext: own }) =>
      own?.procMount !== undefined && bad(own) ? [own.procMount] : [],
    ),
  )
  return {
    reason: 'procMount',
    detail: `${named(containers)} must not set securityContext.procMount to ${quoted(types)}`,
  }
}

function seLinux(pod: PodLike, minor: number): Violation | undefined {
  const types = [
    '',
    'container_t',
    'container_init_t',
    'container_kvm_t',
    ...(minor >= 31 ? ['container_engine_t'] : []),
  ]
  const bad = ({ seLinuxOptions: own }: Pick<Frozen<SecurityContext>, 'seLinuxOptions'>): boolean =>
    own !== undefined && (!types.includes(own.type ?? '') || Boolean(own.user) || Boolean(own.role))
  const ofPod = pod.spec.securityContext ?? {}
  const who = setters(bad(ofPod), containersWhere(pod, bad))
  if (!who) return undefined
  const all = [ofPod, ...containersOf(pod).map(({ securityContext }) => securityContext ?? {})].filter(bad)
  const badTypes = sorted(
    all.flatMap(({ seLinuxOptions: own }) => (own?.type && !types.includes(own.type) ? [own.type] : [])),
  )
  const data = [
    ...(badTypes.length > 0 ? [`${plural(badTypes.length, 'type')} ${quoted(badTypes)}`] : []),
    ...(all.some(({ seLinuxOptions }) => seLinuxOptions?.user) ? ['user may not be set'] : []),
    ...(all.some(({ seLinuxOptions }) => seLinuxOptions?.role) ? ['role may not be set'] : []),
  ]
  return { reason: 'seLinuxOptions', detail: `${who} set forbidden securityContext.seLinuxOptions: ${data.join('; ')}` }
}

const POD_SECCOMP = 'seccomp.security.alpha.kubernetes.io/pod'
const CONTAINER_SECCOMP = 'container.seccomp.security.alpha.kubernetes.io/'

/** Before there were fields (1.19) annotations said it. */
function seccompAnnotations(pod: PodLike): Violation | undefined {
  const keys = [POD_SECCOMP, ...containersOf(pod).map(({ name }) => CONTAINER_SECCOMP + name)]
  const bad = keys.flatMap((key) => {
    const value = pod.metadata.annotations?.[key]
    if (value === undefined || /^(runtime\/default$|docker\/default$|localhost\/)/.test(value)) return []
    return [`${key}=${JSON.stringify(value)}`]
  })
  const told = sorted(bad)
  if (told.length === 0) return undefined
  return { reason: 'seccompProfile', detail: `forbidden ${plural(told.length, 'annotation')} ${told.join(', ')}` }
}

/** Also the first half of the restricted level's rule. */
export function seccomp(pod: PodLike): Violation | undefined {
  const bad = ({ seccompProfile: own }: Pick<Frozen<SecurityContext>, 'seccompProfile'>): boolean =>
    own !== undefined && !['RuntimeDefault', 'Localhost'].includes(own.type ?? '')
  const ofPod = pod.spec.securityContext ?? {}
  const who = setters(bad(ofPod), containersWhere(pod, bad))
  if (!who) return undefined
  const all = [ofPod, ...containersOf(pod).map(({ securityContext }) => securityContext ?? {})].filter(bad)
  const types = sorted(all.map(({ seccompProfile }) => seccompProfile?.type ?? ''))
  return {
    reason: 'seccompProfile',
    detail: `${who} must not set securityContext.seccompProfile.type to ${quoted(types)}`,
  }
}

function sysctls({ spec }: PodLike, minor: number): Violation | undefined {
  const names = (spec.securityContext?.sysctls ?? []).map(({ name }) => name)
  const forbidden = names.filter((name) => (getOwn(SYSCTLS, name) ?? Infinity) > minor)
  return forbidden.length > 0 ? { reason: 'forbidden sysctls', detail: forbidden.join(', ') } : undefined
}

function hostProcess(pod: PodLike): Violation | undefined {
  const bad = ({ windowsOptions }: Pick<Frozen<SecurityContext>, 'windowsOptions'>): boolean =>
    windowsOptions?.hostProcess === true
  const who = setters(bad(pod.spec.securityContext ?? {}), containersWhere(pod, bad))
  if (!who) return undefined
  return { reason: 'hostProcess', detail: `${who} must not set securityContext.windowsOptions.hostProcess=true` }
}
