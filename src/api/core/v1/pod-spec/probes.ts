import type { Frozen } from '../../../../apimachinery/meta.ts'
import { type FieldError, fieldForbidden, invalid, notSupported, required } from '../../../../apimachinery/status.ts'
import { isHttpHeaderName } from '../../../../apimachinery/validation/names.ts'
import { nonNegative, portNumberOrName, problems } from '../../../checks.ts'
import type {
  Container,
  HTTPGetAction,
  LifecycleHandler,
  PodOS,
  Probe,
  ProbeHandler,
  SleepAction,
} from '../../../generated/types/core/v1.ts'
import { STOP_SIGNALS } from './stop-signals.ts'

/** All probes of a container that runs for the pod's life. */
export function* validateProbes(
  container: Frozen<Container>,
  graceSeconds: number | undefined,
  path: string,
): Iterable<FieldError> {
  const { livenessProbe, readinessProbe, startupProbe } = container
  if (livenessProbe) yield* validateOnceProbe(livenessProbe, graceSeconds, `${path}.livenessProbe`)
  if (readinessProbe) {
    const at = `${path}.readinessProbe`
    yield* validateProbe(readinessProbe, graceSeconds, at)
    const own = readinessProbe.terminationGracePeriodSeconds
    if (own !== undefined) {
      yield invalid(`${at}.terminationGracePeriodSeconds`, own, 'must not be set for readinessProbes')
    }
  }
  if (startupProbe) yield* validateOnceProbe(startupProbe, graceSeconds, `${path}.startupProbe`)
}

/** Liveness and startup: one success is enough. */
function* validateOnceProbe(
  probe: Frozen<Probe>,
  graceSeconds: number | undefined,
  path: string,
): Iterable<FieldError> {
  yield* validateProbe(probe, graceSeconds, path)
  const successes = probe.successThreshold ?? 0
  if (successes !== 1) yield invalid(`${path}.successThreshold`, successes, 'must be 1')
}

function* validateProbe(probe: Frozen<Probe>, graceSeconds: number | undefined, path: string): Iterable<FieldError> {
  yield* validateHandler(probe, graceSeconds, path)
  yield* nonNegative(`${path}.initialDelaySeconds`, probe.initialDelaySeconds)
  yield* nonNegative(`${path}.timeoutSeconds`, probe.timeoutSeconds)
  yield* nonNegative(`${path}.periodSeconds`, probe.periodSeconds)
  yield* nonNegative(`${path}.successThreshold`, probe.successThreshold)
  yield* nonNegative(`${path}.failureThreshold`, probe.failureThreshold)
  const own = probe.terminationGracePeriodSeconds
  if (own !== undefined && own <= 0) {
    yield invalid(`${path}.terminationGracePeriodSeconds`, own, 'must be greater than 0')
  }
}

type Handler = Frozen<ProbeHandler & LifecycleHandler>

/** Exactly one way to act. */
function* validateHandler(handler: Handler, graceSeconds: number | undefined, path: string): Iterable<FieldError> {
  const { exec, httpGet, tcpSocket, grpc, sleep } = handler
  const checks: readonly (readonly [string, boolean, () => Iterable<FieldError>])[] = [
    ['exec', exec !== undefined, () => ((exec?.command ?? []).length > 0 ? [] : [required(`${path}.exec.command`)])],
    ['httpGet', httpGet !== undefined, () => (httpGet ? validateHttpGet(httpGet, `${path}.httpGet`) : [])],
    ['tcpSocket', tcpSocket !== undefined, () => portNumberOrName(`${path}.tcpSocket.port`, tcpSocket?.port)],
    ['grpc', grpc !== undefined, () => portNumberOrName(`${path}.grpc.port`, grpc?.port)],
    ['sleep', sleep !== undefined, () => (sleep ? validateSleep(sleep, graceSeconds, `${path}.sleep`) : [])],
  ]
  let found = false
  for (const [name, given, check] of checks) {
    if (!given) continue
    if (found) yield fieldForbidden(`${path}.${name}`, 'may not specify more than 1 handler type')
    else yield* check()
    found = true
  }
  if (!found) yield required(path, 'must specify a handler type')
}

const SCHEMES = ['HTTP', 'HTTPS']

function* validateHttpGet(action: Frozen<HTTPGetAction>, path: string): Iterable<FieldError> {
  if (!action.path) yield required(`${path}.path`)
  yield* portNumberOrName(`${path}.port`, action.port)
  if (!SCHEMES.includes(action.scheme ?? '')) yield notSupported(`${path}.scheme`, action.scheme ?? '', SCHEMES)
  for (const { name } of action.httpHeaders ?? []) yield* problems(`${path}.httpHeaders`, name, isHttpHeaderName(name))
}

function validateSleep({ seconds }: Frozen<SleepAction>, graceSeconds: number | undefined, path: string): FieldError[] {
  if (graceSeconds === undefined || (seconds >= 0 && seconds <= graceSeconds)) return []
  return [invalid(path, seconds, `must be non-negative and less than terminationGracePeriodSeconds (${graceSeconds})`)]
}

/** What the container does when it starts and before it stops. */
export function* validateLifecycle(
  { lifecycle }: Frozen<Container>,
  graceSeconds: number | undefined,
  os: Frozen<PodOS> | undefined,
  path: string,
): Iterable<FieldError> {
  if (lifecycle?.postStart) yield* validateHandler(lifecycle.postStart, graceSeconds, `${path}.postStart`)
  if (lifecycle?.preStop) yield* validateHandler(lifecycle.preStop, graceSeconds, `${path}.preStop`)
  const signal = lifecycle?.stopSignal
  if (signal === undefined) return
  const field = `${path}.stopSignal`
  if (!os) yield fieldForbidden(field, 'may not be set for containers with empty `spec.os.name`')
  const allowed = os?.name === 'windows' ? ['SIGKILL', 'SIGTERM'] : os?.name === 'linux' ? STOP_SIGNALS : undefined
  if (allowed && !allowed.includes(signal)) yield notSupported(field, signal, allowed)
}
