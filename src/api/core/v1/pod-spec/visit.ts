import type { Frozen } from '../../../../apimachinery/meta.ts'
import type { Container, EphemeralContainer, PodSpec } from '../../../generated/types/core/v1.ts'

/** Every container with its path, in upstream's order: init, regular, ephemeral. */
export function* visitContainers(
  spec: Frozen<PodSpec>,
  path: string,
): Generator<readonly [Frozen<Container | EphemeralContainer>, string]> {
  for (const field of ['initContainers', 'containers', 'ephemeralContainers'] as const) {
    for (const [index, container] of (spec[field] ?? []).entries()) yield [container, `${path}.${field}[${index}]`]
  }
}
