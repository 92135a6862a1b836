import type { SelfSubjectReview } from '../../generated/types/authentication/v1.ts'
import { defineResource } from '../../define.ts'

/** Everything the system knows about SelfSubjectReview. */
export const selfSubjectReviews = defineResource<SelfSubjectReview>({
  group: 'authentication.k8s.io',
  version: 'v1',
  kind: 'SelfSubjectReview',
  plural: 'selfsubjectreviews',
  scope: 'Cluster',
  verbs: ['create'],
  virtual: true,
  schema: 'io.k8s.api.authentication.v1.SelfSubjectReview',
})
