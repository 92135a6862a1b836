import type * as cri from '../cri/generated/types.ts'

/** What the runtime has of one pod, gathered by pod uid from the labels on its sandboxes and containers. */
export interface ObservedPod {
  readonly uid: string
  readonly name: string
  readonly namespace: string
  /** Newest first. */
  readonly sandboxes: readonly ObservedSandbox[]
  /** Newest first; also those of earlier sandboxes that have not been removed. */
  readonly containers: readonly ObservedContainer[]
}

export interface ObservedSandbox {
  readonly id: string
  readonly attempt: number
  readonly ready: boolean
  readonly createdAtMs: number
  /** Empty while unknown, and on the host's network. */
  readonly ips: readonly string[]
  readonly hostNetwork: boolean
}

export interface ObservedContainer {
  readonly id: string
  readonly sandboxId: string
  readonly name: string
  readonly state: 'created' | 'running' | 'exited' | 'unknown'
  /** How often this container had been started before. */
  readonly restartCount: number
  readonly createdAtMs: number
  readonly startedAtMs: number
  readonly finishedAtMs: number
  readonly exitCode: number
  readonly reason: string
  /** The termination message, once ended. */
  readonly message: string
  readonly image: string
  /** The image's id or digest as status shows it. */
  readonly imageRef: string
  /** Of the definition that it was made from, see `hashOf`. */
  readonly hash: string
  readonly logPath: string
  /** How long it may take to end, as the pod said when it was made. */
  readonly graceSeconds: number
  /** Its preStop handler in JSON, empty for none: for when the pod's spec is not known any more. */
  readonly preStop: string
  /** When the end was that all containers of the pod were started again for, this one as well; 0 before there was one. */
  readonly roundMs: number
  readonly resources?: cri.LinuxContainerResources
  readonly user?: cri.LinuxContainerUser
}

/** A pod of which the runtime has nothing. */
export function nothingObserved(pod: {
  readonly uid: string
  readonly name: string
  readonly namespace: string
}): ObservedPod {
  return { ...pod, sandboxes: [], containers: [] }
}

/** The newest instance of a container, by name. */
export function findContainer(pod: ObservedPod, name: string): ObservedContainer | undefined {
  return pod.containers.find((container) => container.name === name)
}

/** The newest sandbox, if it is ready. */
export function readySandbox(pod: ObservedPod): ObservedSandbox | undefined {
  const [sandbox] = pod.sandboxes
  return sandbox?.ready === true ? sandbox : undefined
}

const STATES: Readonly<Record<cri.ContainerState, ObservedContainer['state']>> = {
  CONTAINER_CREATED: 'created',
  CONTAINER_RUNNING: 'running',
  CONTAINER_EXITED: 'exited',
  CONTAINER_UNKNOWN: 'unknown',
}

/** What a CRI container status says. `message` is the termination message when it was read from elsewhere. */
export function observeContainer(status: cri.ContainerStatus, sandboxId: string, message: string): ObservedContainer {
  const { labels, annotations } = status
  return {
    id: status.id,
    sandboxId,
    name: labels[LABELS.containerName] ?? status.metadata?.name ?? '',
    state: STATES[status.state],
    restartCount: Number(annotations[ANNOTATIONS.restartCount] ?? status.metadata?.attempt ?? 0),
    createdAtMs: toMs(status.createdAt),
    startedAtMs: toMs(status.startedAt),
    finishedAtMs: toMs(status.finishedAt),
    exitCode: status.exitCode,
    reason: status.reason,
    message,
    image: status.image?.image ?? '',
    imageRef: status.imageRef,
    hash: annotations[ANNOTATIONS.hash] ?? '',
    logPath: status.logPath,
    graceSeconds: Number(
      annotations[ANNOTATIONS.podDeletionGracePeriod] ?? annotations[ANNOTATIONS.podTerminationGracePeriod] ?? 30,
    ),
    preStop: annotations[ANNOTATIONS.preStopHandler] ?? '',
    roundMs: Number(annotations[ANNOTATIONS.round] ?? 0),
    ...(status.resources?.linux && { resources: status.resources.linux }),
    ...(status.user?.linux && { user: status.user.linux }),
  }
}

/** What a CRI sandbox status says. */
export function observeSandbox(status: cri.PodSandboxStatus): ObservedSandbox {
  const ips = [status.network?.ip ?? '', ...(status.network?.additionalIps ?? []).map(({ ip }) => ip)]
  return {
    id: status.id,
    attempt: status.metadata?.attempt ?? 0,
    ready: status.state === 'SANDBOX_READY',
    createdAtMs: toMs(status.createdAt),
    ips: ips.filter((ip) => ip !== ''),
    hostNetwork: status.linux?.namespaces?.options?.network === 'NODE',
  }
}

/** Fractions are kept: they tell which came first. */
const toMs = (nanoseconds: number): number => nanoseconds / 1e6

/** Labels on sandboxes and containers, upstream's (pkg/kubelet/types/labels.go): what tells whose they are. */
export const LABELS = {
  podName: 'io.kubernetes.pod.name',
  podNamespace: 'io.kubernetes.pod.namespace',
  podUid: 'io.kubernetes.pod.uid',
  containerName: 'io.kubernetes.container.name',
} as const

/** Annotations on containers, upstream's (pkg/kubelet/kuberuntime/labels.go): what survives a restart of the node agent. */
export const ANNOTATIONS = {
  hash: 'io.kubernetes.container.hash',
  restartCount: 'io.kubernetes.container.restartCount',
  terminationMessagePath: 'io.kubernetes.container.terminationMessagePath',
  terminationMessagePolicy: 'io.kubernetes.container.terminationMessagePolicy',
  ports: 'io.kubernetes.container.ports',
  preStopHandler: 'io.kubernetes.container.preStopHandler',
  /** Ours alone: see `plan/restart-all.ts`. */
  round: 'io.kubernetes.container.round',
  podDeletionGracePeriod: 'io.kubernetes.pod.deletionGracePeriod',
  podTerminationGracePeriod: 'io.kubernetes.pod.terminationGracePeriod',
} as const
