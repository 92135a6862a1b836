import type { Pod } from '../../../api/generated/types/core/v1.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'

interface Named {
  readonly name: string
  readonly image?: string | undefined
}

/** Of what can change on a pod, images and new containers alone matter (upstream's isSignificantPodUpdate). */
export function isSignificant({ spec: now }: Frozen<Pod>, { spec: before }: Frozen<Pod>): boolean {
  return (
    differs(now.containers, before.containers) ||
    differs(now.initContainers, before.initContainers) ||
    (now.ephemeralContainers ?? []).some(
      (container) => before.ephemeralContainers?.find(({ name }) => name === container.name)?.image !== container.image,
    )
  )
}

function differs(now: readonly Named[] = [], before: readonly Named[] = []): boolean {
  return now.length !== before.length || now.some(({ image }, index) => image !== before[index]?.image)
}
