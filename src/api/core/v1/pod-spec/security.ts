import type { Frozen } from '../../../../apimachinery/meta.ts'
import {
  duplicate,
  type FieldError,
  invalid,
  notSupported,
  ratcheted,
  required,
  tooLong,
} from '../../../../apimachinery/status.ts'
import { byteLength, isUserOrGroupId } from '../../../../apimachinery/validation/names.ts'
import { oneOf, problems, supported } from '../../../checks.ts'
import { internalForm } from '../../../internal-form.ts'
import type {
  AppArmorProfile,
  PodSecurityContext,
  PodSpec,
  SeccompProfile,
  SecurityContext,
} from '../../../generated/types/core/v1.ts'
import { localDescendingPath } from './paths.ts'
import { validateWindowsOptions } from './windows.ts'

const userId = (field: string, id: number | undefined): FieldError[] =>
  id === undefined ? [] : problems(field, id, isUserOrGroupId(id))

/** ValidateSecurityContext, of a container. Privileged containers are allowed, as the API server's default is. */
export function* validateSecurityContext(
  context: Frozen<SecurityContext> | undefined,
  hostUsers: boolean,
  path: string,
): Iterable<FieldError> {
  if (!context) return
  const { procMount, capabilities, allowPrivilegeEscalation, privileged } = context
  yield* userId(`${path}.runAsUser`, context.runAsUser)
  yield* userId(`${path}.runAsGroup`, context.runAsGroup)
  yield* supported(`${path}.procMount`, procMount, ['Default', 'Unmasked'])
  if (hostUsers && procMount === 'Unmasked') {
    yield invalid(`${path}.procMount`, procMount, '`hostUsers` must be false to use `Unmasked`')
  }
  yield* validateSeccomp(context.seccompProfile, `${path}.seccompProfile`)
  if (allowPrivilegeEscalation === false) {
    if (privileged) {
      yield invalid(
        path,
        shownContext(context),
        'cannot set `allowPrivilegeEscalation` to false and `privileged` to true',
      )
    }
    if (capabilities?.add?.includes('CAP_SYS_ADMIN')) {
      const text = 'cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN'
      yield invalid(path, shownContext(context), text)
    }
  }
  yield* validateWindowsOptions(context.windowsOptions, `${path}.windowsOptions`)
  yield* validateAppArmor(context.appArmorProfile, `${path}.appArmorProfile`)
}

const shownContext = (context: Frozen<SecurityContext>): unknown =>
  internalForm('io.k8s.api.core.v1.SecurityContext', context)

/** validatePodSpecSecurityContext. */
export function* validatePodSecurityContext(spec: Frozen<PodSpec>, path: string): Iterable<FieldError> {
  const context = spec.securityContext
  if (!context) return
  yield* userId(`${path}.fsGroup`, context.fsGroup)
  yield* userId(`${path}.runAsUser`, context.runAsUser)
  yield* userId(`${path}.runAsGroup`, context.runAsGroup)
  for (const [index, id] of (context.supplementalGroups ?? []).entries()) {
    yield* userId(`${path}.supplementalGroups[${index}]`, id)
  }
  if (spec.shareProcessNamespace && spec.hostPID) {
    const text = 'ShareProcessNamespace and HostPID cannot both be enabled'
    yield invalid(`${path}.shareProcessNamespace`, true, text)
  }
  yield* validateSysctls(context, spec, `${path}.sysctls`)
  yield* supported(`${path}.fsGroupChangePolicy`, context.fsGroupChangePolicy, ['Always', 'OnRootMismatch'])
  yield* validateSeccomp(context.seccompProfile, `${path}.seccompProfile`)
  yield* validateWindowsOptions(context.windowsOptions, `${path}.windowsOptions`)
  yield* validateAppArmor(context.appArmorProfile, `${path}.appArmorProfile`)
  yield* supported(`${path}.supplementalGroupsPolicy`, context.supplementalGroupsPolicy, ['Merge', 'Strict'])
  // The feature gate SELinuxMount is off: what mounts with the option is not allowed.
  yield* supported(`${path}.seLinuxChangePolicy`, context.seLinuxChangePolicy, ['Recursive'])
}

