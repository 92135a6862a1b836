import type { Container, Pod, PodStatus, ResourceRequirements } from '../../generated/types/core/v1.ts'
import { defaultPodSpec } from './pod-spec/default.ts'
import { aggregateLimits, aggregateRequests } from './pod-resources.ts'
import { isHugePage, isOvercommitAllowed, isPodLevelResource } from './resource-names.ts'

/** SetDefaults_Pod: what only a Pod gets and a template does not, and then the spec's defaults. */
export function defaultPod(pod: Pod): void {
  const spec = (pod.spec ??= { containers: [] })
  for (const container of [...(spec.containers ?? []), ...(spec.initContainers ?? [])]) {
    requestsFromLimits((container.resources ??= {}))
    if (spec.hostNetwork) hostPortsFromContainerPorts(container)
  }
  if (spec.resources) defaultPodLevelResources(pod, spec.resources)
  spec.enableServiceLinks ??= true
  defaultPodSpec(spec)
  if (pod.status) matchPodIps(pod.status)
  // Upstream's conversion takes what is negative for the shortest period; in a template it stays, with a warning.
  if ((spec.terminationGracePeriodSeconds ?? 0) < 0) spec.terminationGracePeriodSeconds = 1
}

/** `podIP` is the first of `podIPs`, whichever of them an agent knows; where both are told and differ, the old field counts. */
function matchPodIps(status: PodStatus): void {
  const { podIP, podIPs = [] } = status
  if (podIP && podIPs[0]?.ip !== podIP) status.podIPs = [{ ip: podIP }]
  else if (!podIP && podIPs[0]?.ip) status.podIP = podIPs[0].ip
}

function requestsFromLimits(resources: ResourceRequirements): void {
  if (resources.limits) resources.requests = { ...resources.limits, ...resources.requests }
}

function hostPortsFromContainerPorts(container: Container): void {
  for (const port of container.ports ?? []) port.hostPort ||= port.containerPort
}

/** KEP-2837: what a pod asks for as a whole follows its containers, then its own limits. */
export function defaultPodLevelResources(pod: Pod, resources: ResourceRequirements): void {
  const { limits = {}, requests = {} } = resources
  if (Object.keys(limits).length + Object.keys(requests).length === 0) return
  for (const [name, value] of Object.entries(aggregateLimits(pod))) {
    if (isHugePage(name) && !Object.hasOwn(requests, name)) limits[name] ??= value
  }
  if (Object.keys(limits).length === 0) return
  resources.limits = limits
  for (const [name, value] of Object.entries(aggregateRequests(pod))) {
    if (isPodLevelResource(name) && isOvercommitAllowed(name)) requests[name] ??= value
  }
  for (const [name, value] of Object.entries(limits)) if (isPodLevelResource(name)) requests[name] ??= value
  if (Object.keys(requests).length > 0) resources.requests = requests
}
