import type { Frozen } from '../../../apimachinery/meta.ts'
import { duplicate, type FieldError, invalid, notSupported, required } from '../../../apimachinery/status.ts'
import { dns1123Subdomain } from '../../checks.ts'
import type {
  MutatingAdmissionPolicyBinding,
  ValidatingAdmissionPolicyBinding,
} from '../../generated/types/admissionregistration/v1.ts'
import { validateMatchResources, validateMutableOperations, validateParamRef } from './match-resources.ts'

type Binding = Frozen<ValidatingAdmissionPolicyBinding> | Frozen<MutatingAdmissionPolicyBinding>

function* validateCommon({ spec }: Binding): Iterable<FieldError> {
  const { policyName, paramRef, matchResources } = spec
  if (policyName) yield* dns1123Subdomain('spec.policyName', policyName)
  else yield required('spec.policyName')
  if (paramRef) yield* validateParamRef(paramRef, 'spec.paramRef')
  if (matchResources) yield* validateMatchResources(matchResources, 'spec.matchResources')
}

const ACTIONS = ['Audit', 'Deny', 'Warn']

/** ValidateValidatingAdmissionPolicyBinding. */
export function* validateValidatingBinding(binding: Frozen<ValidatingAdmissionPolicyBinding>): Iterable<FieldError> {
  yield* validateCommon(binding)
  const actions: readonly string[] = binding.spec.validationActions ?? []
  const path = 'spec.validationActions'
  for (const [index, action] of actions.entries()) {
    if (!ACTIONS.includes(action)) yield notSupported(`${path}[${index}]`, action, ACTIONS)
    if (actions.indexOf(action) < index) yield duplicate(`${path}[${index}]`, action)
  }
  if (actions.includes('Deny') && actions.includes('Warn')) {
    const why = 'repeating the same validation failure information in the API response and headers serves no purpose'
    yield invalid(path, actions, `must not contain both Deny and Warn (${why})`)
  }
  if (actions.length === 0) yield required(path, 'at least one validation action is required')
}

/** ValidateMutatingAdmissionPolicyBinding. */
export function* validateMutatingBinding(binding: Frozen<MutatingAdmissionPolicyBinding>): Iterable<FieldError> {
  yield* validateCommon(binding)
  const { matchResources } = binding.spec
  if (matchResources) yield* validateMutableOperations(matchResources, 'spec.matchResources')
}
