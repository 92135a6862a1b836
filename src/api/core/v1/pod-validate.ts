import type { Frozen } from '../../../apimachinery/meta.ts'
import type { WriteContext } from '../../../apimachinery/resource.ts'
import { type FieldError, fieldForbidden } from '../../../apimachinery/status.ts'
import type { Pod } from '../../generated/types/core/v1.ts'
import { validatePodAnnotations, validateProfilesAgree } from './pod-spec/annotations.ts'
import { validateImageSpaces } from './pod-spec/containers.ts'
import { validateAnnotationUpdate, validateSpecUpdate } from './pod-spec/update.ts'
import { validatePodSpec } from './pod-spec/validate.ts'
import { validateResize } from './pod-resize.ts'
import { validateEphemeralContainersUpdate } from './pod-ephemeral.ts'

/** validatePodMetadataAndSpec. */
export function* validatePod({ metadata, spec }: Frozen<Pod>): Iterable<FieldError> {
  yield* validatePodAnnotations(metadata.annotations, spec, 'metadata.annotations')
  yield* validatePodSpec(spec, 'spec', { meta: metadata, isPod: true })
  if (!spec.serviceAccountName) {
    for (const [index, { projected }] of (spec.volumes ?? []).entries()) {
      for (const [i, { serviceAccountToken }] of (projected?.sources ?? []).entries()) {
        const field = `spec.volumes[${index}].projected.sources[${i}].serviceAccountToken`
        const text = 'must not be specified when serviceAccountName is not set'
        if (serviceAccountToken) yield fieldForbidden(field, text)
      }
    }
  }
  for (const field of ['containers', 'initContainers'] as const) {
    for (const [index, container] of (spec[field] ?? []).entries()) {
      yield* validateImageSpaces(container, `spec.${field}[${index}]`)
    }
  }
}

/** ValidatePodCreate. */
export function* validatePodCreate({ metadata, spec }: Frozen<Pod>): Iterable<FieldError> {
  if ((spec.ephemeralContainers ?? []).length > 0) {
    yield fieldForbidden('spec.ephemeralContainers', 'cannot be set on create')
  }
  if (spec.nodeName && (spec.schedulingGates ?? []).length > 0) {
    yield fieldForbidden('spec.nodeName', 'cannot be set until all schedulingGates have been cleared')
  }
  yield* validateProfilesAgree(metadata, spec, 'spec')
}

/** Each subresource may change its own part. */
export function* validatePodUpdate(
  pod: Frozen<Pod>,
  old: Frozen<Pod>,
  { subresource }: WriteContext,
): Iterable<FieldError> {
  if (subresource === 'resize') return yield* validateResize(pod, old)
  yield* validateAnnotationUpdate(pod.metadata.annotations ?? {}, old.metadata.annotations ?? {})
  if (subresource === 'ephemeralcontainers') return yield* validateEphemeralContainersUpdate(pod, old)
  yield* validateSpecUpdate(pod.spec, old.spec)
}
