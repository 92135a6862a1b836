import { getOwn } from '../../../../lib/own.ts'
import type { Frozen, ObjectMeta } from '../../../../apimachinery/meta.ts'
import { warnAboutIp } from '../../../../apimachinery/validation/ip.ts'
import { isLabelValue } from '../../../../apimachinery/validation/names.ts'
import { goQuote } from '../../../../lib/quote.ts'
import type {
  Container,
  ContainerPort,
  EphemeralContainer,
  NodeSelectorTerm,
  PodSpec,
  PodTemplateSpec,
  ResourceList,
} from '../../../generated/types/core/v1.ts'
import { amount } from '../resource-list.ts'
import { DEPRECATED_NODE_LABELS } from '../node-labels.ts'
import { overlapWarnings } from './overlapping-paths.ts'
import { visitContainers } from './visit.ts'

/** Warnings about a workload's template, where anything of what is wanted changed (GetWarningsForPodTemplate). */
export function* templateWarnings(
  template: Frozen<PodTemplateSpec>,
  path: string,
  meta: Frozen<ObjectMeta>,
  old?: Frozen<ObjectMeta>,
): Iterable<string> {
  if (old && old.generation === meta.generation) return
  yield* podSpecWarnings(template.spec, template.metadata ?? {}, `${path}.`)
}

const ANNOTATIONS = [
  ['scheduler.alpha.kubernetes.io/critical-pod', 'non-functional in v1.16+; use the "priorityClassName" field instead'],
  ['security.alpha.kubernetes.io/sysctls', 'non-functional in v1.11+; use the "sysctls" field instead'],
  ['security.alpha.kubernetes.io/unsafe-sysctls', 'non-functional in v1.11+; use the "sysctls" field instead'],
] as const

/** warningsForPodSpecAndMeta. `path` is empty for a pod, or ends with a dot. */
export function* podSpecWarnings(spec: Frozen<PodSpec>, meta: Frozen<ObjectMeta>, path: string): Iterable<string> {
  for (const key of Object.keys(spec.nodeSelector ?? {})) {
    if (getOwn(DEPRECATED_NODE_LABELS, key))
      yield `${path}spec.nodeSelector[${key}]: ${getOwn(DEPRECATED_NODE_LABELS, key)}`
  }
  yield* nodeAffinityWarnings(spec, path)
  for (const [index, { topologyKey, labelSelector }] of (spec.topologySpreadConstraints ?? []).entries()) {
    const at = `${path}spec.topologySpreadConstraints[${index}]`
    if (DEPRECATED_NODE_LABELS[topologyKey])
      yield `${at}.topologyKey: ${topologyKey} is ${DEPRECATED_NODE_LABELS[topologyKey]}`
    if (!labelSelector) yield `${at}.labelSelector: a null labelSelector results in matching no pod`
  }
  for (const [key, text] of ANNOTATIONS) {
    if (key in (meta.annotations ?? {})) yield `${path}metadata.annotations[${key}]: ${text}`
  }
  yield* volumeWarnings(spec, path)
  yield* overlapWarnings(spec)
  if ((spec.terminationGracePeriodSeconds ?? 0) < 0) {
    yield `${path}spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1`
  }
  yield* repeatWarnings(spec, path)
  yield* fractionWarnings(spec.overhead, `${path}spec.overhead`)
  for (const [container, at] of visitContainers(spec, `${path}spec`)) yield* containerWarnings(container, at)
  yield* portWarnings(spec, path)
  yield* podAffinityWarnings(spec, path)
  for (const [index, server] of (spec.dnsConfig?.nameservers ?? []).entries()) {
    yield* warnAboutIp(`${path}spec.dnsConfig.nameservers[${index}]`, server)
  }
  for (const [index, { ip }] of (spec.hostAliases ?? []).entries()) {
    yield* warnAboutIp(`${path}spec.hostAliases[${index}].ip`, ip)
  }
}

function* nodeAffinityWarnings({ affinity }: Frozen<PodSpec>, path: string): Iterable<string> {
  const at = `${path}spec.affinity.nodeAffinity`
  const needed = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
  for (const [index, term] of (needed?.nodeSelectorTerms ?? []).entries()) {
    const termPath = `${at}.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[${index}]`
    yield* termWarnings(term, termPath, false)
  }
  const preferred = affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []
  for (const [index, { preference }] of preferred.entries()) {
    yield* termWarnings(preference, `${at}.preferredDuringSchedulingIgnoredDuringExecution[${index}].preference`, true)
  }
}

