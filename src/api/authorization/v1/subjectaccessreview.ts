import type { SubjectAccessReview } from '../../generated/types/authorization/v1.ts'
import { validateReview } from './review-validate.ts'
import { defineResource } from '../../define.ts'

/** Everything the system knows about SubjectAccessReview. */
export const subjectAccessReviews = defineResource<SubjectAccessReview>({
  group: 'authorization.k8s.io',
  version: 'v1',
  kind: 'SubjectAccessReview',
  plural: 'subjectaccessreviews',
  scope: 'Cluster',
  verbs: ['create'],
  virtual: true,
  validate: validateReview,
  schema: 'io.k8s.api.authorization.v1.SubjectAccessReview',
})
