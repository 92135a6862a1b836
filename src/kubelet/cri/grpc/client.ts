import { hasCode } from '../error.ts'
import type * as cri from '../generated/types.ts'
import type { ContainerEvent, ImageService, RuntimeService } from '../services.ts'
import { containerdEvents, criCodec } from './codec.ts'
import { connect, type Connection } from './connection.ts'

export interface CriClientOptions {
  /** `unix:///run/containerd/containerd.sock`, or the bare path. */
  readonly endpoint: string
  /** How long an ordinary call may take (upstream's runtimeRequestTimeout). */
  readonly timeoutMs?: number
}

/** A runtime spoken to over gRPC. */
export interface CriClient {
  readonly runtime: RuntimeService
  readonly images: ImageService
  close(): void
}

const DEFAULT_TIMEOUT_MS = 120_000

/** Connects to a CRI v1 socket. Nothing is sent until the first call. */
export function criClient(options: CriClientOptions): CriClient {
  const connection = connect(options.endpoint)
  const caller = callerOf(connection, options.timeoutMs ?? DEFAULT_TIMEOUT_MS)
  return {
    runtime: runtimeService(connection, caller),
    images: imageService(caller),
    close: () => connection.close(),
  }
}

/** Calls a method; its answer's type is the caller's claim. `extraMs` is added to the timeout; undefined takes the limit away. */
type Caller = <R>(
  service: 'RuntimeService' | 'ImageService',
  method: string,
  request?: object,
  extraMs?: number | 'unlimited',
) => Promise<R>

function callerOf(connection: Connection, timeoutMs: number): Caller {
  const method = criCodec()
  return <R>(
    service: 'RuntimeService' | 'ImageService',
    name: string,
    request = {},
    extraMs: number | 'unlimited' = 0,
  ) =>
    connection.call(method(service, name), request, {
      timeoutMs: extraMs === 'unlimited' ? 0 : timeoutMs + extraMs,
    }) as Promise<R>
}

function runtimeService(connection: Connection, caller: Caller): RuntimeService {
  const call = <R>(method: string, request?: object, extraMs?: number): Promise<R> =>
    caller<R>('RuntimeService', method, request, extraMs)
  const run = async (method: string, request: object, extraMs?: number): Promise<void> => {
    await call(method, request, extraMs)
  }
  return {
    version: () => call('Version', { version: '0.1.0' }),
    status: (verbose = false) => call('Status', { verbose }),
    runtimeConfig: () => call('RuntimeConfig'),
    updateRuntimeConfig: (runtimeConfig) => run('UpdateRuntimeConfig', { runtimeConfig }),

    // Upstream gives sandboxes twice the time: the network may be slow to come.
    runPodSandbox: async (config, runtimeHandler) =>
      (await call<cri.RunPodSandboxResponse>('RunPodSandbox', { config, runtimeHandler }, DEFAULT_TIMEOUT_MS))
        .podSandboxId,
    stopPodSandbox: (podSandboxId) => run('StopPodSandbox', { podSandboxId }),
    removePodSandbox: (podSandboxId) => run('RemovePodSandbox', { podSandboxId }),
    podSandboxStatus: (podSandboxId, verbose = false) => call('PodSandboxStatus', { podSandboxId, verbose }),
    listPodSandbox: async (filter) => (await call<cri.ListPodSandboxResponse>('ListPodSandbox', { filter })).items,
    updatePodSandboxResources: (request) => run('UpdatePodSandboxResources', request),

    createContainer: async (podSandboxId, config, sandboxConfig) =>
      (await call<cri.CreateContainerResponse>('CreateContainer', { podSandboxId, config, sandboxConfig })).containerId,
    startContainer: (containerId) => run('StartContainer', { containerId }),
    stopContainer: (containerId, timeout) => run('StopContainer', { containerId, timeout }, timeout * 1000),
    removeContainer: (containerId) => run('RemoveContainer', { containerId }),
    listContainers: async (filter) => (await call<cri.ListContainersResponse>('ListContainers', { filter })).containers,
    containerStatus: (containerId, verbose = false) => call('ContainerStatus', { containerId, verbose }),
    updateContainerResources: (containerId, linux) => run('UpdateContainerResources', { containerId, linux }),
    reopenContainerLog: (containerId) => run('ReopenContainerLog', { containerId }),

    execSync: (containerId, cmd, timeout) => call('ExecSync', { containerId, cmd, timeout }, timeout * 1000),
    exec: async (request) => (await call<cri.ExecResponse>('Exec', request)).url,
    attach: async (request) => (await call<cri.AttachResponse>('Attach', request)).url,
    portForward: async (request) => (await call<cri.PortForwardResponse>('PortForward', request)).url,

    listContainerStats: async (filter) =>
      (await call<cri.ListContainerStatsResponse>('ListContainerStats', { filter })).stats,
    listPodSandboxStats: async (filter) =>
      (await call<cri.ListPodSandboxStatsResponse>('ListPodSandboxStats', { filter })).stats,

    containerEvents: (signal) => events(connection, () => call('Version'), signal),
  }
}

