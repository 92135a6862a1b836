import type { Frozen } from '../../apimachinery/meta.ts'
import type { ContainerStatus } from '../../api/generated/types/core/v1.ts'
import { readLog, type LogOptions } from '../logs/read.ts'
import { uidOf, type Pod } from '../pod/spec.ts'
import { NodeApiError, type NodeRequest, type NodeResponse } from './api.ts'
import { containerOf, podNamed, type ServerContext } from './context.ts'

/** `/containerLogs/{namespace}/{pod}/{container}`: what a container has written, or writes. */
export async function containerLogs(
  context: ServerContext,
  [namespace = '', podName = '', containerName = '']: readonly string[],
  query: URLSearchParams,
  request: NodeRequest,
): Promise<NodeResponse> {
  const { means } = context
  const options = optionsOf(query, means.env.clock.now())
  const pod = podNamed(context, namespace, podName)
  containerOf(pod, containerName)
  const id = logContainer(context, pod, containerName, query.get('previous') === 'true')
  const container = means.observed.get(uidOf(pod))?.containers.find((c) => c.id === id)
  const path = container?.logPath
  if (!path || !(await means.host.files.stat(path)))
    throw new NodeApiError(400, `unable to retrieve container logs for ${means.node.runtimeName}://${id}`)
  const ended = means.observed.ended(uidOf(pod), id, request.signal)
  return {
    status: 200,
    contentType: 'text/plain',
    body: readLog(means.host.files, path, options, ended, request.signal),
  }
}

function optionsOf(query: URLSearchParams, nowMs: number): LogOptions {
  const integer = (name: string, least: number): number | undefined => {
    const value = query.get(name)
    if (value === null) return undefined
    if (!/^-?\d+$/.test(value)) throw new NodeApiError(400, '{"message": "Unable to decode query."}')
    if (Number(value) < least) throw new NodeApiError(422, '{"message": "Invalid request."}')
    return Number(value)
  }
  const sinceSeconds = integer('sinceSeconds', 1)
  const sinceTime = query.get('sinceTime')
  if (sinceSeconds !== undefined && sinceTime !== null) throw new NodeApiError(422, '{"message": "Invalid request."}')
  const sinceMs =
    sinceSeconds !== undefined ? nowMs - sinceSeconds * 1000 : sinceTime === null ? undefined : Date.parse(sinceTime)
  const tailLines = integer('tailLines', 0)
  const limitBytes = integer('limitBytes', 1)
  const stream = { Stdout: 'stdout', Stderr: 'stderr' }[query.get('stream') ?? ''] as LogOptions['stream']
  return {
    follow: query.get('follow') === 'true',
    timestamps: query.get('timestamps') === 'true',
    ...(sinceMs !== undefined && { sinceMs }),
    ...(tailLines !== undefined && { tailLines }),
    ...(limitBytes !== undefined && { limitBytes }),
    ...(stream !== undefined && { stream }),
  }
}

/** The id of the container whose log is meant. Throws 400, in upstream's words, when there is none (validateContainerLogStatus). */
function logContainer({ means }: ServerContext, pod: Pod, name: string, previous: boolean): string {
  const status = statusOf(pod, name)
  const inPod = `container ${JSON.stringify(name)} in pod ${JSON.stringify(pod.metadata.name)}`
  const instances = means.observed.get(uidOf(pod))?.containers.filter((container) => container.name === name) ?? []
  if (previous) {
    const before = instances.find(
      ({ state }, i) => state === 'exited' && (i > 0 || status?.state?.terminated === undefined),
    )
    if (before) return before.id
    throw new NodeApiError(400, `previous terminated ${inPod} not found`)
  }
  const newest = instances.find(({ state }) => state === 'running' || state === 'exited')
  if (newest) return newest.id
  const waiting = status?.state?.waiting
  if (!waiting) throw new NodeApiError(400, `${inPod} is not available`)
  const { reason } = waiting
  if (reason === 'ErrImagePull') throw new NodeApiError(400, `${inPod} is waiting to start: image can't be pulled`)
  if (reason === 'ImagePullBackOff')
    throw new NodeApiError(400, `${inPod} is waiting to start: trying and failing to pull image`)
  throw new NodeApiError(400, `${inPod} is waiting to start: ${reason}`)
}

function statusOf({ status = {} }: Pod, name: string): Frozen<ContainerStatus> | undefined {
  const { containerStatuses = [], initContainerStatuses = [], ephemeralContainerStatuses = [] } = status
  return [...containerStatuses, ...initContainerStatuses, ...ephemeralContainerStatuses].find((s) => s.name === name)
}
