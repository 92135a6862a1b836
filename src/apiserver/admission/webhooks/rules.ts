import type { RuleWithOperations } from '../../../api/generated/types/admissionregistration/v1.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'
import type { ResourceDefinition } from '../../../apimachinery/resource.ts'
import type { AdmissionAttributes, Operation } from '../types.ts'

/** What rules are held against. */
export interface RuleSubject {
  readonly operation: Operation
  readonly subresource: string
  readonly namespace: string
  readonly definition: Pick<ResourceDefinition, 'group' | 'version' | 'plural'>
}

/** Whether a rule covers a request (upstream's rules.Matcher). */
export function ruleMatches(rule: Frozen<RuleWithOperations>, subject: RuleSubject): boolean {
  return (
    scopeMatches(rule.scope, subject) && includes(rule.operations, subject.operation) && coversResource(rule, subject)
  )
}

/** Whether a rule names a resource. */
export function coversResource(
  rule: Frozen<RuleWithOperations>,
  subject: Pick<RuleSubject, 'definition' | 'subresource'>,
): boolean {
  const { definition } = subject
  return (
    includes(rule.apiGroups, definition.group) &&
    includes(rule.apiVersions, definition.version) &&
    (rule.resources ?? []).some((resource) => resourceMatches(resource, subject))
  )
}

function includes(wanted: readonly string[] = [], value: string): boolean {
  return wanted.includes('*') || wanted.includes(value)
}

/** `pods`, `pods/exec`, `pods/*`, `*` (no subresources), `*\/scale` or `*\/*`. */
function resourceMatches(
  wanted: string,
  { definition, subresource }: Pick<RuleSubject, 'definition' | 'subresource'>,
): boolean {
  const slash = wanted.indexOf('/')
  const resource = slash < 0 ? wanted : wanted.slice(0, slash)
  const sub = slash < 0 ? '' : wanted.slice(slash + 1)
  return (resource === '*' || resource === definition.plural) && (sub === '*' || sub === subresource)
}

/** A request for a Namespace is cluster-scoped, though it names one. */
function scopeMatches(scope: string | undefined, { definition, namespace }: RuleSubject): boolean {
  const isNamespaced = namespace !== '' && !(definition.group === '' && definition.plural === 'namespaces')
  if (scope === 'Namespaced') return isNamespaced
  if (scope === 'Cluster') return !isNamespaced
  return true
}

const EXEMPT: ReadonlySet<string> = new Set([
  'ValidatingWebhookConfiguration',
  'MutatingWebhookConfiguration',
  'ValidatingAdmissionPolicy',
  'ValidatingAdmissionPolicyBinding',
  'MutatingAdmissionPolicy',
  'MutatingAdmissionPolicyBinding',
])

/** What could lock everyone out is never asked about: else a webhook could keep its own configuration from being removed. */
export function isExempt({ kind }: Pick<AdmissionAttributes, 'kind'>): boolean {
  return kind.group === 'admissionregistration.k8s.io' && EXEMPT.has(kind.kind)
}
