import type { SelfSubjectRulesReview } from '../../generated/types/authorization/v1.ts'
import { defineResource } from '../../define.ts'

/** Everything the system knows about SelfSubjectRulesReview. */
export const selfSubjectRulesReviews = defineResource<SelfSubjectRulesReview>({
  group: 'authorization.k8s.io',
  version: 'v1',
  kind: 'SelfSubjectRulesReview',
  plural: 'selfsubjectrulesreviews',
  scope: 'Cluster',
  verbs: ['create'],
  virtual: true,
  schema: 'io.k8s.api.authorization.v1.SelfSubjectRulesReview',
})
