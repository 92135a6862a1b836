import type { Frozen } from '../../../../apimachinery/meta.ts'
import { type FieldError, fieldForbidden, invalid } from '../../../../apimachinery/status.ts'
import { byteLength, isDns1123Subdomain } from '../../../../apimachinery/validation/names.ts'
import { problems } from '../../../checks.ts'
import type { PodSpec, WindowsSecurityContextOptions } from '../../../generated/types/core/v1.ts'
import { visitContainers } from './visit.ts'

const GMSA_MAX_KIB = 64
const DOMAIN_MAX = 256
const USER_MAX = 104
// oxlint-disable-next-line no-control-regex -- control characters are what is refused
const CONTROL = /[\u0000-\u001f\u007f]/
const NETBIOS = /^[^\\/:*?"<>|.][^\\/:*?"<>|]{0,14}$/
const DNS_DOMAIN = /^[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*$/
const USER_CHARACTERS = /["/\\:;|=,+*?<>@[\]]/

/** validateWindowsSecurityContextOptions. */
export function* validateWindowsOptions(
  options: Frozen<WindowsSecurityContextOptions> | undefined,
  path: string,
): Iterable<FieldError> {
  if (!options) return
  const { gmsaCredentialSpecName: name, gmsaCredentialSpec: spec, runAsUserName: user } = options
  if (name !== undefined) yield* problems(`${path}.gmsaCredentialSpecName`, name, isDns1123Subdomain(name))
  if (spec !== undefined) {
    const field = `${path}.gmsaCredentialSpec`
    if (spec === '') yield invalid(field, spec, 'gmsaCredentialSpec cannot be an empty string')
    else if (byteLength(spec) > GMSA_MAX_KIB * 1024) {
      yield invalid(field, spec, `gmsaCredentialSpec size must be under ${GMSA_MAX_KIB} KiB`)
    }
  }
  if (user !== undefined) yield* problems(`${path}.runAsUserName`, user, userNameProblems(user))
}

function userNameProblems(name: string): string[] {
  if (name === '') return ['runAsUserName cannot be an empty string']
  if (CONTROL.test(name)) return ['runAsUserName cannot contain control characters']
  const parts = name.split('\\')
  if (parts.length > 2) return ['runAsUserName cannot contain more than one backslash']
  const found: string[] = []
  const domain = parts.length === 2 ? (parts[0] ?? '') : undefined
  const user = parts.at(-1) ?? ''
  if (domain !== undefined && domain.length >= DOMAIN_MAX) {
    found.push(`runAsUserName's Domain length must be under ${DOMAIN_MAX} characters`)
  }
  if (domain !== undefined && !NETBIOS.test(domain) && !DNS_DOMAIN.test(domain)) {
    found.push("runAsUserName's Domain doesn't match the NetBios nor the DNS format")
  }
  if (user === '') found.push("runAsUserName's User cannot be empty")
  else if (user.length > USER_MAX) {
    found.push(`runAsUserName's User length must not be longer than ${USER_MAX} characters`)
  }
  if (/^[. ]+$/.test(user)) found.push("runAsUserName's User cannot contain only periods or spaces")
  if (USER_CHARACTERS.test(user)) {
    found.push(`runAsUserName's User cannot contain the following characters: "/\\:;|=,+*?<>@[]`)
  }
  return found
}

/** validateWindowsHostProcessPod: all containers run as processes of the host, or none. */
export function* validateHostProcess(spec: Frozen<PodSpec>, path: string): Iterable<FieldError> {
  const ofPod = spec.securityContext?.windowsOptions?.hostProcess
  let all = 0
  let onHost = 0
  for (const [container, at] of visitContainers(spec, path)) {
    all++
    const own = container.securityContext?.windowsOptions?.hostProcess
    if (ofPod !== undefined && own !== undefined && ofPod !== own) {
      const text = `pod hostProcess value must be identical if both are specified, was ${ofPod}`
      yield invalid(`${at}.securityContext.windowsOptions.hostProcess`, own, text)
    }
    if (own ?? ofPod) onHost++
  }
  if (onHost === 0) return
  if (onHost !== all) {
    const text = 'If pod contains any hostProcess containers then all containers must be HostProcess containers'
    yield invalid(path, '', text)
  }
  if (!spec.hostNetwork) {
    const text = 'hostNetwork must be true if pod contains any hostProcess containers'
    yield invalid(`${path}.hostNetwork`, false, text)
  }
}

const NOT_WINDOWS = 'cannot be set for a windows pod'

/** Fields of the pod's security context that mean nothing on Windows, in upstream's order, before and after the pod's own. */
const POD_CONTEXT = [
  'seccompProfile',
  'fsGroup',
  'fsGroupChangePolicy',
  'sysctls',
  'runAsUser',
  'runAsGroup',
  'supplementalGroups',
  'supplementalGroupsPolicy',
  'seLinuxChangePolicy',
] as const
const CONTAINER_CONTEXT = [
  'appArmorProfile',
  'seLinuxOptions',
  'seccompProfile',
  'capabilities',
  'readOnlyRootFilesystem',
  'privileged',
  'allowPrivilegeEscalation',
  'procMount',
  'runAsUser',
  'runAsGroup',
] as const

/** What a pod says of its operating system must fit it (validateLinux, validateWindows). */
export function* validateForOs(spec: Frozen<PodSpec>, path: string): Iterable<FieldError> {
  if (spec.os?.name === 'windows') return yield* validateWindows(spec, path)
  const text = 'windows options cannot be set for a linux pod'
  if (spec.securityContext?.windowsOptions) yield fieldForbidden(`${path}.securityContext.windowsOptions`, text)
  for (const [container, at] of visitContainers(spec, path)) {
    if (container.securityContext?.windowsOptions) yield fieldForbidden(`${at}.securityContext.windowsOptions`, text)
  }
}

function* validateWindows(spec: Frozen<PodSpec>, path: string): Iterable<FieldError> {
  const context = spec.securityContext ?? {}
  for (const field of ['appArmorProfile', 'seLinuxOptions'] as const) {
    if (context[field]) yield fieldForbidden(`${path}.securityContext.${field}`, NOT_WINDOWS)
  }
  if (spec.hostUsers !== undefined) yield fieldForbidden(`${path}.hostUsers`, NOT_WINDOWS)
  if (spec.hostPID) yield fieldForbidden(`${path}.hostPID`, NOT_WINDOWS)
  if (spec.hostIPC) yield fieldForbidden(`${path}.hostIPC`, NOT_WINDOWS)
  for (const field of POD_CONTEXT) {
    const value = context[field]
    const given = Array.isArray(value) ? value.length > 0 : value !== undefined
    if (given) yield fieldForbidden(`${path}.securityContext.${field}`, NOT_WINDOWS)
  }
  if (spec.shareProcessNamespace !== undefined) yield fieldForbidden(`${path}.shareProcessNamespace`, NOT_WINDOWS)
  for (const [container, at] of visitContainers(spec, path)) {
    for (const field of CONTAINER_CONTEXT) {
      if (container.securityContext?.[field] !== undefined) {
        yield fieldForbidden(`${at}.securityContext.${field}`, NOT_WINDOWS)
      }
    }
  }
}
