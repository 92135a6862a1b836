import type { TokenReview } from '../../generated/types/authentication/v1.ts'
import { defineResource } from '../../define.ts'

/** Everything the system knows about TokenReview. */
export const tokenReviews = defineResource<TokenReview>({
  group: 'authentication.k8s.io',
  version: 'v1',
  kind: 'TokenReview',
  plural: 'tokenreviews',
  scope: 'Cluster',
  verbs: ['create'],
  virtual: true,
  schema: 'io.k8s.api.authentication.v1.TokenReview',
})
