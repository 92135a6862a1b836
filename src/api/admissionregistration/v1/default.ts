import type {
  MatchResources,
  MutatingAdmissionPolicySpec,
  MutatingWebhook,
  Rule,
  ValidatingAdmissionPolicySpec,
  ValidatingWebhook,
} from '../../generated/types/admissionregistration/v1.ts'

/** SetDefaults_ValidatingWebhook; a mutating one shares it. */
export function defaultWebhook(webhook: ValidatingWebhook | MutatingWebhook): void {
  webhook.failurePolicy ??= 'Fail'
  webhook.timeoutSeconds ??= 10
  defaultMatch(webhook)
  defaultScopes(webhook.rules)
  const service = webhook.clientConfig?.service
  if (service) service.port ??= 443
}

/** SetDefaults_MutatingWebhook. */
export function defaultMutatingWebhook(webhook: MutatingWebhook): void {
  defaultWebhook(webhook)
  webhook.reinvocationPolicy ??= 'Never'
}

type Match = Pick<MatchResources, 'matchPolicy' | 'namespaceSelector' | 'objectSelector'>

function defaultMatch(match: Match): void {
  match.matchPolicy ??= 'Equivalent'
  match.namespaceSelector ??= {}
  match.objectSelector ??= {}
}

function defaultScopes(rules: Rule[] | undefined): void {
  for (const rule of rules ?? []) rule.scope ??= '*'
}

/** SetDefaults_MatchResources, of policies and their bindings. */
export function defaultMatchResources(match: MatchResources | undefined): void {
  if (!match) return
  defaultMatch(match)
  defaultScopes(match.resourceRules)
  defaultScopes(match.excludeResourceRules)
}

/** SetDefaults_ValidatingAdmissionPolicySpec; that of a mutating one is the same. */
export function defaultPolicySpec(spec: ValidatingAdmissionPolicySpec | MutatingAdmissionPolicySpec): void {
  spec.failurePolicy ??= 'Fail'
  defaultMatchResources(spec.matchConstraints)
}
