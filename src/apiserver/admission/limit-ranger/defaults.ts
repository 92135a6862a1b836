import { getOwn } from '../../../lib/own.ts'
import type { Container, LimitRange, Pod } from '../../../api/generated/types/core/v1.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'
import type { Resources } from './constraints.ts'

const ANNOTATION = 'kubernetes.io/limit-ranger'

/** Gives containers that ask for nothing what the LimitRange gives by default, and says so in an annotation. */
export function applyDefaults(limitRange: Frozen<LimitRange>, pod: Pod): void {
  const items = (limitRange.spec?.limits ?? []).filter(({ type }) => type === 'Container')
  const requests = Object.assign({}, ...items.map((item) => item.defaultRequest ?? {})) as Resources
  const limits = Object.assign({}, ...items.map((item) => item.default ?? {})) as Resources
  const set = [
    ...(pod.spec.containers ?? []).flatMap((container) => fill(container, 'container', requests, limits)),
    ...(pod.spec.initContainers ?? []).flatMap((container) => fill(container, 'init container', requests, limits)),
  ]
  if (set.length === 0) return
  pod.metadata.annotations = { ...pod.metadata.annotations, [ANNOTATION]: `LimitRanger plugin set: ${set.join('; ')}` }
}

function fill(container: Container, kind: string, requests: Resources, limits: Resources): string[] {
  const resources = (container.resources ??= {})
  const setLimits = missing(limits, resources.limits)
  const setRequests = missing(requests, resources.requests)
  if (setLimits.length > 0) resources.limits = { ...pick(limits, setLimits), ...resources.limits }
  if (setRequests.length > 0) resources.requests = { ...pick(requests, setRequests), ...resources.requests }
  const told = (names: readonly string[], what: string): string[] =>
    names.length > 0 ? [`${names.join(', ')} ${what} for ${kind} ${container.name}`] : []
  return [...told(setRequests, 'request'), ...told(setLimits, 'limit')]
}

function missing(wanted: Resources, there: Resources | undefined): string[] {
  return Object.keys(wanted)
    .filter((name) => getOwn(there ?? {}, name) === undefined)
    .sort((a, b) => (a < b ? -1 : 1))
}

function pick(from: Resources, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, String(from[name])]))
}
