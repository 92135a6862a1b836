import type { ResourceAttributes, SubjectAccessReviewSpec } from '../../../api/generated/types/authorization/v1.ts'
import type { FieldSelectorRequirement, LabelSelectorRequirement } from '../../../api/generated/types/meta/v1.ts'
import { parseFieldSelector } from '../../../apimachinery/fields/selector.ts'
import { parseLabelSelector } from '../../../apimachinery/labels/parse.ts'
import type { LabelOperator } from '../../../apimachinery/labels/selector.ts'
import { ParseError } from '../../../apimachinery/parse-error.ts'
import type { AuthorizationAttributes } from '../types.ts'

/** What a service is asked: an action of a user. Empty fields are left out. */
export type ReviewSpec = SubjectAccessReviewSpec

/** What is asked for these attributes. */
export function reviewSpecOf(asked: AuthorizationAttributes): ReviewSpec {
  const { user, resourceRequest, path, verb } = asked
  const { uid, groups, extra } = user
  return {
    ...(resourceRequest
      ? { resourceAttributes: resourceAttributesOf(asked) }
      : { nonResourceAttributes: { ...(path && { path }), ...(verb && { verb }) } }),
    ...(user.name && { user: user.name }),
    ...(groups.length > 0 && { groups: [...groups] }),
    ...(extra && Object.keys(extra).length > 0 && { extra: copied(extra) }),
    ...(uid && { uid }),
  }
}

const copied = (extra: Readonly<Record<string, readonly string[]>>): Record<string, string[]> =>
  Object.fromEntries(
    Object.keys(extra)
      .sort()
      .map((key) => [key, [...(extra[key] ?? [])]]),
  )

function resourceAttributesOf(asked: AuthorizationAttributes): ResourceAttributes {
  const { namespace, verb, apiGroup: group, apiVersion: version, resource, subresource, name } = asked
  const fields = asked.fieldSelector ? fieldRequirements(asked.fieldSelector) : []
  const labels = asked.labelSelector ? labelRequirements(asked.labelSelector) : []
  return {
    ...(namespace && { namespace }),
    ...(verb && { verb }),
    ...(group && { group }),
    ...(version && { version }),
    ...(resource && { resource }),
    ...(subresource && { subresource }),
    ...(name && { name }),
    ...(fields.length > 0 && { fieldSelector: { requirements: fields } }),
    ...(labels.length > 0 && { labelSelector: { requirements: labels } }),
  }
}

/** A selector that cannot be read narrows nothing: more is asked for than the client wants. */
function unlessBroken<T>(read: () => T[]): T[] {
  try {
    return read()
  } catch (error) {
    if (error instanceof ParseError) return []
    throw error
  }
}

function fieldRequirements(selector: string): FieldSelectorRequirement[] {
  return unlessBroken(() =>
    parseFieldSelector(selector).map(({ field: key, operator, value }) => ({
      key,
      operator: operator === '=' ? 'In' : 'NotIn',
      values: [value],
    })),
  )
}

const OPERATORS: Partial<Readonly<Record<LabelOperator, string>>> = {
  in: 'In',
  '=': 'In',
  '==': 'In',
  notin: 'NotIn',
  '!=': 'NotIn',
  exists: 'Exists',
  '!': 'DoesNotExist',
}

/** Greater and less are no words of the review. */
function labelRequirements(selector: string): LabelSelectorRequirement[] {
  return unlessBroken(() =>
    parseLabelSelector(selector).requirements.flatMap(({ key, operator, values }) => {
      const known = OPERATORS[operator]
      return known ? [{ key, operator: known, ...(values.length > 0 && { values: [...values] }) }] : []
    }),
  )
}

/** The review as it is sent; v1beta1 calls groups `group`. */
export function reviewOf(version: 'v1' | 'v1beta1', spec: ReviewSpec): object {
  const { resourceAttributes, nonResourceAttributes, user, groups, extra, uid } = spec
  const sent =
    version === 'v1'
      ? spec
      : {
          ...(resourceAttributes && { resourceAttributes }),
          ...(nonResourceAttributes && { nonResourceAttributes }),
          ...(user && { user }),
          ...(groups && { group: groups }),
          ...(extra && { extra }),
          ...(uid && { uid }),
        }
  return {
    kind: 'SubjectAccessReview',
    apiVersion: `authorization.k8s.io/${version}`,
    metadata: {},
    spec: sent,
    status: { allowed: false },
  }
}
