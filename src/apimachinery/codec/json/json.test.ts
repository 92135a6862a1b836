import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { schemaFor } from '../../../api/schema-for.ts'
import type { FieldSchema, StructSchema } from '../../schema.ts'
import { decodeFailure, strictDecodingError } from '../errors.ts'
import { decodeCarefully } from './careful.ts'
import { decodeJson, typeMetaOf } from './decode.ts'
import { encodeJson, encodeStored, spliceResourceVersion, storedPrefix } from './encode.ts'
import { MAX_DEPTH, scanJson } from './scan.ts'
import { syntaxErrorOf } from './syntax.ts'

const deployment = schemaFor('io.k8s.api.apps.v1.Deployment')
const pod = schemaFor('io.k8s.api.core.v1.Pod')
const configMap = schemaFor('io.k8s.api.core.v1.ConfigMap')
const crd = schemaFor('io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition')

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const text = (data: Uint8Array): string => new TextDecoder().decode(data)
const decode = (schema: StructSchema, body: string): ReturnType<typeof decodeJson> =>
  decodeJson(schema, bytes(body), 'Strict')

test('unknown and duplicate fields are named in the order of the text', () => {
  const body =
    '{"kind":"Deployment","apiVersion":"apps/v1","spec":{"foo":1,"replicas":1,"replicas":2,"template":{"spec":{"containers":[{"name":"a"},{"nam":"b","name":"b"}]}}},"bar":{"x":1,"x":2}}'
  const { object, violations } = decode(deployment, body)
  assert.deepEqual(violations, [
    'unknown field "spec.foo"',
    'duplicate field "spec.replicas"',
    'unknown field "spec.template.spec.containers[1].nam"',
    'unknown field "bar"',
  ])
  assert.equal(
    strictDecodingError(violations.slice(0, 2)).message,
    'strict decoding error: unknown field "spec.foo", duplicate field "spec.replicas"',
  )
  assert.deepEqual(object, {
    kind: 'Deployment',
    apiVersion: 'apps/v1',
    spec: { replicas: 2, template: { spec: { containers: [{ name: 'a' }, { name: 'b' }] } } },
  })
  const ignored = decodeJson(deployment, bytes(body), 'Ignore')
  assert.deepEqual(ignored, { object, violations: [] })
})

test('duplicates are found in maps and told once; names are case-sensitive; no more than 100 are told', () => {
  assert.deepEqual(decode(configMap, '{"data":{"a":"1","a":"2","a":"3"},"Data":{}}').violations, [
    'duplicate field "data.a"',
    'unknown field "Data"',
  ])
  const many = Array.from({ length: 300 }, (_, i) => `"x${i}":1`).join(',')
  assert.equal(decode(configMap, `{${many}}`).violations.length, 100)
})

test('values of another type, in upstream’s words', () => {
  const cases: [StructSchema, string, string][] = [
    [
      deployment,
      '{"spec":{"replicas":"3"}}',
      'json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32',
    ],
    [
      deployment,
      '{"spec":{"replicas":1.5}}',
      'json: cannot unmarshal number 1.5 into Go struct field DeploymentSpec.spec.replicas of type int32',
    ],
    [
      deployment,
      '{"spec":{"replicas":3000000000}}',
      'json: cannot unmarshal number 3000000000 into Go struct field DeploymentSpec.spec.replicas of type int32',
    ],
    [
      pod,
      '{"spec":{"containers":{"name":"a"}}}',
      'json: cannot unmarshal object into Go struct field PodSpec.spec.containers of type []v1.Container',
    ],
    [
      pod,
      '{"spec":{"containers":[{"name":"a","ports":"80"}]}}',
      'json: cannot unmarshal string into Go struct field Container.spec.containers.ports of type []v1.ContainerPort',
    ],
    [
      pod,
      '{"metadata":{"labels":{"a":true}}}',
      'json: cannot unmarshal bool into Go struct field ObjectMeta.metadata.labels of type string',
    ],
    [
      pod,
      '{"metadata":{"creationTimestamp":"yesterday"}}',
      'parsing time "yesterday" as "2006-01-02T15:04:05Z07:00": cannot parse "yesterday" as "2006"',
    ],
    [
      pod,
      '{"spec":{"overhead":{"cpu":"1 core"}}}',
      "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
    ],
    [configMap, '{"binaryData":{"a":"@"}}', 'illegal base64 data at input byte 0'],
  ]
  for (const [schema, body, message] of cases)
    assert.throws(() => decode(schema, body), { name: 'DecodeError', message }, body)
})

