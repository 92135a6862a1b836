import type { ValidatingAdmissionPolicyBinding } from '../../../api/generated/types/admissionregistration/v1.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'
import type { AdmissionAttributes } from '../types.ts'
import type { Failure } from './validator.ts'

const MAX_VALUE = 10 * 1024

/** The audit annotations of one policy, from all its bindings and parameters. */
export class Annotations {
  #values: Map<string, Set<string>> | undefined

  add(key: string, value: string): void {
    const all = (this.#values ??= new Map())
    const values = all.get(key) ?? new Set<string>()
    all.set(key, values.add(value.slice(0, MAX_VALUE)))
  }

  publish(policy: string, attributes: AdmissionAttributes): void {
    if (!this.#values) return
    for (const [key, values] of this.#values) attributes.annotate(`${policy}/${key}`, [...values].join(', '))
  }
}

/** Notes a failure in the audit log, as the Audit action demands. */
export function annotateFailure(
  attributes: AdmissionAttributes,
  { metadata, spec }: Frozen<ValidatingAdmissionPolicyBinding>,
  { index, message }: Failure,
): void {
  const failure = {
    message,
    policy: spec?.policyName ?? '',
    binding: metadata.name ?? '',
    expressionIndex: index,
    validationActions: spec?.validationActions ?? [],
  }
  attributes.annotate('validation.policy.admission.k8s.io/validation_failure', JSON.stringify([failure]))
}
