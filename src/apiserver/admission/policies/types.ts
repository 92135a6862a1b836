import type {
  MutatingAdmissionPolicy,
  MutatingAdmissionPolicyBinding,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
} from '../../../api/generated/types/admissionregistration/v1.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'

export type Policy = ValidatingAdmissionPolicy | MutatingAdmissionPolicy
export type Binding = ValidatingAdmissionPolicyBinding | MutatingAdmissionPolicyBinding

/** Whether what goes wrong with a policy is let pass. */
export function failsOpen({ spec }: Frozen<Policy>): boolean {
  return spec?.failurePolicy === 'Ignore'
}
