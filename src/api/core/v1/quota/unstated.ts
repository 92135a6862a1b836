import type { Frozen } from '../../../../apimachinery/meta.ts'
import type { Container, Pod } from '../../../generated/types/core/v1.ts'
import { quotaUsage } from './usage.ts'

/** What every container must state when a quota limits it. */
const MUST_STATE = ['cpu', 'memory', 'requests.cpu', 'requests.memory', 'limits.cpu', 'limits.memory']

/**
 * What the pod leaves open of the limited resources: `limits.cpu for: a,b; memory for: a`. Undefined when it states all. What the pod as a
 * whole states, its containers need not.
 */
export function unstated({ spec }: Frozen<Pod>, limited: Iterable<string>): string | undefined {
  const containers = [...spec.containers, ...(spec.initContainers ?? [])] as readonly Frozen<Container>[]
  const whole = spec.resources ? stated({ name: '', resources: spec.resources }) : {}
  const told = [...limited]
    .filter((resource) => MUST_STATE.includes(resource) && !(resource in whole))
    .sort((a, b) => (a < b ? -1 : 1))
    .map((resource) => ({ resource, open: containers.filter((container) => !(resource in stated(container))) }))
    .filter(({ open }) => open.length > 0)
    .map(({ resource, open }) => `${resource} for: ${names(open).join(',')}`)
  return told.length > 0 ? told.join('; ') : undefined
}

function stated(container: Frozen<Container>): object {
  return quotaUsage('pods', { metadata: {}, spec: { containers: [container] } } as Frozen<Pod>, 0)
}

function names(containers: readonly Frozen<Container>[]): string[] {
  return containers.map(({ name }) => name).sort((a, b) => (a < b ? -1 : 1))
}
