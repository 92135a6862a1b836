import type * as cri from './generated/types.ts'
import type { Init } from './init.ts'

/**
 * The container runtime, as CRI v1 has it (k8s.io/cri-api, RuntimeService), with the envelopes taken off. Implemented over
 * gRPC for containerd and the like, and in memory by `simulated/`. Every call fails with a CriError. Times are nanoseconds since the
 * epoch (with a double's precision), durations are in the unit of their name.
 */
export interface RuntimeService {
  version(): Promise<cri.VersionResponse>
  status(verbose?: boolean): Promise<cri.StatusResponse>
  /** Unimplemented before containerd 2.0. */
  runtimeConfig(): Promise<cri.RuntimeConfigResponse>
  updateRuntimeConfig(config: Init<cri.RuntimeConfig>): Promise<void>

  /** Creates and starts a sandbox with its network; resolves to its id. */
  runPodSandbox(config: Init<cri.PodSandboxConfig>, runtimeHandler: string): Promise<string>
  /** Stops what runs in it and takes down its network. Idempotent; a sandbox that is gone is no error. */
  stopPodSandbox(id: string): Promise<void>
  /** Also removes its containers. A sandbox that is gone is no error. */
  removePodSandbox(id: string): Promise<void>
  podSandboxStatus(id: string, verbose?: boolean): Promise<cri.PodSandboxStatusResponse>
  listPodSandbox(filter?: Init<cri.PodSandboxFilter>): Promise<cri.PodSandbox[]>
  updatePodSandboxResources(request: Init<cri.UpdatePodSandboxResourcesRequest>): Promise<void>

  /** Resolves to the container's id. */
  createContainer(
    podSandboxId: string,
    config: Init<cri.ContainerConfig>,
    sandboxConfig: Init<cri.PodSandboxConfig>,
  ): Promise<string>
  startContainer(id: string): Promise<void>
  /** SIGTERM (or the stop signal), then SIGKILL after `timeoutSeconds`. Resolves when it has ended; one that is gone is no error. */
  stopContainer(id: string, timeoutSeconds: number): Promise<void>
  removeContainer(id: string): Promise<void>
  listContainers(filter?: Init<cri.ContainerFilter>): Promise<cri.Container[]>
  containerStatus(id: string, verbose?: boolean): Promise<cri.ContainerStatusResponse>
  updateContainerResources(id: string, resources: Init<cri.LinuxContainerResources>): Promise<void>
  /** Reopens the log file after rotation has moved it away. */
  reopenContainerLog(id: string): Promise<void>

  /** Runs a command to its end. DeadlineExceeded after `timeoutSeconds` (0: none). */
  execSync(id: string, command: readonly string[], timeoutSeconds: number): Promise<cri.ExecSyncResponse>
  /** Prepares a session; resolves to the URL of the runtime's streaming server to carry it on at. */
  exec(request: Init<cri.ExecRequest>): Promise<string>
  attach(request: Init<cri.AttachRequest>): Promise<string>
  portForward(request: Init<cri.PortForwardRequest>): Promise<string>

  listContainerStats(filter?: Init<cri.ContainerStatsFilter>): Promise<cri.ContainerStats[]>
  listPodSandboxStats(filter?: Init<cri.PodSandboxStatsFilter>): Promise<cri.PodSandboxStats[]>

  /**
   * Changes of containers and sandboxes as they happen, from when the first item (`{ type: 'connected' }`) is delivered, until
   * `signal` aborts (the iteration ends) or the connection fails (it throws). Throws Unimplemented where the runtime has none.
   */
  containerEvents(signal: AbortSignal): AsyncIterable<ContainerEvent>
}

/** Something happened to a container, or to a sandbox by its id. Says where to look, not what is there. */
export type ContainerEvent =
  | { readonly type: 'connected' }
  | { readonly type: 'created' | 'started' | 'stopped' | 'deleted'; readonly id: string }

/** The image side of CRI v1 (ImageService). */
export interface ImageService {
  listImages(filter?: Init<cri.ImageFilter>): Promise<cri.Image[]>
  /** `image` undefined when it isn't there. */
  imageStatus(image: Init<cri.ImageSpec>, verbose?: boolean): Promise<cri.ImageStatusResponse>
  /** Resolves to the image's reference. Takes as long as it takes. */
  pullImage(
    image: Init<cri.ImageSpec>,
    auth: Init<cri.AuthConfig> | undefined,
    sandboxConfig: Init<cri.PodSandboxConfig>,
  ): Promise<string>
  removeImage(image: Init<cri.ImageSpec>): Promise<void>
  imageFsInfo(): Promise<cri.ImageFsInfoResponse>
}