function* termWarnings(
  { matchExpressions = [] }: Frozen<NodeSelectorTerm>,
  path: string,
  checkValues: boolean,
): Iterable<string> {
  for (const [index, { key, values = [] }] of matchExpressions.entries()) {
    const at = `${path}.matchExpressions[${index}]`
    if (getOwn(DEPRECATED_NODE_LABELS, key)) yield `${at}.key: ${key} is ${getOwn(DEPRECATED_NODE_LABELS, key)}`
    if (!checkValues) continue
    for (const [i, value] of values.entries()) {
      for (const text of isLabelValue(value)) yield `${at}.values[${i}]: ${value} is invalid, ${text}`
    }
  }
}

/** Volume plugins that no longer work, in upstream's order. */
const SOURCES = [
  ['photonPersistentDisk', 'photonPersistentDisk', 'deprecated in v1.11, non-functional in v1.16+'],
  ['gitRepo', 'gitRepo', 'deprecated in v1.11, and disabled by default in v1.33+'],
  ['scaleIO', 'scaleIO', 'deprecated in v1.16, non-functional in v1.22+'],
  ['flocker', 'flocker', 'deprecated in v1.22, non-functional in v1.25+'],
  ['storageos', 'storageOS', 'deprecated in v1.22, non-functional in v1.25+'],
  ['quobyte', 'quobyte', 'deprecated in v1.22, non-functional in v1.25+'],
  ['glusterfs', 'glusterfs', 'deprecated in v1.25, non-functional in v1.26+'],
  ['cephfs', 'cephfs', 'deprecated in v1.28, non-functional in v1.31+'],
  ['rbd', 'rbd', 'deprecated in v1.28, non-functional in v1.31+'],
] as const

function* volumeWarnings({ volumes = [] }: Frozen<PodSpec>, path: string): Iterable<string> {
  for (const [index, volume] of volumes.entries()) {
    const at = `${path}spec.volumes[${index}]`
    for (const [field, shown, text] of SOURCES) if (volume[field]) yield `${at}.${shown}: ${text}`
    const claim = volume.ephemeral?.volumeClaimTemplate?.spec.resources
    const claimPath = `${at}.ephemeral.volumeClaimTemplate.spec.resources`
    yield* fractionWarnings(claim?.requests, `${claimPath}.requests`, ['storage'])
    yield* fractionWarnings(claim?.limits, `${claimPath}.limits`, ['storage'])
  }
  for (const { name, projected } of volumes) {
    for (const source of projected?.sources ?? []) {
      if (Object.keys(source).length === 0) yield `volume ${goQuote(name)} (Projected) has no sources provided`
    }
  }
}

function* repeatWarnings({ hostAliases = [], imagePullSecrets = [] }: Frozen<PodSpec>, path: string): Iterable<string> {
  for (const [index, { ip }] of hostAliases.entries()) {
    const repeated = hostAliases.findIndex((alias) => alias.ip === ip) < index
    if (repeated) yield `${path}spec.hostAliases[${index}].ip: duplicate ip ${goQuote(ip)}`
  }
  for (const [index, { name = '' }] of imagePullSecrets.entries()) {
    const repeated = imagePullSecrets.findIndex((secret) => (secret.name ?? '') === name) < index
    if (repeated) yield `${path}spec.imagePullSecrets[${index}].name: duplicate name ${goQuote(name)}`
  }
  for (const [index, { name }] of imagePullSecrets.entries()) {
    if (!name) yield `${path}spec.imagePullSecrets[${index}].name: invalid empty name ""`
  }
}

/** Bytes in thousandths were surely meant otherwise: `100m` of memory is a tenth of a byte. */
function* fractionWarnings(
  list: Frozen<ResourceList> | undefined,
  path: string,
  names: readonly string[] = ['memory', 'ephemeral-storage'],
): Iterable<string> {
  for (const name of names) {
    const value = list?.[name]
    if (value === undefined || amount(value).nanos % 1_000_000_000n === 0n) continue
    yield `${path}[${name}]: fractional byte value ${goQuote(String(value))} is invalid, must be an integer`
  }
}

