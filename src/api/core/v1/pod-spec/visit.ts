import type { Frozen } from '../../../../apimachinery/meta.ts'
import type { Container, EphemeralContainer, PodSpec } from '../../../generated/types/core/v1.ts'

/** Every container with its path, in upstream's order: init, regular, ephemeral. */
export function visitContainers(
  spec: Frozen<PodSpec>,
  path: string,
): (readonly [Frozen<Container | EphemeralContainer>, string])[] {
  const found: (readonly [Frozen<Container | EphemeralContainer>, string])[] = []
  for (const field of FIELDS) {
    spec[field]?.forEach((container, index) => found.push([container, `${path}.${field}[${index}]`]))
  }
  return found
}

const FIELDS = ['initContainers', 'containers', 'ephemeralContainers'] as const
