import { validateLabelSelector } from '../../../apimachinery/labels/label-selector.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'
import { type FieldError, invalid, required } from '../../../apimachinery/status.ts'
import type { ClusterRole, PolicyRule, Role } from '../../generated/types/rbac/v1.ts'

/** ValidateRole. */
export const validateRole = ({ rules }: Frozen<Role>): Iterable<FieldError> => validateRules(rules ?? [], true)

/** ValidateClusterRole. */
export function* validateClusterRole({ rules, aggregationRule }: Frozen<ClusterRole>): Iterable<FieldError> {
  yield* validateRules(rules ?? [], false)
  if (!aggregationRule) return
  const { clusterRoleSelectors: selectors = [] } = aggregationRule
  const path = 'aggregationRule.clusterRoleSelectors'
  if (selectors.length === 0) {
    yield required(path, 'at least one clusterRoleSelector required if aggregationRule is non-nil')
  }
  for (const [index, selector] of selectors.entries()) {
    const errors = validateLabelSelector(selector, `${path}[${index}]`)
    yield* errors
    if (errors.length > 0) yield invalid(`${path}[${index}]`, null, 'invalid label selector.')
  }
}

function* validateRules(rules: readonly Frozen<PolicyRule>[], namespaced: boolean): Iterable<FieldError> {
  for (const [index, rule] of rules.entries()) yield* validateRule(rule, namespaced, `rules[${index}]`)
}

function* validateRule(rule: Frozen<PolicyRule>, namespaced: boolean, path: string): Iterable<FieldError> {
  const { apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] } = rule
  if ((rule.verbs ?? []).length === 0) yield required(`${path}.verbs`, 'verbs must contain at least one value')
  if (nonResourceURLs.length > 0) {
    const field = `${path}.nonResourceURLs`
    if (namespaced) yield invalid(field, nonResourceURLs, 'namespaced rules cannot apply to non-resource URLs')
    if (apiGroups.length + resources.length + resourceNames.length > 0) {
      yield invalid(field, nonResourceURLs, 'rules cannot apply to both regular resources and non-resource URLs')
    }
    return
  }
  if (apiGroups.length === 0) yield required(`${path}.apiGroups`, 'resource rules must supply at least one api group')
  if (resources.length === 0) yield required(`${path}.resources`, 'resource rules must supply at least one resource')
}
