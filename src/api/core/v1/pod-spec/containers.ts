import type { Frozen } from '../../../../apimachinery/meta.ts'
import {
  duplicate,
  type FieldError,
  fieldForbidden,
  fieldNotFound,
  invalid,
  notSupported,
  ratcheted,
  required,
  tooMany,
} from '../../../../apimachinery/status.ts'
import { isPortName, isPortNumber } from '../../../../apimachinery/validation/names.ts'
import { dns1123Label, oneOf, problems } from '../../../checks.ts'
import type {
  Container,
  ContainerPort,
  ContainerResizePolicy,
  EphemeralContainer,
  PodSpec,
} from '../../../generated/types/core/v1.ts'
import { validateEnv, validateEnvFrom } from './env.ts'
import { validateDevices, validateMounts, type Volumes } from './mounts.ts'
import { validateLifecycle, validateProbes } from './probes.ts'
import { validateContainerResources } from './resources.ts'
import { validateSecurityContext } from './security.ts'

/** What the checks of a container need to know of its pod. */
export interface PodParts {
  readonly spec: Frozen<PodSpec>
  readonly volumes: Volumes
  readonly claimNames: ReadonlySet<string>
  /** Whether the pod lives in the host's user namespace. */
  readonly hostUsers: boolean
}

/** validateContainers. */
export function* validateContainers(pod: PodParts, path: string): Iterable<FieldError> {
  const { terminationGracePeriodSeconds: grace, os } = pod.spec
  const containers = pod.spec.containers ?? []
  if (containers.length === 0) return yield required(path)
  const names = new Set<string>()
  for (const [index, container] of containers.entries()) {
    const at = `${path}[${index}]`
    yield* validateContainer(container, pod, at)
    if (names.has(container.name)) yield duplicate(`${at}.name`, container.name)
    names.add(container.name)
    yield* validateLifecycle(container, grace, os, `${at}.lifecycle`)
    yield* validateProbes(container, grace, at)
    yield* validateRestartRules(container, at)
  }
  yield* validateHostPorts(containers, path)
}

const WITHOUT_RESTART = ['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe'] as const

/** validateInitContainers: those that restart are sidecars, and may have what regular containers have. */
export function* validateInitContainers(pod: PodParts, path: string): Iterable<FieldError> {
  const { spec } = pod
  const grace = spec.terminationGracePeriodSeconds
  const names = new Set((spec.containers ?? []).map(({ name }) => name))
  for (const [index, container] of (spec.initContainers ?? []).entries()) {
    const at = `${path}[${index}]`
    const sidecar = container.restartPolicy === 'Always'
    yield* validateContainer(container, pod, at)
    yield* validateInitRestart(container, at)
    if (names.has(container.name)) yield duplicate(`${at}.name`, container.name)
    else if (container.name) names.add(container.name)
    yield* validateHostPorts([container], path)
    if (sidecar) {
      yield* validateLifecycle(container, grace, spec.os, `${at}.lifecycle`)
      yield* validateProbes(container, grace, at)
      continue
    }
    for (const field of WITHOUT_RESTART) {
      if (container[field]) {
        yield fieldForbidden(`${at}.${field}`, 'may not be set for init containers without restartPolicy=Always')
      }
    }
    for (const [j, { restartPolicy }] of (container.resizePolicy ?? []).entries()) {
      if (restartPolicy === 'RestartContainer') {
        const text = "must not be set to 'RestartContainer' for non-sidecar initContainers"
        const error = invalid(`${at}.resizePolicy[${j}].restartPolicy`, restartPolicy, text)
        yield* ratcheted('restarts of what runs first', [error])
      }
    }
  }
}

/** What an ephemeral container may not have, in Go's order of fields. */
const NOT_EPHEMERAL = [
  'ports',
  'resources',
  'resizePolicy',
  'restartPolicy',
  'restartPolicyRules',
  'livenessProbe',
  'readinessProbe',
  'startupProbe',
  'lifecycle',
] as const

/** validateEphemeralContainers. */
export function* validateEphemeralContainers(pod: PodParts, path: string): Iterable<FieldError> {
  const { spec } = pod
  const others = new Set([...(spec.containers ?? []), ...(spec.initContainers ?? [])].map(({ name }) => name))
  const names = new Set(others)
  for (const [index, container] of (spec.ephemeralContainers ?? []).entries()) {
    const at = `${path}[${index}]`
    yield* validateContainer(container, pod, at)
    yield* validateImageSpaces(container, at)
    if (names.has(container.name)) yield duplicate(`${at}.name`, container.name)
    names.add(container.name)
    const target = container.targetContainerName
    if (target && !others.has(target)) yield fieldNotFound(`${at}.targetContainerName`, target)
    for (const field of NOT_EPHEMERAL) {
      if (isSet(container[field])) yield fieldForbidden(`${at}.${field}`, 'cannot be set for an Ephemeral Container')
    }
    for (const [i, mount] of (container.volumeMounts ?? []).entries()) {
      for (const field of ['subPath', 'subPathExpr'] as const) {
        if (mount[field]) {
          yield fieldForbidden(`${at}.volumeMounts[${i}].${field}`, 'cannot be set for an Ephemeral Container')
        }
      }
    }
  }
}

const isSet = (value: unknown): boolean =>
  typeof value === 'object' && value !== null ? Object.keys(value).length > 0 : Boolean(value)

/** An image has no spaces around it; pods only, for templates have always been lax. */
export function validateImageSpaces(
  { image = '' }: Frozen<Container | EphemeralContainer>,
  path: string,
): FieldError[] {
  if (image.trim() === image) return []
  return [invalid(`${path}.image`, image, 'must not have leading or trailing whitespace')]
}

