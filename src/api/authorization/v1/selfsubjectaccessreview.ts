import type { SelfSubjectAccessReview } from '../../generated/types/authorization/v1.ts'
import { validateSelfReview } from './review-validate.ts'
import { defineResource } from '../../define.ts'

/** Everything the system knows about SelfSubjectAccessReview. */
export const selfSubjectAccessReviews = defineResource<SelfSubjectAccessReview>({
  group: 'authorization.k8s.io',
  version: 'v1',
  kind: 'SelfSubjectAccessReview',
  plural: 'selfsubjectaccessreviews',
  scope: 'Cluster',
  verbs: ['create'],
  virtual: true,
  validate: validateSelfReview,
  schema: 'io.k8s.api.authorization.v1.SelfSubjectAccessReview',
})
