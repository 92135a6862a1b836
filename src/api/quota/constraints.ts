import type { Frozen } from '../../apimachinery/meta.ts'
import type { Pod } from '../generated/types/core/v1.ts'
import { computeUsage } from './usage.ts'

/** What every container must state when a quota limits it. */
const MUST_STATE = ['cpu', 'memory', 'requests.cpu', 'requests.memory', 'limits.cpu', 'limits.memory']

/**
 * What the pod leaves open of the limited resources: `limits.cpu for: a,b; memory for: a`. Undefined when it states all. What the pod as a
 * whole states, its containers need not.
 */
export function unstated(pod: Frozen<Pod>, limited: Iterable<string>): string | undefined {
  const names = [...limited].filter((name) => MUST_STATE.includes(name)).sort((a, b) => (a < b ? -1 : 1))
  const ofPod = computeUsage(pod.spec.resources?.requests ?? {}, pod.spec.resources?.limits ?? {})
  const open = names
    .filter((name) => ofPod[name] === undefined)
    .map((name) => ({ name, containers: containersWithout(pod, name) }))
    .filter(({ containers }) => containers.length > 0)
  if (open.length === 0) return undefined
  return open.map(({ name, containers }) => `${name} for: ${containers.join(',')}`).join('; ')
}

function containersWithout({ spec }: Frozen<Pod>, name: string): string[] {
  return [...spec.containers, ...(spec.initContainers ?? [])]
    .filter(({ resources }) => computeUsage(resources?.requests ?? {}, resources?.limits ?? {})[name] === undefined)
    .map((container) => container.name)
    .sort((a, b) => (a < b ? -1 : 1))
}
