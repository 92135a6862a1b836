import assert from 'node:assert/strict'
import { it } from 'node:test'
import { customResourceDefinitions, validatingAdmissionPolicies } from '../../src/api/index.ts'
import { startCluster } from '../../src/testing/index.ts'

const GROUP = 'stable.example.com'

const crontabs = {
  metadata: { name: `crontabs.${GROUP}` },
  spec: {
    group: GROUP,
    scope: 'Namespaced',
    names: { plural: 'crontabs', singular: 'crontab', kind: 'CronTab' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: {
              spec: {
                type: 'object',
                properties: {
                  replicas: { type: 'integer' },
                  free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
                  port: { 'x-kubernetes-int-or-string': true },
                  when: { type: 'string', format: 'date-time' },
                  labels: { type: 'object', additionalProperties: { type: 'string' } },
                  template: {
                    type: 'object',
                    'x-kubernetes-embedded-resource': true,
                    'x-kubernetes-preserve-unknown-fields': true,
                  },
                },
              },
            },
          },
        },
      },
    ],
  },
}

const overload = (operator: string, types: string): string =>
  `found no matching overload for '${operator}' applied to '${types}'`

/** What the controller of v1.36.0 says of each; nothing where it finds nothing. */
const FACTS: readonly (readonly [expression: string, column?: number, problem?: string])[] = [
  ["object.spec.replicas > '1'", 22, overload('_>_', '(int, string)')],
  ['object.spec.maxRetries < 10', 12, "undefined field 'maxRetries'"],
  ["object.metadata.labels['a'] == 'b'"],
  ["object.metadata.nope == 'b'", 16, "undefined field 'nope'"],
  ['object.spec.free.anything == 1', 17, "undefined field 'anything'"],
  ["object.spec.port == 1 || object.spec.port == 'a'"],
  ['object.spec.when > 1', 18, overload('_>_', '(timestamp, int)')],
  ['object.spec.labels.all(k, k == 1)', 29, overload('_==_', '(string, int)')],
  ['object.spec.template.metadata.name == 1', 36, overload('_==_', '(string, int)')],
  ['object.spec.template.metadata.labels.size() == 1'],
  ['params.spec.nope == 1', 12, "undefined field 'nope'"],
  ['object.status == 1', 7, "undefined field 'status'"],
  ['object.kind == 1', 13, overload('_==_', '(string, int)')],
  ['oldObject.metadata.creationTimestamp == 1', 38, overload('_==_', '(timestamp, int)')],
]

it('expressions about custom kinds are checked against what their definitions declare', async () => {
  await using cluster = await startCluster({ time: 'virtual' })
  await cluster.client(customResourceDefinitions).create(crontabs)
  await cluster.settled()
  const resources = {
    apiGroups: [GROUP],
    apiVersions: ['v1'],
    operations: ['CREATE' as const],
    resources: ['crontabs'],
  }
  await cluster.client(validatingAdmissionPolicies).create({
    metadata: { name: 'types' },
    spec: {
      paramKind: { apiVersion: `${GROUP}/v1`, kind: 'CronTab' },
      matchConstraints: { resourceRules: [resources] },
      validations: FACTS.map(([expression]) => ({ expression })),
    },
  })
  await cluster.settled()
  const { status } = await cluster.client(validatingAdmissionPolicies).get('types')
  const expected = FACTS.flatMap(([expression, column = 1, problem], index) => {
    const at = `ERROR: <input>:1:${column}: ${problem}\n | ${expression}\n | ${'.'.repeat(column - 1)}^\n`
    const fieldRef = `spec.validations[${index}].expression`
    return problem === undefined ? [] : [{ fieldRef, warning: `${GROUP}/v1, Kind=CronTab: ${at}` }]
  })
  assert.deepEqual(status?.typeChecking?.expressionWarnings, expected)
})