test('what is no JSON object, in upstream’s words', () => {
  const cases: [string, string][] = [
    ['', 'unexpected end of JSON input'],
    ['{"a":1,}', "invalid character '}' looking for beginning of object key string"],
    ['{"a" 1}', "invalid character '1' after object key"],
    ['{"a":1 "b"}', "invalid character '\"' after object key:value pair"],
    ['[1 2]', "invalid character '2' after array element"],
    ['{"a":tru}', "invalid character '}' in literal true (expecting 'e')"],
    ['{"a":01}', "invalid character '1' after object key:value pair"],
    ['{"a":"\n"}', "invalid character '\\n' in string literal"],
    ['{"a":"\\x"}', "invalid character 'x' in string escape code"],
    ['{} x', "invalid character 'x' after top-level value"],
    ['\ufeff{}', "invalid character 'ï' looking for beginning of value"],
    ['<html>', "invalid character '<' looking for beginning of value"],
  ]
  for (const [body, message] of cases) {
    assert.equal(syntaxErrorOf(bytes(body)), message, body)
    assert.throws(() => decode(pod, body), {
      message: `couldn't get version/kind; json parse error: ${message}`,
      unrecognized: true,
    })
  }
  assert.throws(() => decode(pod, '{"kind":5}'), {
    message:
      "couldn't get version/kind; json parse error: json: cannot unmarshal number into Go struct field .kind of type string",
  })
})

test('the 400 that a handler makes of it', () => {
  const error = { message: 'strict decoding error: unknown field "a"' }
  const expected = { kind: 'Deployment', version: 'v1', wanted: 'Deployment' }
  assert.deepEqual(
    decodeFailure(error, expected, bytes('{}')).status.message,
    'Deployment in version "v1" cannot be handled as a Deployment: strict decoding error: unknown field "a"',
  )
  const broken = { message: 'unexpected end of JSON input', unrecognized: true }
  const { status } = decodeFailure(broken, { kind: '', version: '', wanted: 'Pod' }, bytes(`{"a":"${'x'.repeat(40)}`))
  assert.equal(status.code, 400)
  assert.equal(
    status.message,
    'the object provided is unrecognized (must be of type Pod): unexpected end of JSON input ({"a":"xxxxxxxxxxxxxxxxxxxxxxxx ...)',
  )
  assert.match(decodeFailure(broken, { ...expected, kind: '' }, bytes('ab')).status.message ?? '', /\(6162\)$/)
})

test('nesting is bounded, and deep bodies do no harm', () => {
  const nested = (depth: number): string =>
    `{"spec":{"versions":[{"schema":{"openAPIV3Schema":${'{"not":'.repeat(depth)}{}${'}'.repeat(depth)}}}]}}`
  assert.equal(decode(crd, nested(MAX_DEPTH - 6)).violations.length, 0)
  assert.throws(() => decode(crd, nested(MAX_DEPTH)), /exceeded max depth/)
  assert.throws(() => decode(crd, '['.repeat(3_000_000)), /exceeded max depth/)
})

test('keys such as __proto__ and constructor are keys', () => {
  const { object } = decode(
    configMap,
    '{"data":{"__proto__":"a","constructor":"b"},"metadata":{"labels":{"__proto__":null}}}',
  )
  assert.equal(Object.getPrototypeOf(object.data), Object.prototype)
  assert.equal(
    encodeJson(configMap, object),
    '{"metadata":{"labels":{"__proto__":""}},"data":{"__proto__":"a","constructor":"b"}}',
  )
  const { violations } = decode(configMap, '{"__proto__":{"polluted":1},"constructor":{}}')
  assert.deepEqual(violations, ['unknown field "__proto__"', 'unknown field "constructor"'])
  assert.equal(({} as Record<string, unknown>).polluted, undefined)
})

test('whole numbers are never rounded', () => {
  const body =
    '{"metadata":{"generation":9007199254740993},"spec":{"terminationGracePeriodSeconds":-9223372036854775808}}'
  const { object } = decode(pod, body)
  assert.deepEqual(object.metadata, { generation: 9007199254740993n })
  assert.match(encodeJson(pod, object), /"generation":9007199254740993\}/)
  assert.match(encodeJson(pod, object), /"terminationGracePeriodSeconds":-9223372036854775808/)
  assert.throws(() => decode(pod, '{"metadata":{"generation":9223372036854775808}}'), /cannot unmarshal number/)
})

