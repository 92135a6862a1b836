import { CriError } from '../cri/error.ts'
import type * as cri from '../cri/generated/types.ts'
import type { Init } from '../cri/init.ts'
import type { ContainerEvent, RuntimeService } from '../cri/services.ts'
import { sleep, type Timer } from '../../lib/clock.ts'
import type { Env } from '../../lib/env.ts'
import { EventQueue } from './events.ts'
import type { SimulatedFiles } from './files.ts'
import { containerScript, podScript, type ContainerScript, type PodScript, type Script } from './script.ts'

export interface SimulatedRuntimeOptions {
  readonly env: Env
  readonly script: Script
  readonly files: SimulatedFiles
  /** A pod address that no other pod has. */
  readonly allocateIP: () => string
  readonly releaseIP: (ip: string) => void
  /** Where exec, attach and port-forward sessions are carried on, if anywhere. */
  readonly sessions?: SimulatedSessions
  /** The machine is switched off when it aborts: nothing runs on it any more, and whoever waits for something is let go. */
  readonly signal: AbortSignal
}

/** Carries on sessions with simulated containers: resolves to the URL to go to. */
export interface SimulatedSessions {
  exec(answer: (command: readonly string[]) => cri.ExecSyncResponse, request: Init<cri.ExecRequest>): Promise<string>
}

interface Sandbox {
  readonly id: string
  readonly config: Init<cri.PodSandboxConfig>
  readonly script: PodScript
  readonly ip: string
  readonly createdAt: number
  ready: boolean
}

interface Container {
  readonly id: string
  readonly sandbox: Sandbox
  readonly config: Init<cri.ContainerConfig>
  readonly script: ContainerScript
  readonly createdAt: number
  resources: Init<cri.LinuxContainerResources>
  state: cri.ContainerState
  startedAt: number
  finishedAt: number
  exitCode: number
  reason: string
  message: string
  timer: Timer | undefined
  /** Resolves those who wait for its end. */
  ended: (() => void)[]
}

const NO_RESOURCES = { cpuShares: 0, cpuQuota: 0, cpuPeriod: 0, memoryLimitInBytes: 0 }
const SIGKILL_CODE = 137

/** A container runtime in memory: pods do what their script says, in the clock's time. */
export class SimulatedRuntime implements RuntimeService {
  readonly #options: SimulatedRuntimeOptions
  readonly #sandboxes = new Map<string, Sandbox>()
  readonly #containers = new Map<string, Container>()
  readonly #events = new EventQueue()
  #ids = 0
  #down: string | undefined

