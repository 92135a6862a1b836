import type * as cri from '../cri/generated/types.ts'
import type { Init } from '../cri/init.ts'
import { formatPod, type Container, type Pod } from '../pod/spec.ts'

/** The user that an image says it runs as: a number, or a name that only the image knows. */
export interface ImageUser {
  readonly uid?: number
  readonly name: string
}

/** What of the node decides about security contexts. */
export interface SecurityOptions {
  /** Where Localhost seccomp profiles are. */
  readonly seccompRoot: string
  readonly appArmor: boolean
  /** RuntimeDefault for those that name no seccomp profile (upstream's seccompDefault). */
  readonly seccompDefault: boolean
}

/** What a container's security context asks for, with the pod's where it is silent (securitycontext.DetermineEffectiveSecurityContext). */
export function effectiveContext(pod: Pod, container: Container): NonNullable<Container['securityContext']> {
  const { runAsUser, runAsGroup, runAsNonRoot, seccompProfile, appArmorProfile } = pod.spec.securityContext ?? {}
  return {
    ...(runAsUser !== undefined && { runAsUser }),
    ...(runAsGroup !== undefined && { runAsGroup }),
    ...(runAsNonRoot !== undefined && { runAsNonRoot }),
    ...(seccompProfile && { seccompProfile }),
    ...(appArmorProfile && { appArmorProfile }),
    ...container.securityContext,
  }
}

/** Throws, in upstream's words, when a container that must not run as root would, or could. */
export function verifyNonRoot(pod: Pod, container: Container, image: ImageUser): void {
  const { runAsNonRoot, runAsUser } = effectiveContext(pod, container)
  if (runAsNonRoot !== true) return
  const where = `(pod: ${JSON.stringify(formatPod(pod))}, container: ${container.name})`
  if (runAsUser !== undefined) {
    if (runAsUser === 0) throw new Error(`container's runAsUser breaks non-root policy ${where}`)
  } else if (image.uid === 0) {
    throw new Error(`container has runAsNonRoot and image will run as root ${where}`)
  } else if (image.uid === undefined && image.name !== '') {
    throw new Error(
      `container has runAsNonRoot and image has non-numeric user (${image.name}), cannot verify user is non-root ${where}`,
    )
  }
}

/** The container's security context as the runtime takes it. `targetId`: the container whose processes an ephemeral one joins. */
export function linuxSecurityContext(
  pod: Pod,
  container: Container,
  image: ImageUser,
  options: SecurityOptions,
  targetId?: string,
): Init<cri.LinuxContainerSecurityContext> {
  const context = effectiveContext(pod, container)
  const unmasked = context.procMount === 'Unmasked'
  const uid = context.runAsUser ?? image.uid
  return {
    namespaceOptions: namespaceOptions(pod, targetId),
    privileged: context.privileged ?? false,
    readonlyRootfs: context.readOnlyRootFilesystem ?? false,
    noNewPrivs: context.allowPrivilegeEscalation === false,
    ...(uid !== undefined && { runAsUser: { value: uid } }),
    ...(context.runAsUser === undefined && image.uid === undefined && { runAsUsername: image.name }),
    ...(context.runAsGroup !== undefined && { runAsGroup: { value: context.runAsGroup } }),
    ...supplementalGroups(pod),
    ...(context.capabilities && { capabilities: capabilities(context.capabilities) }),
    maskedPaths: unmasked ? [] : MASKED_PATHS,
    readonlyPaths: unmasked ? [] : READONLY_PATHS,
    ...seccomp(context.seccompProfile, context.privileged ?? false, options),
    ...appArmor(pod, container, context.appArmorProfile, options),
  }
}

/** Whose namespaces a pod's containers share. */
export function namespaceOptions(pod: Pod, targetId?: string): Init<cri.NamespaceOption> {
  const ownPid = targetId === undefined ? (pod.spec.shareProcessNamespace === true ? 'POD' : 'CONTAINER') : 'TARGET'
  return {
    network: pod.spec.hostNetwork === true ? 'NODE' : 'POD',
    ipc: pod.spec.hostIPC === true ? 'NODE' : 'POD',
    pid: pod.spec.hostPID === true ? 'NODE' : ownPid,
    ...(targetId !== undefined && { targetId }),
  }
}

/** The groups that processes are in besides their own: fsGroup, and those the pod names. */
export function supplementalGroups(pod: Pod): {
  readonly supplementalGroups: readonly number[]
  readonly supplementalGroupsPolicy: cri.SupplementalGroupsPolicy
} {
  const { fsGroup, supplementalGroups: groups = [], supplementalGroupsPolicy } = pod.spec.securityContext ?? {}
  return {
    supplementalGroups: fsGroup === undefined ? groups : [fsGroup, ...groups],
    supplementalGroupsPolicy: supplementalGroupsPolicy ?? 'Merge',
  }
}

/** Names are given without `CAP_`, as the runtime wants them. */
function capabilities({
  add = [],
  drop = [],
}: {
  readonly add?: readonly string[]
  readonly drop?: readonly string[]
}): Init<cri.Capability> {
  return { addCapabilities: add, dropCapabilities: drop }
}

type Profile = { readonly type: string; readonly localhostProfile?: string } | undefined

function seccomp(
  profile: Profile,
  privileged: boolean,
  options: SecurityOptions,
): { seccomp: Init<cri.SecurityProfile> } {
  if (privileged) return { seccomp: { profileType: 'Unconfined' } }
  if (profile?.type === 'Localhost')
    return { seccomp: { profileType: 'Localhost', localhostRef: `${options.seccompRoot}/${profile.localhostProfile}` } }
  const runtimeDefault = profile ? profile.type === 'RuntimeDefault' : options.seccompDefault
  return { seccomp: { profileType: runtimeDefault ? 'RuntimeDefault' : 'Unconfined' } }
}

const APPARMOR_ANNOTATION = 'container.apparmor.security.beta.kubernetes.io/'

function appArmor(
  pod: Pod,
  container: Container,
  profile: Profile,
  { appArmor: enabled }: SecurityOptions,
): { apparmor?: Init<cri.SecurityProfile> } {
  if (!enabled) return {}
  const chosen = profile ?? appArmorAnnotation(pod.metadata.annotations?.[APPARMOR_ANNOTATION + container.name])
  if (!chosen) return {}
  if (chosen.type !== 'Localhost')
    return { apparmor: { profileType: chosen.type === 'Unconfined' ? 'Unconfined' : 'RuntimeDefault' } }
  return { apparmor: { profileType: 'Localhost', localhostRef: chosen.localhostProfile ?? '' } }
}

/** The annotation that stood for the field before 1.30. */
function appArmorAnnotation(value: string | undefined): Profile {
  if (value === 'unconfined') return { type: 'Unconfined' }
  if (value?.startsWith('localhost/') === true)
    return { type: 'Localhost', localhostProfile: value.slice('localhost/'.length) }
  return value === 'runtime/default' ? { type: 'RuntimeDefault' } : undefined
}

/** Hidden from containers unless procMount is Unmasked (securitycontext's defaultMaskedPaths). */
const MASKED_PATHS: readonly string[] = [
  '/proc/asound',
  '/proc/acpi',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/sys/firmware',
  '/sys/devices/virtual/powercap',
]

/** Not to be written by containers unless procMount is Unmasked. */
const READONLY_PATHS: readonly string[] = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger']
