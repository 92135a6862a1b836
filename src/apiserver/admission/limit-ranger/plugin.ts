import type { LimitRange, PersistentVolumeClaim, Pod } from '../../../api/generated/types/core/v1.ts'
import { defaultPodLevelResources } from '../../../api/core/v1/pod-default.ts'
import { aggregateLimits, aggregateRequests } from '../../../api/core/v1/pod-resources.ts'
import { limitRanges } from '../../../api/core/v1/limitrange.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'
import { aggregateMessage } from '../../../apimachinery/aggregate.ts'
import type { Mirror } from '../../mirror/mirror.ts'
import type { Mirrors } from '../../mirror/mirrors.ts'
import { admissionForbidden, resourceName } from '../forbidden.ts'
import type { AdmissionAttributes, AdmissionPlugin } from '../types.ts'
import { constrain, constrainRequests, type Resources, type Usage } from './constraints.ts'
import { applyDefaults } from './defaults.ts'

const BY_NAMESPACE = 'namespace'

/** Holds pods and claims to the LimitRanges of their namespace, and fills in what those give by default (upstream's LimitRanger). */
export function limitRanger(mirrors: Mirrors): AdmissionPlugin {
  const mirror = mirrors.of(limitRanges).index(BY_NAMESPACE, ({ metadata }) => [metadata.namespace ?? ''])
  return {
    name: 'LimitRanger',
    handles: (operation) => operation === 'CREATE' || operation === 'UPDATE',
    mutate(attributes) {
      if (!isNewPod(attributes) || attributes.oldObject?.metadata.deletionTimestamp) return
      const pod = attributes.object as Pod
      const ranges = rangesOf(mirror, attributes)
      for (const limitRange of ranges) applyDefaults(limitRange, pod)
      // What the pod itself asks for follows what its containers do now.
      if (ranges.length > 0 && pod.spec.resources) defaultPodLevelResources(pod, pod.spec.resources)
    },
    validate(attributes) {
      const check = isNewPod(attributes) ? podProblems : isClaim(attributes) ? claimProblems : undefined
      if (!check || attributes.oldObject?.metadata.deletionTimestamp) return
      for (const limitRange of rangesOf(mirror, attributes)) {
        const problems = [...check(limitRange, attributes)]
        if (problems.length > 0) throw admissionForbidden(attributes, aggregateMessage(problems))
      }
    },
  }
}

function rangesOf(mirror: Mirror<LimitRange>, { namespace }: AdmissionAttributes): readonly Frozen<LimitRange>[] {
  return mirror.by(BY_NAMESPACE, namespace)
}

/** What containers ask for cannot change afterwards, but by `resize`. */
function isNewPod(attributes: AdmissionAttributes): boolean {
  const { operation, subresource, object, kind } = attributes
  if (resourceName(attributes) !== 'pods' || object === undefined || kind.kind !== 'Pod') return false
  return (operation === 'CREATE' && subresource === '') || (operation === 'UPDATE' && subresource === 'resize')
}

function isClaim(attributes: AdmissionAttributes): boolean {
  return resourceName(attributes) === 'persistentvolumeclaims' && attributes.subresource === ''
}

function* claimProblems({ spec }: Frozen<LimitRange>, { object }: AdmissionAttributes): Iterable<string> {
  const requests = (object as PersistentVolumeClaim).spec?.resources?.requests ?? {}
  for (const item of spec?.limits ?? [])
    if (item.type === 'PersistentVolumeClaim') yield* constrainRequests(item, requests)
}

function* podProblems({ spec }: Frozen<LimitRange>, { object }: AdmissionAttributes): Iterable<string> {
  const pod = object as Pod
  for (const item of spec?.limits ?? []) {
    if (item.type === 'Container') for (const usage of containerUsages(pod)) yield* constrain(item, usage)
    if (item.type === 'Pod') yield* constrain(item, podUsage(pod))
  }
}

function containerUsages({ spec }: Pod): Usage[] {
  return [...(spec.containers ?? []), ...(spec.initContainers ?? [])].map(usageOf)
}

function usageOf({ resources }: Pod['spec']['containers'][number]): Usage {
  return { requests: resources?.requests ?? {}, limits: resources?.limits ?? {} }
}

/** What the pod as a whole asks for: what its containers do together, or what it says itself. */
function podUsage(pod: Pod): Usage {
  const total = (part: 'requests' | 'limits', together: Resources): Resources => ({
    ...together,
    ...Object.fromEntries(Object.entries(pod.spec.resources?.[part] ?? {}).filter(([name]) => OF_PODS.has(name))),
  })
  return { requests: total('requests', aggregateRequests(pod)), limits: total('limits', aggregateLimits(pod)) }
}

/** What a pod may ask for itself. */
const OF_PODS: ReadonlySet<string> = new Set(['cpu', 'memory'])
