import type {
  LocalSubjectAccessReview,
  SelfSubjectAccessReview,
  SelfSubjectAccessReviewSpec,
  SelfSubjectRulesReview,
  SubjectAccessReview,
  SubjectAccessReviewSpec,
  SubjectAccessReviewStatus,
} from '../../../api/generated/types/authorization/v1.ts'
import {
  validateLocalReview,
  validateReview,
  validateSelfReview,
} from '../../../api/authorization/v1/review-validate.ts'
import { badRequest, type FieldError, invalidObject } from '../../../apimachinery/status.ts'
import type { UserInfo } from '../../authn/types.ts'
import type { ServingByName } from '../../registry/built-in.ts'
import { review } from '../../registry/review.ts'
import type { Call } from '../../request/call.ts'
import type { Authorization, AuthorizationAttributes, Authorizer } from '../types.ts'
import { reviewSelectors, type ReviewSelectors } from './selectors.ts'

/** The kinds of authorization.k8s.io: who may do what. */
export function authorizationReviews(authorizer: Authorizer): ServingByName {
  return {
    'subjectaccessreviews.authorization.k8s.io': {
      virtual: review<SubjectAccessReview>(async (object, { call }) => {
        refuse([...validateReview(object)])
        object.status = await statusOf(authorizer, subjectOf(object.spec), object.spec, call)
      }),
    },
    'selfsubjectaccessreviews.authorization.k8s.io': {
      virtual: review<SelfSubjectAccessReview>(async (object, { call }) => {
        refuse([...validateSelfReview(object)])
        object.status = await statusOf(authorizer, call.user, object.spec, call)
      }),
    },
    'localsubjectaccessreviews.authorization.k8s.io': {
      virtual: review<LocalSubjectAccessReview>(async (object, { call }) => {
        const { namespace } = call.info
        object.metadata.namespace ||= namespace
        if (object.metadata.namespace !== namespace) {
          throw badRequest('the namespace of the provided object does not match the namespace sent on the request')
        }
        refuse([...validateLocalReview(object)])
        if (object.metadata.namespace !== namespace || object.spec.resourceAttributes?.namespace !== namespace)
          throw badRequest(`spec.resourceAttributes.namespace must match namespace: ${namespace}`)
        object.status = await statusOf(authorizer, subjectOf(object.spec), object.spec, call)
      }),
    },
    'selfsubjectrulesreviews.authorization.k8s.io': {
      virtual: review<SelfSubjectRulesReview>(async (object, { call }) => {
        const { namespace } = object.spec
        if (!namespace) throw badRequest('no namespace on request')
        const rules = (await authorizer.rulesFor?.(call.user, namespace)) ?? {
          resourceRules: [],
          nonResourceRules: [],
          incomplete: true,
        }
        // Upstream's answer says nothing of what was asked.
        object.spec = {}
        object.metadata = {}
        object.status = structuredClone(rules) as NonNullable<SelfSubjectRulesReview['status']>
      }),
    },
  }
}

/** Upstream's answer names no kind here. */
function refuse(problems: readonly FieldError[]): void {
  if (problems.length === 0) return
  const error = invalidObject({ group: 'authorization.k8s.io', kind: '' }, '', problems)
  delete error.status.details?.kind
  throw error
}

type Attributes = Pick<SelfSubjectAccessReviewSpec, 'resourceAttributes' | 'nonResourceAttributes'>

function subjectOf({ user = '', uid, groups = [], extra = {} }: SubjectAccessReviewSpec): UserInfo {
  return { name: user, ...(uid && { uid }), groups, extra }
}

async function statusOf(
  authorizer: Authorizer,
  user: UserInfo,
  spec: Attributes,
  caller: Call,
): Promise<SubjectAccessReviewStatus> {
  const { selectors, problems } = reviewSelectors(spec.resourceAttributes ?? {})
  const decided = await decision(authorizer, { ...attributesOf(user, spec, selectors), caller })
  const evaluationError = [...(decided.error === undefined ? [] : [decided.error]), ...problems].join('; ')
  return {
    allowed: decided.decision === 'Allow',
    ...(decided.decision === 'Deny' && { denied: true }),
    ...(decided.reason && { reason: decided.reason }),
    ...(evaluationError && { evaluationError }),
  }
}

async function decision(authorizer: Authorizer, attributes: AuthorizationAttributes): Promise<Authorization> {
  try {
    const { decision: decided, reason, error } = await authorizer.authorize(attributes)
    return { decision: decided, ...(reason && { reason }), ...(error !== undefined && { error }) }
  } catch (error) {
    return { decision: 'NoOpinion', error: error instanceof Error ? error.message : String(error) }
  }
}

function attributesOf(
  user: UserInfo,
  { resourceAttributes, nonResourceAttributes }: Attributes,
  selectors: ReviewSelectors['selectors'],
): AuthorizationAttributes {
  const asked = resourceAttributes ?? {}
  return {
    user,
    verb: (resourceAttributes ? asked.verb : nonResourceAttributes?.verb) ?? '',
    resourceRequest: resourceAttributes !== undefined,
    path: nonResourceAttributes?.path ?? '',
    namespace: asked.namespace ?? '',
    apiGroup: asked.group ?? '',
    apiVersion: asked.version || '*',
    resource: asked.resource ?? '',
    subresource: asked.subresource ?? '',
    name: asked.name ?? '',
    ...selectors,
  }
}