  constructor(options: SimulatedRuntimeOptions) {
    this.#options = options
    options.signal.addEventListener('abort', () => this.#switchOff(), { once: true })
  }

  /** Makes every call fail, as a runtime does that has gone, until told otherwise. */
  fail(why: string | undefined): void {
    this.#down = why
    this.#events.break(why === undefined ? undefined : new CriError('Unavailable', why))
  }

  /** Ends a running container from outside, as the kernel's OOM killer does (`OOMKilled`, 137) or a fault. */
  end(containerId: string, exitCode: number, reason = exitCode === 0 ? 'Completed' : 'Error'): void {
    const container = this.#containers.get(containerId)
    if (container?.state === 'CONTAINER_RUNNING') this.#finish(container, exitCode, reason)
  }

  /** The script that a container runs by. */
  scriptOf(containerId: string): ContainerScript | undefined {
    return this.#containers.get(containerId)?.script
  }

  async version(): Promise<cri.VersionResponse> {
    this.#up()
    return { version: '0.1.0', runtimeName: 'simulated', runtimeVersion: '1.0.0', runtimeApiVersion: 'v1' }
  }

  async status(): Promise<cri.StatusResponse> {
    this.#up()
    const ready = (type: string): cri.RuntimeCondition => ({ type, status: true, reason: '', message: '' })
    return { status: { conditions: [ready('RuntimeReady'), ready('NetworkReady')] }, info: {}, runtimeHandlers: [] }
  }

  async runtimeConfig(): Promise<cri.RuntimeConfigResponse> {
    return { linux: { cgroupDriver: 'CGROUPFS' } }
  }

  async updateRuntimeConfig(): Promise<void> {}

  async runPodSandbox(config: Init<cri.PodSandboxConfig>): Promise<string> {
    this.#up()
    const { env, script: scripts, allocateIP, signal } = this.#options
    const { name = '', namespace = '', uid = '', attempt = 0 } = config.metadata ?? {}
    const { labels = {}, annotations = {} } = config as {
      labels?: Record<string, string>
      annotations?: Record<string, string>
    }
    const script = podScript(scripts, { name, namespace, uid, labels, annotations, attempt })
    if (script.sandboxMs) await sleep(env.clock, script.sandboxMs, signal)
    if (script.sandboxError !== undefined) throw new CriError('Unknown', script.sandboxError)
    const hostNetwork = config.linux?.securityContext?.namespaceOptions?.network === 'NODE'
    const ip = hostNetwork ? '' : allocateIP()
    const sandbox: Sandbox = { id: this.#id(), config, script, ip, createdAt: this.#now(), ready: true }
    this.#sandboxes.set(sandbox.id, sandbox)
    return sandbox.id
  }

  async stopPodSandbox(id: string): Promise<void> {
    this.#up()
    const sandbox = this.#sandboxes.get(id)
    if (!sandbox?.ready) return
    sandbox.ready = false
    for (const container of this.#containers.values()) {
      if (container.sandbox === sandbox && container.state === 'CONTAINER_RUNNING')
        this.#finish(container, SIGKILL_CODE, 'Error')
    }
    if (sandbox.ip) this.#options.releaseIP(sandbox.ip)
  }

  async removePodSandbox(id: string): Promise<void> {
    await this.stopPodSandbox(id)
    for (const container of this.#containers.values())
      if (container.sandbox.id === id) this.#containers.delete(container.id)
    this.#sandboxes.delete(id)
  }

  async podSandboxStatus(id: string): Promise<cri.PodSandboxStatusResponse> {
    this.#up()
    const sandbox = this.#sandboxes.get(id) ?? notFound('sandbox', id)
    const { labels = {}, annotations = {}, linux } = sandbox.config
    return {
      info: {},
      containersStatuses: [],
      timestamp: 0,
      status: {
        id,
        metadata: metadataOf(sandbox),
        state: sandbox.ready ? 'SANDBOX_READY' : 'SANDBOX_NOTREADY',
        createdAt: sandbox.createdAt,
        network: { ip: sandbox.ip, additionalIps: [] },
        linux: {
          namespaces: {
            options: {
              network: 'POD',
              pid: 'CONTAINER',
              ipc: 'POD',
              targetId: '',
              ...linux?.securityContext?.namespaceOptions,
            } as cri.NamespaceOption,
          },
        },
        labels: labels as Record<string, string>,
        annotations: annotations as Record<string, string>,
        runtimeHandler: '',
      },
    }
  }

  async listPodSandbox(): Promise<cri.PodSandbox[]> {
    this.#up()
    return [...this.#sandboxes.values()].map((sandbox) => ({
      id: sandbox.id,
      metadata: metadataOf(sandbox),
      state: sandbox.ready ? ('SANDBOX_READY' as const) : ('SANDBOX_NOTREADY' as const),
      createdAt: sandbox.createdAt,
      labels: (sandbox.config.labels ?? {}) as Record<string, string>,
      annotations: {},
      runtimeHandler: '',
    }))
  }

  async updatePodSandboxResources(): Promise<void> {}

  async createContainer(sandboxId: string, config: Init<cri.ContainerConfig>): Promise<string> {
    this.#up()
    const sandbox = this.#sandboxes.get(sandboxId) ?? notFound('sandbox', sandboxId)
    const { name = '', attempt = 0 } = config.metadata ?? {}
    const container: Container = {
      id: this.#id(),
      sandbox,
      config,
      script: containerScript(sandbox.script, name, attempt),
      createdAt: this.#now(),
      resources: config.linux?.resources ?? {},
      state: 'CONTAINER_CREATED',
      startedAt: 0,
      finishedAt: 0,
      exitCode: 0,
      reason: '',
      message: '',
      timer: undefined,
      ended: [],
    }
    this.#containers.set(container.id, container)
    return container.id
  }

  async startContainer(id: string): Promise<void> {
    this.#up()
    const { env, files, signal } = this.#options
    const container = this.#containers.get(id) ?? notFound('container', id)
    const { startMs, startError, runMs, exitCode = 0, logs } = container.script
    if (startMs) await sleep(env.clock, startMs, signal)
    if (startError !== undefined) {
      this.#finish(container, 128, 'StartError', startError)
      throw new CriError('Unknown', startError)
    }
    container.state = 'CONTAINER_RUNNING'
    container.startedAt = this.#now()
    if (logs) files.append(this.#logPath(container), logLines(env.clock.now(), logs))
    if (runMs === undefined) return
    container.timer = env.clock.setTimer(
      () => this.#finish(container, exitCode, exitCode === 0 ? 'Completed' : 'Error'),
      runMs,
    )
  }

  async stopContainer(id: string, timeoutSeconds: number): Promise<void> {
    this.#up()
    const { clock } = this.#options.env
    const container = this.#containers.get(id)
    if (container?.state !== 'CONTAINER_RUNNING') return
    const { stopMs = 0 } = container.script
    const graceMs = timeoutSeconds * 1000
    if (Math.min(stopMs, graceMs) === 0) return this.#finish(container, 0, 'Completed')
    // Ended by itself or killed, whichever is sooner; a second call with less time may be sooner still.
    const killed = stopMs > graceMs
    clock.setTimer(() => this.end(id, killed ? SIGKILL_CODE : 0), Math.min(stopMs, graceMs))
    await new Promise<void>((resolve) => container.ended.push(resolve))
  }

  async removeContainer(id: string): Promise<void> {
    this.#up()
    this.end(id, SIGKILL_CODE)
    this.#containers.delete(id)
  }

  async listContainers(filter: Init<cri.ContainerFilter> = {}): Promise<cri.Container[]> {
    this.#up()
    const all = [...this.#containers.values()].filter(({ id }) => !filter.id || id === filter.id)
    return all.map(({ id, sandbox, config, state, createdAt }) => ({
      id,
      podSandboxId: sandbox.id,
      metadata: { name: config.metadata?.name ?? '', attempt: config.metadata?.attempt ?? 0 },
      imageRef: config.image?.image ?? '',
      state,
      createdAt,
      labels: (config.labels ?? {}) as Record<string, string>,
      annotations: (config.annotations ?? {}) as Record<string, string>,
      imageId: config.image?.image ?? '',
    }))
  }

  async containerStatus(id: string): Promise<cri.ContainerStatusResponse> {
    this.#up()
    const container = this.#containers.get(id) ?? notFound('container', id)
    const { config, state, createdAt, startedAt, finishedAt, exitCode, reason, message } = container
    return {
      info: {},
      status: {
        id,
        metadata: { name: config.metadata?.name ?? '', attempt: config.metadata?.attempt ?? 0 },
        state,
        createdAt,
        startedAt,
        finishedAt,
        exitCode,
        image: imageSpec(config.image?.userSpecifiedImage ?? ''),
        imageRef: config.image?.image ?? '',
        reason,
        message,
        labels: (config.labels ?? {}) as Record<string, string>,
        annotations: (config.annotations ?? {}) as Record<string, string>,
        mounts: [],
        logPath: this.#logPath(container),
        imageId: config.image?.image ?? '',
        resources: { linux: { ...NO_RESOURCES, ...container.resources } as cri.LinuxContainerResources },
        stopSignal: 'RUNTIME_DEFAULT',
      },
    }
  }

  async updateContainerResources(id: string, resources: Init<cri.LinuxContainerResources>): Promise<void> {
    this.#up()
    const container = this.#containers.get(id) ?? notFound('container', id)
    container.resources = { ...container.resources, ...resources }
  }

  async reopenContainerLog(): Promise<void> {}

  async execSync(id: string, command: readonly string[]): Promise<cri.ExecSyncResponse> {
    this.#up()
    return this.#execAnswer(id, command)
  }

  async exec(request: Init<cri.ExecRequest>): Promise<string> {
    const { sessions } = this.#options
    if (!sessions) throw new CriError('Unimplemented', 'a simulated container carries on no sessions')
    return sessions.exec((command) => this.#execAnswer(request.containerId ?? '', command), request)
  }

  async attach(): Promise<string> {
    throw new CriError('Unimplemented', 'a simulated container cannot be attached to')
  }

  async portForward(): Promise<string> {
    throw new CriError('Unimplemented', 'a simulated pod has no ports')
  }

  async listContainerStats(): Promise<cri.ContainerStats[]> {
    this.#up()
    const running = [...this.#containers.values()].filter(({ state }) => state === 'CONTAINER_RUNNING')
    return running.map((container) => this.#statsOf(container))
  }

  async listPodSandboxStats(): Promise<cri.PodSandboxStats[]> {
    return []
  }

  containerEvents(signal: AbortSignal): AsyncIterable<ContainerEvent> {
    return this.#events.listen(signal)
  }

  #finish(container: Container, exitCode: number, reason: string, message = container.script.message ?? ''): void {
    container.timer?.cancel()
    container.state = 'CONTAINER_EXITED'
    container.exitCode = exitCode
    container.reason = reason
    container.message = message
    container.finishedAt = this.#now()
    for (const resolve of container.ended.splice(0)) resolve()
    this.#options.files.wake(this.#logPath(container))
    this.#events.push({ type: 'stopped', id: container.id })
  }

  #switchOff(): void {
    this.#down = 'the machine is switched off'
    for (const container of this.#containers.values()) {
      container.timer?.cancel()
      for (const resolve of container.ended.splice(0)) resolve()
    }
  }

  #execAnswer(id: string, command: readonly string[]): cri.ExecSyncResponse {
    const container = this.#containers.get(id) ?? notFound('container', id)
    if (container.state !== 'CONTAINER_RUNNING')
      throw new CriError('FailedPrecondition', `container ${id} is not running`)
    const answers = container.script.exec ?? {}
    const { stdout = '', stderr = '', exitCode = 0 } = answers[command.join(' ')] ?? answers['*'] ?? {}
    const encoder = new TextEncoder()
    return { stdout: encoder.encode(stdout), stderr: encoder.encode(stderr), exitCode }
  }

  #statsOf({ id, config, script, startedAt }: Container): cri.ContainerStats {
    const timestamp = this.#now()
    const { cpuMillis = 0, memoryBytes = 0 } = script
    return {
      attributes: {
        id,
        metadata: { name: config.metadata?.name ?? '', attempt: config.metadata?.attempt ?? 0 },
        labels: (config.labels ?? {}) as Record<string, string>,
        annotations: {},
      },
      cpu: {
        timestamp,
        usageNanoCores: { value: cpuMillis * 1e6 },
        usageCoreNanoSeconds: { value: Math.round(((timestamp - startedAt) * cpuMillis) / 1000) },
      },
      memory: { timestamp, workingSetBytes: { value: memoryBytes }, usageBytes: { value: memoryBytes } },
    }
  }

  #logPath({ sandbox, config }: Container): string {
    return `${sandbox.config.logDirectory}/${config.logPath}`
  }

  #up(): void {
    if (this.#down !== undefined) throw new CriError('Unavailable', this.#down)
  }

  /** Nanoseconds since the epoch. */
  #now(): number {
    return this.#options.env.clock.now() * 1e6
  }

  /** Containers' ids are 64 hexadecimal digits. */
  #id(): string {
    return (++this.#ids).toString(16).padStart(64, '0')
  }
}

function notFound(what: string, id: string): never {
  throw new CriError('NotFound', `an error occurred when try to find ${what} ${JSON.stringify(id)}: not found`)
}

function metadataOf({ config }: Sandbox): cri.PodSandboxMetadata {
  const { name = '', uid = '', namespace = '', attempt = 0 } = config.metadata ?? {}
  return { name, uid, namespace, attempt }
}

function imageSpec(image: string): cri.ImageSpec {
  return { image, annotations: {}, userSpecifiedImage: image, runtimeHandler: '', imageRef: '' }
}

function logLines(nowMs: number, lines: readonly string[]): string {
  const time = new Date(nowMs).toISOString().replace('Z', '000000Z')
  return lines.map((line) => `${time} stdout F ${line}\n`).join('')
}