function* containerWarnings(
  { resources, env = [] }: Frozen<Container | EphemeralContainer>,
  path: string,
): Iterable<string> {
  for (const name of ['memory', 'ephemeral-storage']) {
    yield* fractionWarnings(resources?.limits, `${path}.resources.limits`, [name])
    yield* fractionWarnings(resources?.requests, `${path}.resources.requests`, [name])
  }
  const seen = new Set<string>()
  for (const [index, { name, value = '', valueFrom }] of env.entries()) {
    const reference = `$(${name})`
    // A later definition may build on the earlier one; hiding it is what surprises.
    const builds = !valueFrom && value !== reference && value.includes(reference)
    if (seen.has(name) && !builds) {
      yield `${path}.env[${index}]: hides previous definition of ${goQuote(name)}, which may be dropped when using apply`
    }
    seen.add(name)
  }
}

function* portWarnings(spec: Frozen<PodSpec>, path: string): Iterable<string> {
  const byNumber = new Map<string, { at: string; port: Frozen<ContainerPort> }[]>()
  const byName = new Map<string, string>()
  const named: string[] = []
  for (const [{ ports = [] }, container] of visitContainers(spec, `${path}spec`)) {
    for (const [index, port] of ports.entries()) {
      const at = `${container}.ports[${index}]`
      const key = `${port.containerPort}/${port.protocol}`
      const others = byNumber.get(key) ?? []
      if (port.hostIP && !port.hostPort) yield `${at}: hostIP set without hostPort: ${printedPort(port)}`
      for (const other of others) yield* portClash(port, other.port, at, other.at)
      byNumber.set(key, [...others, { at, port }])
      if (!port.name) continue
      const first = byName.get(port.name)
      if (first === undefined) byName.set(port.name, at)
      else {
        const use = `services and probes that select ports by name will use ${first}`
        named.push(`${at}: duplicate port name ${goQuote(port.name)} with ${first}, ${use}`)
      }
    }
  }
  yield* named
}

/** As Go prints a port with its names. */
const printedPort = ({
  name = '',
  hostPort = 0,
  containerPort,
  protocol,
  hostIP = '',
}: Frozen<ContainerPort>): string =>
  `{Name:${name} HostPort:${hostPort} ContainerPort:${containerPort} Protocol:${protocol ?? ''} HostIP:${hostIP}}`

function* portClash(
  { hostIP = '', hostPort = 0 }: Frozen<ContainerPort>,
  other: Frozen<ContainerPort>,
  at: string,
  otherAt: string,
): Iterable<string> {
  const otherIp = other.hostIP ?? ''
  const otherPort = other.hostPort ?? 0
  if (hostIP === otherIp && hostPort === otherPort) yield `${at}: duplicate port definition with ${otherAt}`
  else if (hostPort === 0 || otherPort === 0) yield `${at}: overlapping port definition with ${otherAt}`
  else if (hostPort === otherPort && (hostIP === '') !== (otherIp === '')) {
    yield `${at}: dangerously ambiguous port definition with ${otherAt}`
  }
}

function* podAffinityWarnings({ affinity }: Frozen<PodSpec>, path: string): Iterable<string> {
  const text = 'a null labelSelector results in matching no pod'
  for (const kind of ['podAffinity', 'podAntiAffinity'] as const) {
    const at = `${path}spec.affinity.${kind}`
    const { requiredDuringSchedulingIgnoredDuringExecution: needed = [] } = affinity?.[kind] ?? {}
    for (const [index, { labelSelector }] of needed.entries()) {
      if (labelSelector) continue
      yield `${at}.requiredDuringSchedulingIgnoredDuringExecution[${index}].labelSelector: ${text}`
    }
    const { preferredDuringSchedulingIgnoredDuringExecution: preferred = [] } = affinity?.[kind] ?? {}
    for (const [index, { podAffinityTerm }] of preferred.entries()) {
      if (podAffinityTerm.labelSelector) continue
      yield `${at}.preferredDuringSchedulingIgnoredDuringExecution[${index}].podAffinityTerm.labelSelector: ${text}`
    }
  }
}
