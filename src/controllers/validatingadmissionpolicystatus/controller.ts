import { validatingAdmissionPolicies } from '../../api/index.ts'
import { defineController, done } from '../../client/controller.ts'
import { typeWarnings } from './check.ts'
import { readDocuments } from './documents.ts'
import { customVersionsOf } from './kinds.ts'

/** Checks the expressions of ValidatingAdmissionPolicies against the kinds they are for. */
export const validatingAdmissionPolicyStatusController = defineController({
  name: 'validatingadmissionpolicy-status',
  for: validatingAdmissionPolicies,
  async reconcile(key, { lister, client }) {
    const policy = lister(validatingAdmissionPolicies).get(key)
    const { name, generation = 0 } = policy?.metadata ?? {}
    if (!policy || generation <= (policy.status?.observedGeneration ?? 0)) return done
    const documents = await readDocuments(customVersionsOf(policy), client.transport)
    const warnings = typeWarnings(policy, documents)
    const typeChecking = warnings.length > 0 ? { expressionWarnings: warnings } : {}
    const status = { observedGeneration: generation, typeChecking }
    const applied = {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingAdmissionPolicy',
      metadata: { name },
      status,
    }
    const options = { subresource: 'status', force: true, fieldManager: 'validatingadmissionpolicy-status' }
    await client(validatingAdmissionPolicies).apply(applied, options)
    return done
  },
})
