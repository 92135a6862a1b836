import type * as cri from '../cri/generated/types.ts'
import type { Init } from '../cri/init.ts'
import { hashOf } from '../plan/hash.ts'
import { gracePeriodOf, uidOf, type Container, type Pod } from '../pod/spec.ts'
import { ANNOTATIONS, LABELS } from '../runtime/observed.ts'
import { expand, type Variables } from './expansion.ts'

/** What has been worked out for a container before its configuration is put together. */
export interface ContainerParts {
  readonly restartCount: number
  readonly roundMs?: number
  readonly imageRef: string
  readonly variables: ReadonlyMap<string, string>
  readonly mounts: readonly Init<cri.Mount>[]
  readonly devices?: readonly Init<cri.Device>[]
  readonly resources: Init<cri.LinuxContainerResources>
  readonly security: Init<cri.LinuxContainerSecurityContext>
}

/** The container as the runtime is to make it. */
export function containerConfig(pod: Pod, container: Container, parts: ContainerParts): Init<cri.ContainerConfig> {
  const { restartCount, variables } = parts
  const lookup: Variables = (name) => variables.get(name)
  const encoder = new TextEncoder()
  const { stopSignal } = container.lifecycle ?? {}
  return {
    metadata: { name: container.name, attempt: restartCount },
    image: { image: parts.imageRef, userSpecifiedImage: container.image ?? '' },
    command: (container.command ?? []).map((word) => expand(word, lookup)),
    args: (container.args ?? []).map((word) => expand(word, lookup)),
    workingDir: container.workingDir ?? '',
    envs: [...variables].map(([key, value]) => ({ key, value: encoder.encode(value) })),
    mounts: parts.mounts,
    devices: parts.devices ?? [],
    labels: labelsOf(pod, container),
    annotations: annotationsOf(pod, container, restartCount, parts.roundMs ?? 0),
    logPath: logPathOf(container.name, restartCount),
    stdin: container.stdin ?? false,
    stdinOnce: container.stdinOnce ?? false,
    tty: container.tty ?? false,
    linux: { resources: parts.resources, securityContext: parts.security },
    ...(stopSignal !== undefined && {
      stopSignal: stopSignal.replace('+', 'PLUS').replace('-', 'MINUS') as cri.Signal,
    }),
  }
}

/** A container's log file, below its pod's log directory. */
export function logPathOf(name: string, restartCount: number): string {
  return `${name}/${restartCount}.log`
}

/** A pod's log directory, below the node's (`/var/log/pods`). */
export function logDirectoryOf(pod: {
  readonly namespace: string
  readonly name: string
  readonly uid: string
}): string {
  return `${pod.namespace}_${pod.name}_${pod.uid}`
}

function labelsOf(pod: Pod, container: Container): Record<string, string> {
  return {
    [LABELS.podName]: pod.metadata.name ?? '',
    [LABELS.podNamespace]: pod.metadata.namespace ?? '',
    [LABELS.podUid]: uidOf(pod),
    [LABELS.containerName]: container.name,
  }
}

/** What a later node agent has to know when the pod itself is gone from the API. */
function annotationsOf(pod: Pod, container: Container, restartCount: number, roundMs: number): Record<string, string> {
  const { deletionGracePeriodSeconds } = pod.metadata
  const preStop = container.lifecycle?.preStop
  return {
    [ANNOTATIONS.hash]: hashOf(container),
    [ANNOTATIONS.restartCount]: String(restartCount),
    [ANNOTATIONS.terminationMessagePath]: container.terminationMessagePath ?? '',
    [ANNOTATIONS.terminationMessagePolicy]: container.terminationMessagePolicy ?? 'File',
    [ANNOTATIONS.podTerminationGracePeriod]: String(gracePeriodOf(pod)),
    ...(roundMs > 0 && { [ANNOTATIONS.round]: String(roundMs) }),
    ...(deletionGracePeriodSeconds !== undefined && {
      [ANNOTATIONS.podDeletionGracePeriod]: String(deletionGracePeriodSeconds),
    }),
    ...(preStop && { [ANNOTATIONS.preStopHandler]: JSON.stringify(preStop) }),
    ...(container.ports && container.ports.length > 0 && { [ANNOTATIONS.ports]: JSON.stringify(container.ports) }),
  }
}
