import type { LabelSelector } from '../../../apimachinery/labels/label-selector.ts'
import { semanticEqual } from '../../../apimachinery/equality.ts'
import { timestamp, type Frozen, type OwnerReference } from '../../../apimachinery/meta.ts'
import type { WriteContext } from '../../../apimachinery/resource.ts'
import type { Container, Pod, PodAffinityTerm, PodSpec, PodStatus } from '../../generated/types/core/v1.ts'
import { mirrorServiceAccount } from './pod-spec/default.ts'
import { qosClass } from './pod-qos.ts'

/** PodStrategy.PrepareForCreate: a new pod is Pending, and matchLabelKeys become part of the selectors they extend. */
export function preparePodForCreate(pod: Pod, { env }: WriteContext): void {
  mirrorServiceAccount(pod.spec)
  pod.status = { phase: 'Pending', qosClass: qosClass(pod) }
  if ((pod.spec.schedulingGates ?? []).length > 0) gateScheduling(pod.status, env.clock.now())
  mergeMatchLabelKeys(pod)
}

function gateScheduling(status: PodStatus, now: number): void {
  status.conditions = [
    {
      type: 'PodScheduled',
      status: 'False',
      lastTransitionTime: timestamp(now),
      reason: 'SchedulingGated',
      message: 'Scheduling is blocked due to non-empty scheduling gates',
    },
  ]
}

/** KEP-3633 and KEP-3243: the pod's own values of these labels are written into the selectors once, on creation. */
function mergeMatchLabelKeys({ metadata, spec }: Pod): void {
  const labels = metadata.labels ?? {}
  for (const affinity of [spec.affinity?.podAffinity, spec.affinity?.podAntiAffinity]) {
    for (const term of affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []) mergeIntoTerm(term, labels)
    for (const { podAffinityTerm } of affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []) {
      mergeIntoTerm(podAffinityTerm, labels)
    }
  }
  for (const { labelSelector, matchLabelKeys } of spec.topologySpreadConstraints ?? []) {
    if (labelSelector) mergeKeys(labelSelector, matchLabelKeys, 'In', labels)
  }
}

type Labels = Readonly<Record<string, string>>

function mergeIntoTerm({ labelSelector, matchLabelKeys, mismatchLabelKeys }: PodAffinityTerm, labels: Labels): void {
  if (!labelSelector) return
  mergeKeys(labelSelector, matchLabelKeys, 'In', labels)
  mergeKeys(labelSelector, mismatchLabelKeys, 'NotIn', labels)
}

function mergeKeys(
  selector: LabelSelector,
  keys: readonly string[] | undefined,
  operator: 'In' | 'NotIn',
  labels: Labels,
): void {
  for (const key of keys ?? []) {
    const value = labels[key]
    if (value !== undefined) (selector.matchExpressions ??= []).push({ key, operator, values: [value] })
  }
}

/** PrepareForUpdate of the pod and of its subresources, each of which may change its own part alone. */
export function preparePodForUpdate(pod: Pod, old: Frozen<Pod>, { subresource }: WriteContext): void {
  if (subresource === 'status') return prepareStatus(pod, old)
  if (subresource === 'ephemeralcontainers') {
    const { ephemeralContainers } = pod.spec
    pod.spec = { ...thaw<PodSpec>(old.spec), ...(ephemeralContainers && { ephemeralContainers }) }
    if (!ephemeralContainers) delete pod.spec.ephemeralContainers
  } else if (subresource === 'resize') pod.spec = resizedSpec(pod.spec, old.spec)
  mirrorServiceAccount(pod.spec)
  moveGeneration(pod, old)
}

function moveGeneration(pod: Pod, old: Frozen<Pod>): void {
  const generation = old.metadata.generation ?? 0
  if (!semanticEqual(pod.spec, old.spec)) pod.metadata.generation = generation + 1
}

/** Only resources and resize policies may differ; anything else that does is left for validation to refuse. */
function resizedSpec(spec: PodSpec, old: Frozen<PodSpec>): PodSpec {
  const containers = resizedContainers(spec.containers, old.containers)
  const initContainers = resizedContainers(spec.initContainers, old.initContainers)
  if (!containers || !initContainers) return spec
  const kept: PodSpec = { ...thaw<PodSpec>(old), containers }
  if (initContainers.length > 0) kept.initContainers = initContainers
  if (spec.resources) kept.resources = spec.resources
  return kept
}

/** Undefined when containers were added, removed, renamed or reordered. */
function resizedContainers(
  containers: readonly Container[] = [],
  old: readonly Frozen<Container>[] = [],
): Container[] | undefined {
  if (containers.length !== old.length) return undefined
  if (containers.some((container, index) => container.name !== old[index]?.name)) return undefined
  return old.map((before, index) => {
    const { resources, resizePolicy } = containers[index] ?? {}
    const { resources: _, resizePolicy: __, ...rest } = thaw<Container>(before)
    return { ...rest, ...(resources && { resources }), ...(resizePolicy && { resizePolicy }) }
  })
}

/** Old kubelets drop owner references, the QoS class and observed generations from what they write back. */
function prepareStatus(pod: Pod, old: Frozen<Pod>): void {
  const { ownerReferences } = old.metadata
  if (ownerReferences) pod.metadata.ownerReferences = thaw<OwnerReference[]>(ownerReferences)
  else delete pod.metadata.ownerReferences
  const status = (pod.status ??= {})
  if (!status.qosClass && old.status?.qosClass) status.qosClass = old.status.qosClass
  if (!status.observedGeneration && old.status?.observedGeneration) {
    status.observedGeneration = old.status.observedGeneration
  }
  keepConditionGenerations(status, old.status)
  // The feature gate DRANodeAllocatableResources is off: only what used it before may.
  if ((old.status?.nodeAllocatableResourceClaimStatuses ?? []).length === 0) {
    delete status.nodeAllocatableResourceClaimStatuses
  }
}

function keepConditionGenerations(status: PodStatus, old: Frozen<PodStatus> | undefined): void {
  const before = [...(old?.conditions ?? [])]
  for (const condition of status.conditions ?? []) {
    const index = before.findIndex(({ type }) => type === condition.type)
    if (index < 0) continue
    const [match] = before.splice(index, 1)
    if (!condition.observedGeneration && match?.observedGeneration) {
      condition.observedGeneration = match.observedGeneration
    }
  }
}

/** A mutable copy of stored data. */
function thaw<T>(frozen: Frozen<T>): T {
  return structuredClone(frozen) as T
}
