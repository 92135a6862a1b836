import type { Frozen, ObjectMeta } from '../../../../apimachinery/meta.ts'
import { goQuote } from '../../../../lib/quote.ts'
import { type FieldError, fieldForbidden, invalid, ratcheted } from '../../../../apimachinery/status.ts'
import type { PodSpec, SeccompProfile } from '../../../generated/types/core/v1.ts'
import { localDescendingPath } from './paths.ts'
import { visitContainers } from './visit.ts'

export const MIRROR_ANNOTATION = 'kubernetes.io/config.mirror'
export const APP_ARMOR_PREFIX = 'container.apparmor.security.beta.kubernetes.io/'
const DELETION_COST = 'controller.kubernetes.io/pod-deletion-cost'
const SECCOMP_POD = 'seccomp.security.alpha.kubernetes.io/pod'
const SECCOMP_CONTAINER = 'container.seccomp.security.alpha.kubernetes.io/'

/** ValidatePodSpecificAnnotations: annotations that mean something for a pod. */
export function* validatePodAnnotations(
  annotations: Readonly<Record<string, string>> | undefined,
  spec: Frozen<PodSpec>,
  path: string,
): Iterable<FieldError> {
  const mirror = annotations?.[MIRROR_ANNOTATION]
  if (mirror !== undefined && !spec.nodeName) {
    const text = 'must set spec.nodeName if mirror pod annotation is set'
    yield invalid(`${path}[${MIRROR_ANNOTATION}]`, mirror, text)
  }
  const cost = annotations?.[DELETION_COST]
  if (cost !== undefined && !isDeletionCost(cost)) {
    yield* ratcheted('deletion cost', [invalid(`${path}[${DELETION_COST}]`, cost, 'must be a 32bit integer')])
  }
  for (const [key, value] of Object.entries(annotations ?? {})) {
    if (key === SECCOMP_POD || key.startsWith(SECCOMP_CONTAINER)) yield* validateSeccompName(`${path}.${key}`, value)
    else if (key.startsWith(APP_ARMOR_PREFIX)) yield* validateAppArmor(key, value, spec, `${path}[${key}]`)
  }
}

/** A cost is written plainly: no plus sign, no leading zeros. */
function isDeletionCost(text: string): boolean {
  const value = Number(text)
  return /^(0|-?[1-9]\d*)$/.test(text) && value >= -(2 ** 31) && value < 2 ** 31
}

function validateSeccompName(field: string, name: string): FieldError[] {
  if (name === 'runtime/default' || name === 'docker/default' || name === 'unconfined') return []
  if (name.startsWith('localhost/')) return localDescendingPath(field, name.slice('localhost/'.length))
  return [invalid(field, name, 'must be a valid seccomp profile')]
}

function* validateAppArmor(key: string, profile: string, spec: Frozen<PodSpec>, field: string): Iterable<FieldError> {
  const container = key.slice(APP_ARMOR_PREFIX.length)
  const known = [...visitContainers(spec, '')].some(([{ name }]) => name === container)
  if (!known) yield invalid(field, container, 'container not found')
  const valid = ['', 'runtime/default', 'unconfined'].includes(profile) || profile.startsWith('localhost/')
  if (!valid) yield invalid(field, profile, `invalid AppArmor profile name: ${goQuote(profile)}`)
}

/** Where an old annotation and a field both name a profile, they must agree (new pods and templates). */
export function* validateProfilesAgree(
  { annotations = {} }: Frozen<ObjectMeta>,
  spec: Frozen<PodSpec>,
  path: string,
): Iterable<FieldError> {
  const { seccompProfile, appArmorProfile } = spec.securityContext ?? {}
  yield* agree('seccomp', annotations[SECCOMP_POD], seccompProfile, `${path}.securityContext.seccompProfile`)
  for (const [{ name, securityContext }, at] of visitContainers(spec, path)) {
    const seccomp = securityContext?.seccompProfile
    yield* agree('seccomp', annotations[SECCOMP_CONTAINER + name], seccomp, `${at}.securityContext.seccompProfile`)
  }
  if (spec.os?.name === 'windows') return
  for (const [{ name, securityContext }, at] of visitContainers(spec, path)) {
    const profile = securityContext?.appArmorProfile ?? appArmorProfile
    yield* agree('apparmor', annotations[APP_ARMOR_PREFIX + name], profile, `${at}.securityContext.appArmorProfile`)
  }
}

function* agree(
  what: 'seccomp' | 'apparmor',
  annotation: string | undefined,
  profile: Frozen<SeccompProfile> | undefined,
  path: string,
): Iterable<FieldError> {
  if (annotation === undefined || !profile) return
  const sameType = fieldForbidden(`${path}.type`, `${what} type in annotation and field must match`)
  switch (profile.type) {
    case 'Unconfined':
      if (annotation !== 'unconfined') yield sameType
      break
    case 'RuntimeDefault':
      if (annotation !== 'runtime/default' && !(what === 'seccomp' && annotation === 'docker/default')) yield sameType
      break
    case 'Localhost':
      if (!annotation.startsWith('localhost/')) yield sameType
      else if (annotation.slice('localhost/'.length) !== profile.localhostProfile) {
        yield fieldForbidden(`${path}.localhostProfile`, `${what} profile in annotation and field must match`)
      }
      break
    default:
  }
}
