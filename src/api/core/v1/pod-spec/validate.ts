import type { Frozen, ObjectMeta } from '../../../../apimachinery/meta.ts'
import {
  duplicate,
  type FieldError,
  fieldForbidden,
  fieldNotFound,
  invalid,
  notSupported,
  ratcheted,
  required,
  tooLong,
} from '../../../../apimachinery/status.ts'
import { validateIp } from '../../../../apimachinery/validation/ip.ts'
import { validateLabels } from '../../../../apimachinery/validation/meta.ts'
import {
  byteLength,
  isDns1123SubdomainWithUnderscore,
  nameIsDnsSubdomain,
} from '../../../../apimachinery/validation/names.ts'
import { dns1123Label, dns1123Subdomain, inclusiveRange, oneOf, problems, qualifiedName } from '../../../checks.ts'
import type { PodResourceClaim, PodSpec } from '../../../generated/types/core/v1.ts'
import { validateAffinity } from './affinity.ts'
import { type PodParts, validateContainers, validateEphemeralContainers, validateInitContainers } from './containers.ts'
import { validateContainerResources, validatePodResources } from './resources.ts'
import { validatePodSecurityContext } from './security.ts'
import { validateTolerations } from './tolerations.ts'
import { validateTopologySpread } from './topology-spread.ts'
import { visitContainers } from './visit.ts'
import { validateVolumes } from './volumes.ts'
import { validateForOs, validateHostProcess } from './windows.ts'

const MAX_INT32 = 2_147_483_647
const MIRROR_ANNOTATION = 'kubernetes.io/config.mirror'

/** What the spec stands in: a pod, with its metadata, or a template. */
export interface SpecHolder {
  readonly meta?: Frozen<ObjectMeta>
  readonly isPod: boolean
}