test('invalid UTF-8 and halves of surrogates become U+FFFD', () => {
  const body = Uint8Array.from([...bytes('{"data":{"a":"'), 0xff, ...bytes('","b":"\\ud800"}}')])
  const { object } = decodeJson(configMap, body, 'Strict')
  assert.deepEqual(object.data, { a: '\ufffd', b: '\ufffd' })
})

test('null is absent; in maps and lists it is the zero value', () => {
  const body =
    '{"metadata":{"creationTimestamp":null,"labels":{"a":null}},"spec":{"containers":[null],"nodeName":null,"overhead":{"cpu":null}}}'
  assert.deepEqual(decode(pod, body).object, {
    metadata: { labels: { a: '' } },
    spec: { containers: [{}], overhead: { cpu: '0' } },
  })
})

test('texts are brought to the form that the API prints, empty fields go', () => {
  const body = JSON.stringify({
    metadata: {
      name: 'a',
      namespace: '',
      labels: {},
      creationTimestamp: '2026-01-01T02:00:00.5+02:00',
      finalizers: [],
    },
    spec: {
      hostNetwork: false,
      terminationGracePeriodSeconds: 0,
      containers: [{ name: 'a', resources: { limits: { cpu: 0.5, memory: '1024Mi' } } }],
    },
  })
  assert.deepEqual(decode(pod, body).object, {
    metadata: { name: 'a', creationTimestamp: '2026-01-01T00:00:00Z' },
    spec: {
      terminationGracePeriodSeconds: 0,
      containers: [{ name: 'a', resources: { limits: { cpu: '500m', memory: '1Gi' } } }],
    },
  })
})

test('canonical JSON: order of the schema, sorted maps, what is always written', () => {
  const object = {
    spec: { containers: [{ resources: {}, name: 'a' }], nodeName: 'n' },
    metadata: { labels: { b: '1', a: '"\n' }, name: 'x' },
    apiVersion: 'v1',
    kind: 'Pod',
    bogus: 1,
  }
  assert.equal(
    encodeJson(pod, object),
    '{"kind":"Pod","apiVersion":"v1","metadata":{"name":"x","labels":{"a":"\\"\\n","b":"1"}},"spec":{"containers":[{"name":"a","resources":{}}],"nodeName":"n"},"status":{}}',
  )
  assert.equal(
    encodeJson(deployment, {}),
    '{"metadata":{},"spec":{"selector":null,"template":{"metadata":{},"spec":{"containers":null}},"strategy":{}},"status":{}}',
  )
})

test('stored bytes begin with the prefix and take a resourceVersion', () => {
  const object = { kind: 'Pod', apiVersion: 'v1', metadata: { name: 'a', resourceVersion: '5', uid: 'u' }, spec: {} }
  const stored = encodeStored(pod, object)
  const prefix = storedPrefix('Pod', 'v1')
  assert.equal(text(stored).slice(0, prefix.length), '{"kind":"Pod","apiVersion":"v1","metadata":{')
  assert.doesNotMatch(text(stored), /resourceVersion/)
  const spliced = spliceResourceVersion(stored, prefix.length, '123')
  const { metadata, ...rest } = JSON.parse(text(spliced)) as { metadata: object }
  assert.deepEqual(metadata, { resourceVersion: '123', name: 'a', uid: 'u' })
  assert.deepEqual(rest, { kind: 'Pod', apiVersion: 'v1', spec: { containers: null }, status: {} })
  const bare = encodeStored(pod, { kind: 'Pod', apiVersion: 'v1', metadata: {} })
  assert.deepEqual(JSON.parse(text(spliceResourceVersion(bare, prefix.length, '1'))).metadata, { resourceVersion: '1' })
})

test('custom resources: values of another type and nulls stay, unknown fields are told', () => {
  const string = { kind: 'string' } as const
  const widget: StructSchema = {
    kind: 'struct',
    name: '',
    fields: new Map([
      [
        'metadata',
        {
          name: 'metadata',
          schema: {
            kind: 'struct',
            name: 'x.ObjectMeta',
            fields: new Map([['name', { name: 'name', schema: string }]]),
          },
        },
      ],
      ['size', { name: 'size', schema: { kind: 'int64' }, pointer: true }],
      [
        'free',
        { name: 'free', pointer: true, schema: { kind: 'struct', name: '', fields: new Map(), preserveUnknown: true } },
      ],
    ]),
  }
  const body = '{"metadata":{"name":"a","x":1},"size":"big","free":{"a":1.0,"a":2,"b":null},"extra":1}'
  const { object, violations } = decode(widget, body)
  assert.deepEqual(object, { metadata: { name: 'a' }, size: 'big', free: { a: 2, b: null } })
  assert.deepEqual(violations, ['duplicate field "free.a"', 'unknown field "extra"', 'unknown field "metadata.x"'])
  assert.deepEqual(decode(widget, '{"size":null,"free":{"a":[]}}').object, { size: null, free: { a: [] } })
})