function imageService(caller: Caller): ImageService {
  const call = <R>(method: string, request?: object, extraMs?: 'unlimited'): Promise<R> =>
    caller<R>('ImageService', method, request, extraMs)
  return {
    listImages: async (filter) => (await call<cri.ListImagesResponse>('ListImages', { filter })).images,
    imageStatus: (image, verbose = false) => call('ImageStatus', { image, verbose }),
    pullImage: async (image, auth, sandboxConfig) =>
      (await call<cri.PullImageResponse>('PullImage', { image, auth, sandboxConfig }, 'unlimited')).imageRef,
    removeImage: async (image) => {
      await call('RemoveImage', { image })
    },
    imageFsInfo: () => call('ImageFsInfo'),
  }
}

/** CRI's events where the runtime has them (containerd from 1.7), else containerd's own. */
async function* events(
  connection: Connection,
  roundTrip: () => Promise<unknown>,
  signal: AbortSignal,
): AsyncIterable<ContainerEvent> {
  try {
    yield* subscribed(criEvents(connection, signal), roundTrip)
  } catch (error) {
    if (!hasCode(error, 'Unimplemented')) throw error
    yield* subscribed(taskEvents(connection, signal), roundTrip)
  }
}

/**
 * Starts the subscription, then says so: a call made after it on the same connection has been answered, so the server has
 * seen the subscription too. (Neither service sends anything at the start of its stream.)
 */
async function* subscribed(
  source: AsyncIterable<ContainerEvent>,
  roundTrip: () => Promise<unknown>,
): AsyncIterable<ContainerEvent> {
  const iterator = source[Symbol.asyncIterator]()
  const first = iterator.next()
  first.catch(() => undefined) // It is awaited below; until then it may fail unheard.
  try {
    await roundTrip()
    yield { type: 'connected' }
    for (let item = await first; !item.done; item = await iterator.next()) yield item.value
  } finally {
    await iterator.return?.()
  }
}

const EVENT_TYPES: Readonly<Record<cri.ContainerEventType, 'created' | 'started' | 'stopped' | 'deleted'>> = {
  CONTAINER_CREATED_EVENT: 'created',
  CONTAINER_STARTED_EVENT: 'started',
  CONTAINER_STOPPED_EVENT: 'stopped',
  CONTAINER_DELETED_EVENT: 'deleted',
}

async function* criEvents(connection: Connection, signal: AbortSignal): AsyncIterable<ContainerEvent> {
  const method = criCodec()('RuntimeService', 'GetContainerEvents')
  for await (const message of connection.stream(method, {}, signal)) {
    const event = message as cri.ContainerEventResponse
    yield { type: EVENT_TYPES[event.containerEventType], id: event.containerId }
  }
}

/** The namespace that containerd's CRI plugin keeps its containers in. */
const CRI_NAMESPACE = 'k8s.io'

async function* taskEvents(connection: Connection, signal: AbortSignal): AsyncIterable<ContainerEvent> {
  const { subscribe, taskExit } = containerdEvents()
  const filters = [`namespace==${CRI_NAMESPACE},topic=="/tasks/exit"`]
  for await (const message of connection.stream(subscribe, { filters }, signal)) {
    const { event } = message as { event?: { value: Uint8Array } }
    const { containerId, id } = taskExit(event?.value ?? new Uint8Array())
    if (containerId === id) yield { type: 'stopped', id }
  }
}
