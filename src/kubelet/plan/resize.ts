import { liveLimits } from '../container/resources.ts'
import type { Container, Pod } from '../pod/spec.ts'
import type { ObservedContainer } from '../runtime/observed.ts'

/**
 * Whether a running container has other limits than it is to have, and whether it has to be started again to get them
 * (its resizePolicy). A runtime that doesn't tell what a container has leaves it as it is.
 */
export function resizeNeeded(
  pod: Pod,
  container: Container,
  running: ObservedContainer,
): 'in place' | 'restart' | undefined {
  const { resources } = running
  if (!resources || resources.cpuShares === 0) return undefined
  const wanted = liveLimits(pod, container)
  // -1 means no quota too.
  const cpu = wanted.cpuShares !== resources.cpuShares || wanted.cpuQuota !== Math.max(0, resources.cpuQuota)
  const memory = wanted.memoryLimitInBytes !== Math.max(0, resources.memoryLimitInBytes)
  if (!cpu && !memory) return undefined
  const restarts = (name: string): boolean =>
    container.resizePolicy?.find(({ resourceName }) => resourceName === name)?.restartPolicy === 'RestartContainer'
  return (cpu && restarts('cpu')) || (memory && restarts('memory')) ? 'restart' : 'in place'
}