/** ValidatePodSpec, in upstream's order. */
export function* validatePodSpec(spec: Frozen<PodSpec>, path: string, holder: SpecHolder): Iterable<FieldError> {
  if (spec.terminationGracePeriodSeconds == null) yield required(`${path}.terminationGracePeriodSeconds`)
  const { valid, errors } = validateVolumes(spec, holder, `${path}.volumes`)
  yield* errors
  const claims = spec.resourceClaims ?? []
  const claimNames = new Set(claims.map(({ name }) => name).filter(Boolean))
  const parts: PodParts = { spec, volumes: valid, claimNames, hostUsers: spec.hostUsers ?? true }
  yield* validateResourceClaims(claims, holder, `${path}.resourceClaims`)
  yield* validateContainers(parts, `${path}.containers`)
  yield* validateInitContainers(parts, `${path}.initContainers`)
  yield* validateEphemeralContainers(parts, `${path}.ephemeralContainers`)
  yield* validatePodResources(spec, claimNames, `${path}.resources`)
  yield* validateHostNetworkPorts(spec, path, holder.isPod)
  yield* oneOf(`${path}.restartPolicy`, spec.restartPolicy, ['Always', 'OnFailure', 'Never'])
  yield* oneOf(`${path}.dnsPolicy`, spec.dnsPolicy, ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None'])
  yield* validateLabels(spec.nodeSelector, `${path}.nodeSelector`)
  yield* validatePodSecurityContext(spec, `${path}.securityContext`)
  yield* validateAffinity(spec.affinity, `${path}.affinity`)
  yield* validateDns(spec, `${path}.dnsConfig`)
  yield* validateGates(spec, path)
  yield* validateTopologySpread(spec.topologySpreadConstraints ?? [], `${path}.topologySpreadConstraints`)
  yield* validateHostProcess(spec, path)
  yield* validateHostUsers(spec, path)
  yield* validateNames(spec, path)
  yield* validateTolerations(spec.tolerations ?? [], `${path}.tolerations`)
  yield* validateHostAliases(spec, `${path}.hostAliases`)
  yield* validateClasses(spec, path)
  if (spec.overhead) {
    yield* validateContainerResources({ limits: spec.overhead }, new Set(), `${path}.overhead`)
  }
  yield* validateOs(spec, path)
  yield* validateFileKeyVolumes(spec, path)
}

function* validateResourceClaims(
  claims: readonly Frozen<PodResourceClaim>[],
  { meta }: SpecHolder,
  path: string,
): Iterable<FieldError> {
  const names = new Set<string>()
  for (const [index, claim] of claims.entries()) {
    if (MIRROR_ANNOTATION in (meta?.annotations ?? {})) {
      yield fieldForbidden('[]', 'static pods do not support resource claims')
      continue
    }
    const at = `${path}[${index}]`
    const { name, resourceClaimName, resourceClaimTemplateName } = claim
    if (!name) yield required(`${at}.name`)
    else if (names.has(name)) yield duplicate(`${at}.name`, name)
    else yield* dns1123Label(`${at}.name`, name)
    names.add(name)
    if (resourceClaimName !== undefined && resourceClaimTemplateName !== undefined) {
      const text = 'at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified'
      yield invalid(at, shownClaim(claim), text)
    }
    if (resourceClaimName === undefined && resourceClaimTemplateName === undefined) {
      yield invalid(at, shownClaim(claim), 'must specify one of: `resourceClaimName`, `resourceClaimTemplateName`')
    }
    for (const field of ['resourceClaimName', 'resourceClaimTemplateName'] as const) {
      const value = claim[field]
      if (value !== undefined) yield* problems(`${at}.${field}`, value, nameIsDnsSubdomain(value, false))
    }
  }
}

/** On the host's network every port is the host's. A template may still leave host ports out. */
function* validateHostNetworkPorts(spec: Frozen<PodSpec>, path: string, isPod: boolean): Iterable<FieldError> {
  if (!spec.hostNetwork) return
  for (const [index, { ports = [] }] of (spec.containers ?? []).entries()) {
    for (const [i, { hostPort = 0, containerPort }] of ports.entries()) {
      if ((isPod || hostPort !== 0) && hostPort !== containerPort) {
        const text = 'must match `containerPort` when `hostNetwork` is true'
        yield invalid(`${path}.containers[${index}].ports[${i}].hostPort`, hostPort, text)
      }
    }
  }
}

const MAX_NAMESERVERS = 3
const MAX_SEARCHES = 32
const MAX_SEARCH_BYTES = 2048

function* validateDns({ dnsPolicy, dnsConfig }: Frozen<PodSpec>, path: string): Iterable<FieldError> {
  const { nameservers = [], searches = [], options = [] } = dnsConfig ?? {}
  if (dnsPolicy === 'None') {
    if (!dnsConfig) return yield required(path, 'must provide `dnsConfig` when `dnsPolicy` is None')
    if (nameservers.length === 0) {
      const text = 'must provide at least one DNS nameserver when `dnsPolicy` is None'
      return yield required(`${path}.nameservers`, text)
    }
  }
  if (nameservers.length > MAX_NAMESERVERS) {
    yield invalid(`${path}.nameservers`, nameservers, `must not have more than ${MAX_NAMESERVERS} nameservers`)
  }
  for (const [index, server] of nameservers.entries()) yield* validateIp(`${path}.nameservers[${index}]`, server)
  if (searches.length > MAX_SEARCHES) {
    yield invalid(`${path}.searches`, searches, `must not have more than ${MAX_SEARCHES} search paths`)
  }
  if (byteLength(searches.join(' ')) > MAX_SEARCH_BYTES) {
    const text = `must not have more than ${MAX_SEARCH_BYTES} characters (including spaces) in the search list`
    yield invalid(`${path}.searches`, searches, text)
  }
  for (const [index, search] of searches.entries()) {
    if (search === '.') continue
    const domain = search.replace(/\.$/, '')
    yield* problems(`${path}.searches[${index}]`, domain, isDns1123SubdomainWithUnderscore(domain))
  }
  for (const [index, { name }] of options.entries()) {
    if (!name) yield required(`${path}.options[${index}]`, 'must not be empty')
  }
}

function* validateGates(
  { readinessGates = [], schedulingGates = [] }: Frozen<PodSpec>,
  path: string,
): Iterable<FieldError> {
  for (const [index, { conditionType }] of readinessGates.entries()) {
    yield* qualifiedName(`${path}.readinessGates[${index}].conditionType`, conditionType)
  }
  const seen = new Set<string>()
  for (const [index, { name }] of schedulingGates.entries()) {
    const field = `${path}.schedulingGates[${index}]`
    yield* qualifiedName(field, name)
    if (seen.has(name)) yield duplicate(field, name)
    seen.add(name)
  }
}

function* validateHostUsers(spec: Frozen<PodSpec>, path: string): Iterable<FieldError> {
  if (spec.hostUsers !== false) return
  const text = 'when `hostUsers` is false'
  if (spec.hostNetwork) yield fieldForbidden(`${path}.hostNetwork`, text)
  if (spec.hostPID) yield fieldForbidden(`${path}.HostPID`, text)
  if (spec.hostIPC) yield fieldForbidden(`${path}.HostIPC`, text)
  for (const [container, at] of visitContainers(spec, path)) {
    if ((container.volumeDevices ?? []).length > 0)
      yield* ratcheted('devices in a user namespace', [fieldForbidden(`${at}.volumeDevices`, text)])
  }
}

function* validateNames(spec: Frozen<PodSpec>, path: string): Iterable<FieldError> {
  const { hostnameOverride: override, serviceAccountName, nodeName, activeDeadlineSeconds: deadline } = spec
  if (override !== undefined) {
    const field = `${path}.hostnameOverride`
    if (spec.setHostnameAsFQDN) yield fieldForbidden(field, 'may not be specified when setHostnameAsFQDN is true')
    if (spec.hostNetwork) yield fieldForbidden(field, 'may not be specified when hostNetwork is true')
    if (byteLength(override) > 64) yield tooLong(field, 64)
    yield* dns1123Subdomain(field, override)
  }
  if (serviceAccountName) yield* dns1123Subdomain(`${path}.serviceAccountName`, serviceAccountName)
  if (nodeName) yield* dns1123Subdomain(`${path}.nodeName`, nodeName)
  if (deadline != null && (deadline < 1 || deadline > MAX_INT32)) {
    yield invalid(`${path}.activeDeadlineSeconds`, deadline, inclusiveRange(1, MAX_INT32))
  }
  if (spec.hostname) yield* dns1123Label(`${path}.hostname`, spec.hostname)
  if (spec.subdomain) yield* dns1123Label(`${path}.subdomain`, spec.subdomain)
}

function* validateHostAliases({ hostAliases = [] }: Frozen<PodSpec>, path: string): Iterable<FieldError> {
  for (const [index, { ip, hostnames = [] }] of hostAliases.entries()) {
    yield* validateIp(`${path}[${index}].ip`, ip)
    for (const [i, name] of hostnames.entries()) yield* dns1123Subdomain(`${path}[${index}].hostnames[${i}]`, name)
  }
}

function* validateClasses(spec: Frozen<PodSpec>, path: string): Iterable<FieldError> {
  const { priorityClassName, runtimeClassName, preemptionPolicy } = spec
  if (priorityClassName) yield* dns1123Subdomain(`${path}.priorityClassName`, priorityClassName)
  if (runtimeClassName !== undefined) yield* dns1123Subdomain(`${path}.runtimeClassName`, runtimeClassName)
  if (preemptionPolicy !== undefined) {
    yield* oneOf(`${path}.preemptionPolicy`, preemptionPolicy, ['PreemptLowerPriority', 'Never'])
  }
}

function* validateOs(spec: Frozen<PodSpec>, path: string): Iterable<FieldError> {
  if (!spec.os) return
  const { name } = spec.os
  if (!name) yield required(`${path}.os.name`)
  else if (name !== 'linux' && name !== 'windows') yield notSupported(`${path}.os`, name, ['linux', 'windows'])
  else yield* validateForOs(spec, path)
}

/** An env file lives in an emptyDir of the pod. */
function* validateFileKeyVolumes(spec: Frozen<PodSpec>, path: string): Iterable<FieldError> {
  const volumes = new Map((spec.volumes ?? []).map((volume) => [volume.name, volume]))
  for (const [container, at] of visitContainers(spec, path)) {
    for (const [index, { valueFrom }] of (container.env ?? []).entries()) {
      const name = valueFrom?.fileKeyRef?.volumeName
      if (name === undefined) continue
      const field = `${at}.env[${index}].valueFrom.fileKeyRef.volumeName`
      const volume = volumes.get(name)
      if (!volume) yield fieldNotFound(field, name)
      else if (!volume.emptyDir) yield invalid(field, name, 'referenced volume must be of type emptyDir')
    }
  }
}

/** As upstream's own form of a claim prints. */
const shownClaim = ({ name, resourceClaimName, resourceClaimTemplateName }: Frozen<PodResourceClaim>): object => ({
  Name: name,
  ResourceClaimName: resourceClaimName ?? null,
  ResourceClaimTemplateName: resourceClaimTemplateName ?? null,
})
