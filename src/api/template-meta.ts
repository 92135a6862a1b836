import type { Frozen, ObjectMeta } from '../apimachinery/meta.ts'
import { type FieldError, fieldForbidden } from '../apimachinery/status.ts'
import { validateAnnotations, validateLabels } from '../apimachinery/validation/meta.ts'

/** What the metadata of a template may not have, in Go's order and under the names that upstream derives from Go's. */
const FORBIDDEN = {
  name: 'name',
  generateName: 'generateName',
  namespace: 'namespace',
  selfLink: 'selfLink',
  uid: 'uID',
  resourceVersion: 'resourceVersion',
  generation: 'generation',
  creationTimestamp: 'creationTimestamp',
  deletionTimestamp: 'deletionTimestamp',
  deletionGracePeriodSeconds: 'deletionGracePeriodSeconds',
  ownerReferences: 'ownerReferences',
  finalizers: 'finalizers',
  managedFields: 'managedFields',
} as const

/** ValidateTemplateObjectMeta: labels and annotations alone. */
export function* validateTemplateMeta(metadata: Frozen<ObjectMeta> | undefined, path: string): Iterable<FieldError> {
  if (!metadata) return
  yield* validateAnnotations(metadata.annotations, `${path}.annotations`)
  yield* validateLabels(metadata.labels, `${path}.labels`)
  for (const [field, shown] of Object.entries(FORBIDDEN)) {
    const value = metadata[field as keyof typeof FORBIDDEN]
    if (value !== undefined && value !== '' && (value !== 0 || field === 'deletionGracePeriodSeconds'))
      yield fieldForbidden(`${path}.${shown}`, 'cannot be set')
  }
}
