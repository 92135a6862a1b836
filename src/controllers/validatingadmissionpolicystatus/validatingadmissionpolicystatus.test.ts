import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { ValidatingAdmissionPolicy, Validation } from '../../api/generated/types/admissionregistration/v1.ts'
import { validatingAdmissionPolicies } from '../../api/index.ts'
import { startBench } from '../testing/bench.suite.ts'
import { typeWarnings } from './check.ts'
import { validatingAdmissionPolicyStatusController } from './controller.ts'

const policy = (
  validations: Validation[],
  resources = ['deployments'],
  apiGroups = ['apps'],
): ValidatingAdmissionPolicy => ({
  metadata: { name: 'p' },
  spec: {
    matchConstraints: { resourceRules: [{ apiGroups, apiVersions: ['v1'], operations: ['CREATE'], resources }] },
    variables: [{ name: 'replicas', expression: 'object.spec.replicas' }],
    validations,
  },
})

it('tells which expressions cannot fit', async () => {
  const bench = await startBench([validatingAdmissionPolicyStatusController])
  const client = bench.client(validatingAdmissionPolicies)
  const made = await client.create(
    policy([
      { expression: "object.spec.replicas > '1'" },
      { expression: 'object.spec.maxReplicas > 1', messageExpression: "'wants ' + string(object.spec.nope)" },
      { expression: 'variables.replicas > 1 && object.spec.template.spec.containers.all(c, c.image != "")' },
    ]),
  )
  await bench.settle()
  const { status } = await client.get('p')
  assert.equal(status?.observedGeneration, made.metadata.generation)
  assert.deepEqual(status?.typeChecking?.expressionWarnings, [
    {
      fieldRef: 'spec.validations[0].expression',
      warning:
        "apps/v1, Kind=Deployment: ERROR: <input>:1:22: found no matching overload for '_>_' applied to '(int, string)'\n | object.spec.replicas > '1'\n | .....................^\n",
    },
    {
      fieldRef: 'spec.validations[1].expression',
      warning:
        "apps/v1, Kind=Deployment: ERROR: <input>:1:12: undefined field 'maxReplicas'\n | object.spec.maxReplicas > 1\n | ...........^\n",
    },
    {
      fieldRef: 'spec.validations[1].messageExpression',
      warning:
        "apps/v1, Kind=Deployment: ERROR: <input>:1:30: undefined field 'nope'\n | 'wants ' + string(object.spec.nope)\n | .............................^\n",
    },
  ])
  await bench.stop()
})

it('checks each kind, but none of a wildcard', () => {
  const validations = [{ expression: 'object.spec.replicas > 1' }]
  const [warning, ...others] = typeWarnings(policy(validations, ['deployments', 'daemonsets']))
  assert.match(warning?.warning ?? '', /^apps\/v1, Kind=DaemonSet: ERROR: <input>:1:12: undefined field 'replicas'/)
  assert.doesNotMatch(warning?.warning ?? '', /Kind=Deployment/)
  assert.deepEqual(others, [])
  assert.deepEqual(typeWarnings(policy(validations, ['*'])), [])
  assert.deepEqual(typeWarnings(policy(validations, ['deployments'], ['*'])), [])
})
