import { getOwn } from '../../../lib/own.ts'
import type { LimitRange, PersistentVolumeClaim, Pod } from '../../../api/generated/types/core/v1.ts'
import { limitRanges } from '../../../api/core/v1/limitrange.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'
import { addQuantity, compareQuantity, formatQuantity, parseQuantity } from '../../../apimachinery/quantity/quantity.ts'
import { aggregateMessage } from '../../authn/types.ts'
import type { Mirror } from '../../mirror/mirror.ts'
import type { Mirrors } from '../../mirror/mirrors.ts'
import { admissionForbidden, resourceName } from '../forbidden.ts'
import type { AdmissionAttributes, AdmissionPlugin } from '../types.ts'
import { amounts, constrain, constrainRequests, type Resources, type Usage } from './constraints.ts'
import { applyDefaults } from './defaults.ts'

const BY_NAMESPACE = 'namespace'

/** Holds pods and claims to the LimitRanges of their namespace, and fills in what those give by default (upstream's LimitRanger). */
export function limitRanger(mirrors: Mirrors): AdmissionPlugin {
  const mirror = mirrors.of(limitRanges).index(BY_NAMESPACE, ({ metadata }) => [metadata.namespace ?? ''])
  return {
    name: 'LimitRanger',
    handles: (operation) => operation === 'CREATE' || operation === 'UPDATE',
    mutate(attributes) {
      if (!isNewPod(attributes)) return
      for (const limitRange of rangesOf(mirror, attributes)) applyDefaults(limitRange, attributes.object as Pod)
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
  const { operation, subresource, object } = attributes
  if (resourceName(attributes) !== 'pods' || object === undefined) return false
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

/**
 * What the pod as a whole asks for: the sum of its containers, or what one init container asks for if that is more, or what it says itself.
 * A resource that one container leaves open is open for the pod.
 */
function podUsage({ spec }: Pod): Usage {
  const running = [
    ...(spec.containers ?? []),
    ...(spec.initContainers ?? []).filter((c) => c.restartPolicy === 'Always'),
  ]
  const first = (spec.initContainers ?? []).filter((c) => c.restartPolicy !== 'Always')
  const total = (part: 'requests' | 'limits'): Resources => ({
    ...largest(sum(running.map((c) => usageOf(c)[part])), ...first.map((c) => usageOf(c)[part])),
    ...spec.resources?.[part],
  })
  return { requests: total('requests'), limits: total('limits') }
}

function sum(lists: readonly Resources[]): Resources {
  const result: Record<string, string> = {}
  for (const name of new Set(lists.flatMap((list) => Object.keys(list)))) {
    const values = lists.map((list) => getOwn(list, name))
    if (values.includes(undefined)) continue
    const quantities = values.map((value) => parseQuantity(String(value)))
    result[name] = formatQuantity(quantities.reduce(addQuantity))
  }
  return result
}

function largest(base: Resources, ...others: readonly Resources[]): Resources {
  const result: Record<string, string | number> = { ...base }
  for (const list of others) {
    for (const [name, value] of amounts(list)) {
      const known = getOwn(result, name)
      if (known === undefined || compareQuantity(value, parseQuantity(String(known))) > 0)
        result[name] = formatQuantity(value)
    }
  }
  return result
}
