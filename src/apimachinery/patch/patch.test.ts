import assert from 'node:assert/strict'
import test from 'node:test'
import { schemaFor } from '../../api/schema-for.ts'
import type { FieldValidation } from '../codec/json/decode.ts'
import { StatusError } from '../status.ts'
import { patchObject } from './patch.ts'
import type { PatchRequest } from './patch.ts'

const schema = schemaFor('io.k8s.api.apps.v1.Deployment')

const live = (): Record<string, unknown> => ({
  kind: 'Deployment',
  apiVersion: 'apps/v1',
  metadata: { name: 'web', labels: { app: 'web' } },
  spec: { replicas: 1, template: { metadata: {}, spec: { containers: [{ name: 'a', image: 'one', resources: {} }] } } },
})

const patch = (
  type: PatchRequest['type'],
  body: string,
  validation: FieldValidation = 'Strict',
): ReturnType<typeof patchObject> =>
  patchObject({ schema, live: live(), type, body: new TextEncoder().encode(body), validation })

const spec = (result: ReturnType<typeof patchObject>): Record<string, unknown> =>
  result.object.spec as Record<string, unknown>

test('the three formats change the object', () => {
  assert.equal(spec(patch('json', '[{"op":"replace","path":"/spec/replicas","value":3}]')).replicas, 3)
  assert.equal(spec(patch('merge', '{"spec":{"replicas":3}}')).replicas, 3)
  const { template } = spec(
    patch('strategic', '{"spec":{"template":{"spec":{"containers":[{"name":"b","image":"two"}]}}}}'),
  ) as { template: { spec: { containers: { name: string }[] } } }
  assert.deepEqual(
    template.spec.containers.map((c) => c.name),
    ['b', 'a'],
  )
})

test('answers to patches that cannot be read or applied', () => {
  const cases: [PatchRequest['type'], string, number, string | RegExp][] = [
    [
      'json',
      '{"op":"add"}',
      400,
      'error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp',
    ],
    [
      'json',
      '[{"op":1}]',
      400,
      'error decoding patch: json: cannot unmarshal number into Go struct field jsonPatchOp.op of type string',
    ],
    ['json', '[', 400, 'error decoding patch: unexpected end of JSON input'],
    [
      'json',
      JSON.stringify(Array(10_001).fill({ op: 'test', path: '/kind', value: 'Deployment' })),
      413,
      /maximum operations in a JSON patch is 10000, got 10001/,
    ],
    ['json', '[{"op":"remove","path":"/nope"}]', 422, 'the server rejected our request due to an error in our request'],
    [
      'json',
      '[{"op":"add","path":"/spec/replicas","value":"x"}]',
      422,
      /^ "" is invalid: patch: Invalid value: ".*": json: cannot unmarshal string into Go struct field DeploymentSpec\.spec\.replicas of type int32$/,
    ],
    [
      'merge',
      '[]',
      400,
      'error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}',
    ],
    ['merge', 'null', 400, 'Invalid JSON Patch'],
    ['merge', '{"spec":{"foo":1}}', 422, /strict decoding error: unknown field "spec\.foo"$/],
    [
      'merge',
      '{"spec":{"z":1,"b":1},"a":1}',
      422,
      /unknown field "a", unknown field "spec\.b", unknown field "spec\.z"$/,
    ],
    [
      'strategic',
      '{"spec":{"z":1,"b":1},"a":1}',
      422,
      /unknown field "a", unknown field "spec\.b", unknown field "spec\.z"$/,
    ],
    [
      'strategic',
      '{"spec":{"template":{"spec":{"containers":[{"image":"x"}]}}}}',
      500,
      'map: map[image:x] does not contain declared merge key: name',
    ],
    ['strategic', '{"$retainKeys":"x"}', 400, 'invalid patch format of retainKeys'],
  ]
  for (const [type, body, code, message] of cases) {
    assert.throws(
      () => patch(type, body),
      (error: unknown) => {
        assert.ok(error instanceof StatusError, body)
        assert.equal(error.code, code, body)
        if (typeof message === 'string') assert.equal(error.message, message)
        else assert.match(error.message, message)
        return true
      },
    )
  }
})

test('unknown and duplicate fields are told as warnings, or dropped in silence', () => {
  const body = '{"spec":{"foo":1,"replicas":2,"replicas":3}}'
  assert.deepEqual(patch('merge', body, 'Warn').violations, [
    'duplicate field "spec.replicas"',
    'unknown field "spec.foo"',
  ])
  assert.deepEqual(patch('merge', body, 'Ignore').violations, [])
  assert.deepEqual(patch('json', '[{"op":"test","path":"/kind","value":"Deployment","why":""}]', 'Warn').violations, [
    'json patch unknown field "[0].why"',
  ])
})

test('numbers beyond 2^53 pass through', () => {
  const { object } = patch('merge', '{"metadata":{"generation":9007199254740993}}')
  assert.equal((object.metadata as { generation: unknown }).generation, 9007199254740993n)
})
