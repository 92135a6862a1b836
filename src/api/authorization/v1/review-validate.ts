import type { Frozen, ObjectMeta } from '../../../apimachinery/meta.ts'
import { type FieldError, fieldForbidden, invalid, required } from '../../../apimachinery/status.ts'
import { validateLabelName } from '../../../apimachinery/validation/meta.ts'
import { isLabelValue } from '../../../apimachinery/validation/names.ts'
import { problems } from '../../checks.ts'
import type {
  LocalSubjectAccessReview,
  ResourceAttributes,
  SelfSubjectAccessReview,
  SelfSubjectAccessReviewSpec,
  SubjectAccessReview,
  SubjectAccessReviewSpec,
} from '../../generated/types/authorization/v1.ts'

/** ValidateSubjectAccessReview. */
export function* validateReview({ metadata, spec }: Frozen<SubjectAccessReview>): Iterable<FieldError> {
  yield* validateSubjectSpec(spec)
  yield* validateEmpty(metadata, 'must be empty')
}

/** ValidateSelfSubjectAccessReview. */
export function* validateSelfReview({ metadata, spec }: Frozen<SelfSubjectAccessReview>): Iterable<FieldError> {
  yield* validateAttributes(spec)
  yield* validateSelectors(spec.resourceAttributes)
  yield* validateEmpty(metadata, 'must be empty')
}

/** ValidateLocalSubjectAccessReview. */
export function* validateLocalReview({ metadata, spec }: Frozen<LocalSubjectAccessReview>): Iterable<FieldError> {
  yield* validateSubjectSpec(spec)
  const { namespace, ...rest } = metadata
  yield* validateEmpty(rest, 'must be empty except for namespace')
  const { resourceAttributes: resource, nonResourceAttributes: other } = spec
  const asked = resource?.namespace ?? ''
  if (resource && asked !== (namespace ?? '')) {
    yield invalid('spec.resourceAttributes.namespace', asked, 'must match metadata.namespace')
  }
  if (other) yield invalid('spec.nonResourceAttributes', shown(other), 'disallowed on this kind of request')
}

function* validateSubjectSpec(spec: Frozen<SubjectAccessReviewSpec>): Iterable<FieldError> {
  yield* validateAttributes(spec)
  if (!spec.user && (spec.groups ?? []).length === 0) {
    yield invalid('spec.user', spec.user ?? '', 'at least one of user or group must be specified')
  }
  yield* validateSelectors(spec.resourceAttributes)
}

/** As upstream's own form of them prints. */
const shown = ({ path = '', verb = '' }: { readonly path?: string; readonly verb?: string }): object => ({
  Path: path,
  Verb: verb,
})

function* validateAttributes(spec: Frozen<SelfSubjectAccessReviewSpec>): Iterable<FieldError> {
  const { resourceAttributes: resource, nonResourceAttributes: other } = spec
  if (resource && other) {
    yield invalid(
      'spec.nonResourceAttributes',
      shown(other),
      'cannot be specified in combination with resourceAttributes',
    )
  }
  if (resource || other) return
  const text = 'exactly one of nonResourceAttributes or resourceAttributes must be specified'
  yield invalid('spec.resourceAttributes', null, text)
}

function* validateSelectors(resource: Frozen<ResourceAttributes> | undefined): Iterable<FieldError> {
  for (const name of ['fieldSelector', 'labelSelector'] as const) {
    const selector = resource?.[name]
    if (!selector) continue
    const path = `spec.resourceAttributes.${name}`
    const { rawSelector = '', requirements = [] } = selector
    if (rawSelector && requirements.length > 0) {
      yield invalid(`${path}.rawSelector`, rawSelector, 'may not specified at the same time as requirements')
    }
    if (!rawSelector && requirements.length === 0) {
      const text = `when ${path} is specified, requirements or rawSelector is required`
      yield required(`${path}.requirements`, text)
    }
    for (const [index, requirement] of requirements.entries()) {
      const at = `${path}.requirements[${index}]`
      if (name === 'fieldSelector') yield* validateFieldKey(requirement.key, at)
      yield* validateValues(requirement, at)
      if (name === 'labelSelector') yield* validateLabelRequirement(requirement, at)
    }
  }
}

interface Requirement {
  readonly key: string
  readonly operator: string
  readonly values?: readonly string[]
}

/** An operator that nobody knows may be a newer one. */
function* validateValues({ operator, values = [] }: Requirement, path: string): Iterable<FieldError> {
  const isIn = operator === 'In' || operator === 'NotIn'
  if (isIn && values.length === 0) {
    yield required(`${path}.values`, "must be specified when `operator` is 'In' or 'NotIn'")
  }
  if ((operator === 'Exists' || operator === 'DoesNotExist') && values.length > 0) {
    yield fieldForbidden(`${path}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'")
  }
}

const validateFieldKey = (key: string, path: string): FieldError[] =>
  key ? [] : [required(`${path}.key`, 'must be specified')]

function* validateLabelRequirement({ key, values = [] }: Requirement, path: string): Iterable<FieldError> {
  yield* validateLabelName(key, `${path}.key`)
  for (const [index, value] of values.entries()) yield* problems(`${path}.values[${index}]`, value, isLabelValue(value))
}

/** Reviews have no metadata of their own. */
function* validateEmpty(metadata: Frozen<ObjectMeta>, text: string): Iterable<FieldError> {
  const { managedFields: _, ...rest } = metadata
  const given = Object.values(rest).some((value) => value !== undefined && value !== null && value !== '')
  if (given) yield invalid('metadata', metadata, text)
}
