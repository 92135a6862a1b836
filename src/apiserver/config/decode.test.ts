import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeConfig, type ConfigKinds } from './decode.ts'
import { boolean, document, duration, list, map, string, struct } from './shape.ts'

const KINDS: ConfigKinds = {
  scheme: 'boats.go:1',
  versions: {
    'boats.example/v1': {
      Boat: document('v1.Boat', {
        name: string,
        afloat: boolean,
        patience: duration,
        crew: list(struct('v1.Sailor', { name: string, knots: list(string) })),
        ports: map(string),
      }),
    },
  },
}

const decode = (text: string): ReturnType<typeof decodeConfig> => decodeConfig(new TextEncoder().encode(text), KINDS)

test('a file is read, YAML or JSON, and what is empty stays', () => {
  const { object, kind } = decode(
    'apiVersion: boats.example/v1\nkind: Boat\nname: ""\nafloat: false\npatience: 90s\ncrew:\n- name: Ann\n  knots: []\nports: {}\n',
  )
  assert.equal(kind, 'Boat')
  assert.deepEqual(object, {
    apiVersion: 'boats.example/v1',
    kind: 'Boat',
    name: '',
    afloat: false,
    patience: '1m30s',
    crew: [{ name: 'Ann', knots: [] }],
    ports: {},
  })
  assert.equal(decode('{"apiVersion":"boats.example/v1","kind":"Boat","name":"a"}').object['name'], 'a')
})

const REFUSED: readonly (readonly [what: string, text: string, message: string | RegExp])[] = [
  [
    'an unknown field',
    'apiVersion: boats.example/v1\nkind: Boat\nsails: 2\n',
    'strict decoding error: unknown field "sails"',
  ],
  [
    'an unknown field further in',
    'apiVersion: boats.example/v1\nkind: Boat\ncrew: [{age: 1}]\n',
    'strict decoding error: unknown field "crew[0].age"',
  ],
  [
    'a field that stands twice',
    'apiVersion: boats.example/v1\nkind: Boat\nname: a\nname: b\n',
    /^strict decoding error: yaml: unmarshal errors:\n {2}line 4: key "name" already set in map$/,
  ],
  ['no kind', 'apiVersion: boats.example/v1\n', `Object 'Kind' is missing in 'apiVersion: boats.example/v1\n'`],
  ['no version', 'kind: Boat\n', `Object 'apiVersion' is missing in 'kind: Boat\n'`],
  [
    'another kind',
    'apiVersion: boats.example/v1\nkind: Car\n',
    'no kind "Car" is registered for version "boats.example/v1" in scheme "boats.go:1"',
  ],
  [
    'the name of something that every object has',
    'apiVersion: __proto__\nkind: toString\n',
    'no kind "toString" is registered for version "__proto__" in scheme "boats.go:1"',
  ],
  [
    'another type',
    'apiVersion: boats.example/v1\nkind: Boat\nafloat: maybe\n',
    /cannot unmarshal string into Go struct field/,
  ],
  ['nothing', '', `Object 'Kind' is missing in ''`],
  [
    'a kind that is no text',
    '{"kind":7,"apiVersion":"boats.example/v1"}',
    "couldn't get version/kind; json parse error: json: cannot unmarshal number into Go struct field .kind of type string",
  ],
  ['a group of three parts', 'kind: X\napiVersion: a/b/c\n', 'unexpected GroupVersion string: a/b/c'],
  [
    'a field that stands twice, in JSON',
    '{"kind":"Boat","apiVersion":"boats.example/v1","name":"a","name":"b"}',
    'strict decoding error: duplicate field "name"',
  ],
  [
    'JSON that is none',
    '{"kind":"Boat","apiVersion":"boats.example/v1","crew":[}',
    "couldn't get version/kind; json parse error: invalid character '}' looking for beginning of value",
  ],
  ['a list', '- a\n', /^couldn't get version\/kind; json parse error: json: cannot unmarshal array into Go value/],
]

for (const [what, text, message] of REFUSED)
  test(`refused: ${what}`, () => {
    assert.throws(() => decode(text), { name: 'DecodeError', message })
  })
