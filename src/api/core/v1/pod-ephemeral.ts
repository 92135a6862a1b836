import { semanticEqual } from '../../../apimachinery/equality.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'
import { goQuote } from '../../../lib/quote.ts'
import { type FieldError, fieldForbidden } from '../../../apimachinery/status.ts'
import type { Pod } from '../../generated/types/core/v1.ts'
import { MIRROR_ANNOTATION } from './pod-spec/annotations.ts'
import { difference } from '../../internal-form.ts'

/** ValidatePodEphemeralContainersUpdate: they are added, never changed or removed. */
export function* validateEphemeralContainersUpdate(pod: Frozen<Pod>, old: Frozen<Pod>): Iterable<FieldError> {
  if (old.metadata.annotations?.[MIRROR_ANNOTATION] !== undefined) {
    return yield fieldForbidden('[]', 'static pods do not support ephemeral containers')
  }
  const field = 'spec.ephemeralContainers'
  for (const before of old.spec.ephemeralContainers ?? []) {
    const now = pod.spec.ephemeralContainers?.find(({ name }) => name === before.name)
    const which = `existing ephemeral containers ${goQuote(before.name)}`
    if (!now) yield fieldForbidden(field, `${which} may not be removed\n`)
    else if (!semanticEqual(now, before)) {
      yield fieldForbidden(
        field,
        `${which} may not be changed\n${difference('io.k8s.api.core.v1.EphemeralContainer', before, now)}`,
      )
    }
  }
}