test('an object whose shape is open keeps its unknown fields when stored', () => {
  const string = (name: string) => ({ name, schema: { kind: 'string' as const } })
  const open: StructSchema = {
    kind: 'struct',
    name: '',
    fields: new Map<string, FieldSchema>([
      ['apiVersion', string('apiVersion')],
      ['kind', string('kind')],
      [
        'metadata',
        { name: 'metadata', schema: { kind: 'struct', name: '', fields: new Map([['name', string('name')]]) } },
      ],
    ]),
    preserveUnknown: true,
  }
  const stored = encodeStored(open, {
    apiVersion: 'v1',
    kind: 'Boat',
    metadata: { name: 'a' },
    spec: { b: 2 },
    crew: [1],
  })
  const text = '{"kind":"Boat","apiVersion":"v1","metadata":{"name":"a"},"crew":[1],"spec":{"b":2}}'
  assert.equal(new TextDecoder().decode(stored), text)
})

test('typeMetaOf reads what a body says it is', () => {
  assert.deepEqual(typeMetaOf(bytes('{"kind":"Pod","apiVersion":"v1"}')), { kind: 'Pod', apiVersion: 'v1' })
  assert.deepEqual(typeMetaOf(bytes('{}')), { kind: '', apiVersion: '' })
})

const json = fc.jsonValue({ maxDepth: 4 })

test('property: the scan counts keys and depth, and names every syntax error', () => {
  const keysOf = (value: unknown): number =>
    value === null || typeof value !== 'object'
      ? 0
      : Object.values(value).reduce(
          (sum: number, v) => sum + keysOf(v),
          Array.isArray(value) ? 0 : Object.keys(value).length,
        )
  fc.assert(
    fc.property(json, (value) => {
      assert.equal(scanJson(bytes(JSON.stringify(value))).keys, keysOf(value))
      assert.equal(syntaxErrorOf(bytes(JSON.stringify(value))), undefined)
    }),
  )
  fc.assert(
    fc.property(json, fc.nat(), fc.string({ maxLength: 2 }), (value, at, junk) => {
      const whole = JSON.stringify(value)
      const cut = at % (whole.length + 1)
      const broken = whole.slice(0, cut) + junk + whole.slice(cut + 1)
      let parses = true
      try {
        JSON.parse(broken)
      } catch {
        parses = false
      }
      assert.equal(syntaxErrorOf(bytes(broken)) === undefined, parses)
    }),
    { numRuns: 500 },
  )
})

const podLike = fc.record(
  {
    metadata: fc.record(
      {
        name: fc.string(),
        labels: fc.dictionary(fc.string(), fc.string()),
        generation: fc.integer(),
        creationTimestamp: fc.constantFrom('2026-01-01T00:00:00Z', '2026-01-01T01:00:00+01:00', null),
        odd: json,
      },
      { requiredKeys: [] },
    ),
    spec: fc.record(
      {
        containers: fc.array(
          fc.record({ name: fc.string(), args: fc.array(fc.string()), tty: fc.boolean() }, { requiredKeys: [] }),
        ),
        overhead: fc.dictionary(fc.string(), fc.constantFrom('1', '0.5', '1Gi', '1000m')),
        activeDeadlineSeconds: fc.option(fc.integer()),
      },
      { requiredKeys: [] },
    ),
  },
  { requiredKeys: [] },
)

test('property: both ways of decoding agree, and canonical JSON is a fixed point', () => {
  fc.assert(
    fc.property(podLike, (value) => {
      const body = JSON.stringify(value)
      const fast = decodeJson(pod, bytes(body), 'Ignore').object
      assert.deepEqual(fast, decodeCarefully(pod, body).object)
      const canonical = encodeJson(pod, fast)
      assert.equal(encodeJson(pod, decode(pod, canonical).object), canonical)
    }),
    { numRuns: 300 },
  )
})
