import type { LocalSubjectAccessReview } from '../../generated/types/authorization/v1.ts'
import { validateLocalReview } from './review-validate.ts'
import { defineResource } from '../../define.ts'

/** Everything the system knows about LocalSubjectAccessReview. */
export const localSubjectAccessReviews = defineResource<LocalSubjectAccessReview>({
  group: 'authorization.k8s.io',
  version: 'v1',
  kind: 'LocalSubjectAccessReview',
  plural: 'localsubjectaccessreviews',
  scope: 'Namespaced',
  verbs: ['create'],
  virtual: true,
  validate: validateLocalReview,
  schema: 'io.k8s.api.authorization.v1.LocalSubjectAccessReview',
})