const SYSCTL_SEGMENT = '[a-z0-9]([-_a-z0-9]*[a-z0-9])?'
const SYSCTL = `^(${SYSCTL_SEGMENT}[\\./])*${SYSCTL_SEGMENT}$`
const SYSCTL_MAX = 253
const HOST_SYSCTLS = "sysctls of the host's namespaces"

function* validateSysctls(
  { sysctls = [] }: Frozen<PodSecurityContext>,
  spec: Frozen<PodSpec>,
  path: string,
): Iterable<FieldError> {
  const names = new Set<string>()
  for (const [index, { name }] of sysctls.entries()) {
    const field = `${path}[${index}].name`
    if (!name) yield required(field)
    else if (name.length > SYSCTL_MAX || !new RegExp(SYSCTL).test(name)) {
      yield invalid(field, name, `must have at most ${SYSCTL_MAX} characters and match regex ${SYSCTL}`)
    } else if (names.has(name)) yield duplicate(field, name)
    names.add(name)
    const namespace = sysctlNamespace(name)
    if (spec.hostNetwork && namespace === 'net') {
      yield* ratcheted(HOST_SYSCTLS, [invalid(field, name, "may not be specified when 'hostNetwork' is true")])
    } else if (spec.hostIPC && namespace === 'ipc') {
      yield* ratcheted(HOST_SYSCTLS, [invalid(field, name, "may not be specified when 'hostIPC' is true")])
    }
  }
}

const IPC_SYSCTLS = new Set([
  'kernel.sem',
  'kernel.msgmax',
  'kernel.msgmnb',
  'kernel.msgmni',
  'kernel.shmall',
  'kernel.shmmax',
  'kernel.shmmni',
  'kernel.shm_rmid_forced',
  'kernel.shm',
])

/** The kernel namespace a sysctl belongs to; slashes and dots may both separate. */
function sysctlNamespace(name: string): 'net' | 'ipc' | undefined {
  const slash = name.indexOf('/')
  const dot = name.indexOf('.')
  const dotted = slash >= 0 && (dot < 0 || slash < dot) ? name.replaceAll('/', '.') : name
  if (dotted.startsWith('net.')) return 'net'
  return IPC_SYSCTLS.has(dotted) || dotted.startsWith('fs.mqueue.') ? 'ipc' : undefined
}

const PROFILES = ['Localhost', 'RuntimeDefault', 'Unconfined']

function* validateSeccomp(profile: Frozen<SeccompProfile> | undefined, path: string): Iterable<FieldError> {
  if (!profile) return
  const { type, localhostProfile } = profile
  if (!type) yield required(`${path}.type`, 'type is required when seccompProfile is set')
  else yield* oneOf(`${path}.type`, type, PROFILES)
  const field = `${path}.localhostProfile`
  if (type !== 'Localhost') {
    if (localhostProfile !== undefined) {
      yield invalid(
        field,
        { Type: type, LocalhostProfile: localhostProfile },
        'can only be set when seccomp type is Localhost',
      )
    }
  } else if (localhostProfile === undefined) yield required(field, 'must be set when seccomp type is Localhost')
  else yield* localDescendingPath(field, localhostProfile)
}

const LOCALHOST_PROFILE_MAX = 4095

function* validateAppArmor(profile: Frozen<AppArmorProfile> | undefined, path: string): Iterable<FieldError> {
  if (!profile) return
  const { type, localhostProfile: name } = profile
  const field = `${path}.localhostProfile`
  if (!type) return yield required(`${path}.type`, 'type is required when appArmorProfile is set')
  if (!PROFILES.includes(type)) return yield notSupported(`${path}.type`, type, PROFILES)
  if (type !== 'Localhost') {
    if (name !== undefined) yield invalid(field, name, 'can only be set when AppArmor type is Localhost')
    return
  }
  if (name === undefined) return yield required(field, 'must be set when AppArmor type is Localhost')
  if (name.trim() !== name) yield invalid(field, name, 'must not be padded with whitespace')
  else if (name === '') yield required(field, 'must be set when AppArmor type is Localhost')
  if (byteLength(name) > LOCALHOST_PROFILE_MAX) yield tooLong(field, LOCALHOST_PROFILE_MAX)
}