/** validateContainerCommon. */
function* validateContainer(
  container: Frozen<Container | EphemeralContainer>,
  { spec, volumes, claimNames, hostUsers }: PodParts,
  path: string,
): Iterable<FieldError> {
  if (!container.name) yield required(`${path}.name`)
  else yield* dns1123Label(`${path}.name`, container.name)
  if (!container.image) yield required(`${path}.image`)
  yield* oneOf(`${path}.terminationMessagePolicy`, container.terminationMessagePolicy, [
    'File',
    'FallbackToLogsOnError',
  ])
  yield* validatePorts(container.ports ?? [], `${path}.ports`)
  yield* validateEnv(container.env ?? [], `${path}.env`)
  yield* validateEnvFrom(container.envFrom ?? [], `${path}.envFrom`)
  yield* validateMounts(container, volumes, `${path}.volumeMounts`)
  yield* validateDevices(container, volumes, `${path}.volumeDevices`)
  yield* validatePullPolicy(container.imagePullPolicy, `${path}.imagePullPolicy`)
  yield* validateContainerResources(container.resources, claimNames, `${path}.resources`)
  yield* validateResizePolicy(container.resizePolicy ?? [], spec.restartPolicy, `${path}.resizePolicy`)
  yield* validateSecurityContext(container.securityContext, hostUsers, `${path}.securityContext`)
}

/** Always, IfNotPresent or Never. */
export const validatePullPolicy = (policy: string | undefined, field: string): FieldError[] =>
  oneOf(field, policy, ['Always', 'IfNotPresent', 'Never'])

function* validatePorts(ports: readonly Frozen<ContainerPort>[], path: string): Iterable<FieldError> {
  const names = new Set<string>()
  for (const [index, { name, containerPort, hostPort, protocol }] of ports.entries()) {
    const at = `${path}[${index}]`
    if (name) {
      const wrong = isPortName(name)
      yield* problems(`${at}.name`, name, wrong)
      if (wrong.length === 0 && names.has(name)) yield duplicate(`${at}.name`, name)
      if (wrong.length === 0) names.add(name)
    }
    if (!containerPort) yield required(`${at}.containerPort`)
    else yield* problems(`${at}.containerPort`, containerPort, isPortNumber(containerPort))
    if (hostPort) yield* problems(`${at}.hostPort`, hostPort, isPortNumber(hostPort))
    yield* oneOf(`${at}.protocol`, protocol, ['SCTP', 'TCP', 'UDP'])
  }
}

function* validateHostPorts(containers: readonly Frozen<Container>[], path: string): Iterable<FieldError> {
  const taken = new Set<string>()
  for (const [index, { ports = [] }] of containers.entries()) {
    for (const [i, { protocol, hostIP = '', hostPort }] of ports.entries()) {
      if (!hostPort) continue
      const socket = `${protocol}/${hostIP}/${hostPort}`
      if (taken.has(socket)) yield duplicate(`${path}[${index}].ports[${i}].hostPort`, socket)
      taken.add(socket)
    }
  }
}

function* validateResizePolicy(
  policies: readonly Frozen<ContainerResizePolicy>[],
  podPolicy: string | undefined,
  path: string,
): Iterable<FieldError> {
  const seen = new Set<string>()
  for (const [index, { resourceName, restartPolicy }] of policies.entries()) {
    if (seen.has(resourceName)) yield duplicate(`${path}[${index}]`, resourceName)
    seen.add(resourceName)
    yield* oneOf(path, resourceName, ['cpu', 'memory'])
    yield* oneOf(path, restartPolicy, ['NotRequired', 'RestartContainer'])
    if (podPolicy === 'Never' && restartPolicy !== 'NotRequired') {
      yield invalid(path, restartPolicy, "must be 'NotRequired' when pod `restartPolicy` is 'Never'")
    }
  }
}

const POLICIES = ['Always', 'Never', 'OnFailure']
const ACTIONS = ['Restart', 'RestartAllContainers']

/** An init container's rules are not looked at when it has no restart policy. */
function* validateInitRestart(container: Frozen<Container>, path: string): Iterable<FieldError> {
  if (container.restartPolicy !== undefined) return yield* validateRestartRules(container, path)
  if ((container.restartPolicyRules ?? []).length === 0) return
  yield required(`${path}.restartPolicy`, 'must specify restartPolicy when restart rules are used')
}

/** KEP-5307: a container's own restart policy, and rules by exit code. */
function* validateRestartRules(
  { restartPolicy, restartPolicyRules: rules = [] }: Frozen<Container>,
  path: string,
): Iterable<FieldError> {
  if (restartPolicy === undefined) {
    if (rules.length > 0) {
      yield required(`${path}.restartPolicy`, 'must specify restartPolicy when restart rules are used')
    }
  } else if (!POLICIES.includes(restartPolicy)) yield notSupported(`${path}.restartPolicy`, restartPolicy, POLICIES)
  if (rules.length > 20) yield tooMany(`${path}.restartPolicyRules`, rules.length, 20)
  for (const [index, { action = '', exitCodes }] of rules.entries()) {
    const at = `${path}.restartPolicyRules[${index}]`
    if (!ACTIONS.includes(action)) yield notSupported(`${at}.action`, action, ACTIONS)
    if (!exitCodes) {
      yield required(`${at}.exitCodes`, 'must be specified')
      continue
    }
    const { operator = '', values = [] } = exitCodes
    if (operator !== 'In' && operator !== 'NotIn') {
      yield notSupported(`${at}.exitCodes.operator`, operator, ['In', 'NotIn'])
    }
    if (values.length > 255) yield tooMany(`${at}.exitCodes.values`, values.length, 255)
  }
}
