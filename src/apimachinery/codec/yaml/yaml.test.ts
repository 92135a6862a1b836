import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { schemaFor } from '../../../api/schema-for.ts'
import type { StructSchema } from '../../schema.ts'
import { stringifyJson } from '../json/encode.ts'
import { MAX_YAML_LENGTH, parseYaml } from './parse.ts'
import { printYaml } from './print.ts'
import { decodeAnyYaml, decodeYaml, splitYamlDocuments } from './yaml.ts'

const pod = schemaFor('io.k8s.api.core.v1.Pod')
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

test('scalars are those of YAML 1.1, as upstream’s library has them', () => {
  const cases: [string, unknown][] = [
    ['yes', true],
    ['Off', false],
    ['y', true],
    ['tRue', 'tRue'],
    ['~', null],
    ['', null],
    ['0777', 511],
    ['0o17', 15],
    ['0x1F', 31],
    ['0b11', 3],
    ['1_000', 1000],
    ['1e3', 1000],
    ['.5', 0.5],
    ['1:30', '1:30'],
    ['2024-01-01', '2024-01-01'],
    ['08', 8],
    ['100m', '100m'],
    ['1.2.3', '1.2.3'],
    ['9007199254740993', 9007199254740993n],
    ['"yes"', 'yes'],
    ["'1'", '1'],
    ['!!str 5', '5'],
    ['!!int "7"', 7],
    ['!!binary aGk=', 'hi'],
    ['!foo x', 'x'],
  ]
  for (const [text, want] of cases) assert.deepEqual(parseYaml(`k: ${text}`).value, { k: want }, text)
})

test('keys become strings; merge keys count where they stand', () => {
  assert.deepEqual(parseYaml('1: a\nyes: b\n1.5: c').value, { '1': 'a', true: 'b', '1.5': 'c' })
  assert.deepEqual(parseYaml('b: &b {a: 1, b: 2}\nx: {a: 9, <<: *b, b: 3}').value, {
    b: { a: 1, b: 2 },
    x: { a: 1, b: 3 },
  })
  assert.deepEqual(parseYaml('p: &p {a: 1}\nq: &q {a: 2, c: 3}\nz: {<<: [*p, *q]}').value, {
    p: { a: 1 },
    q: { a: 2, c: 3 },
    z: { a: 1, c: 3 },
  })
})

test('what is no YAML is refused', () => {
  const cases: [string, RegExp][] = [
    ['[1', /^yaml: line 1: /],
    ['a: *x', /^yaml: unknown anchor 'x' referenced/],
    ['a: &a [*a]', /^yaml: anchor 'a' value contains itself/],
    ['a: !!int x', /^yaml: cannot decode !!str `x` as a !!int/],
    ['~: 1', /^yaml: unsupported map key/],
    ['[a]: 1', /^yaml: invalid map key/],
    ['a: .inf', /^json: unsupported value: \+Inf/],
    ['a: {<<: 1}', /^yaml: map merge requires map/],
  ]
  for (const [text, message] of cases)
    assert.throws(() => parseYaml(text), { name: 'DecodeError', message, unrecognized: true }, text)
})

test('attacks end soon: alias bombs, deep nesting, empty items, large texts', () => {
  const bomb = Array.from(
    { length: 9 },
    (_, i) =>
      `a${i}: &a${i} [${Array(9)
        .fill(i === 0 ? 'x' : `*a${i - 1}`)
        .join(',')}]`,
  )
  assert.throws(() => parseYaml(bomb.join('\n')), /excessive aliasing/)
  assert.throws(() => parseYaml('['.repeat(50_000)), { name: 'DecodeError' })
  assert.throws(() => parseYaml('- '.repeat(5_000)), { name: 'DecodeError' })
  assert.throws(() => parseYaml(`[${','.repeat(500_000)}]`), { name: 'DecodeError' })
  assert.throws(() => parseYaml('x'.repeat(MAX_YAML_LENGTH + 1)), /document is larger than/)
})

test('a body is decoded along its schema, with findings in upstream’s order', () => {
  const text = 'kind: Pod\nspec:\n  zzz: 1\n  containers:\n  - name: a\n    tty: yes\n  - name: b\n    nam: c\n'
  const { object, violations } = decodeYaml(pod, bytes(text), 'Strict')
  assert.deepEqual(object, { kind: 'Pod', spec: { containers: [{ name: 'a', tty: true }, { name: 'b' }] } })
  assert.deepEqual(violations, ['unknown field "spec.containers[1].nam"', 'unknown field "spec.zzz"'])
})

test('keys that stand twice', () => {
  const { violations } = decodeAnyYaml(bytes('a: 1\nb:\n  c: 1\n  c: 2\na: 3\n'), 'Strict')
  assert.deepEqual(violations, [
    'yaml: unmarshal errors:\n  line 4: key "c" already set in map\n  line 5: key "a" already set in map',
  ])
  const told = 'line 1: key "a" already set in map'
  assert.deepEqual(decodeAnyYaml(bytes(' {"a":1,"a":2}'), 'Strict').violations, [`yaml: unmarshal errors:\n  ${told}`])
  assert.deepEqual(decodeAnyYaml(bytes(' {"a":1,"a":2}'), 'Warn').violations, [told])
  assert.deepEqual(decodeAnyYaml(bytes('{a: 1, a: 2}'), 'Ignore'), { value: { a: 2 }, violations: [] })
})

test('streams are split at their separators', () => {
  assert.deepEqual(splitYamlDocuments('---\na: 1\n--- # next\nb: 2\n---\n# nothing\n---\n'), ['a: 1', 'b: 2'])
  assert.throws(() => splitYamlDocuments('a: 1\n--- b\n'), { message: 'invalid Yaml document separator: b' })
})

test('prints in kubectl’s style', () => {
  const value = {
    b: [{ x: 'yes', w: [['a'], []] }],
    a10: { m: null, s: '1', t: 'line\nline\n', e: {}, l: [] },
    a9: [
      'a: b',
      '# c',
      '- d',
      ' e',
      'f ',
      "it's",
      'g\t',
      'h\u0000',
      '2024-01-01',
      '1:30',
      'plain text',
      'http://i',
      '*j',
    ],
    n: ['no end\nof line', '\n', 'two\n\n', ' indented\n', 'trailing \nspace', ''],
  }
  assert.equal(
    printYaml(value),
    [
      'a9:',
      "- 'a: b'",
      "- '# c'",
      "- '- d'",
      "- ' e'",
      "- 'f '",
      "- it's",
      '- "g\\t"',
      '- "h\\0"',
      '- "2024-01-01"',
      '- "1:30"',
      '- plain text',
      '- http://i',
      "- '*j'",
      'a10:',
      '  e: {}',
      '  l: []',
      '  m: null',
      '  s: "1"',
      '  t: |',
      '    line',
      '    line',
      'b:',
      '- w:',
      '  - - a',
      '  - []',
      '  x: "yes"',
      '"n":',
      '- |-',
      '  no end',
      '  of line',
      '- |2+',
      '',
      '- |+',
      '  two',
      '',
      '- |2',
      '   indented',
      '- "trailing \\nspace"',
      '- ""',
      '',
    ].join('\n'),
  )
  assert.equal(printYaml('a'), 'a\n')
  assert.equal(printYaml({ ['k'.repeat(129)]: 1 }), `? ${'k'.repeat(129)}\n: 1\n`)
})

test('property: what is printed is read again', () => {
  const value = fc.jsonValue({ maxDepth: 4, noUnicodeString: false })
  fc.assert(
    fc.property(value, (json) => {
      const plain: unknown = JSON.parse(JSON.stringify({ json }))
      assert.deepEqual(JSON.parse(stringifyJson(parseYaml(printYaml(plain)).value)), plain)
    }),
    { numRuns: 200 },
  )
})

test('of custom resources keys that stand twice are warned of one by one, and refused in one text', () => {
  const open: StructSchema = { kind: 'struct', name: '', fields: new Map(), preserveUnknown: true }
  const body = new TextEncoder().encode('kind: A\napiVersion: b/v1\nx: 1\nx: 2\nz: 1\nz: 2\n')
  const found = (validation: 'Warn' | 'Strict'): readonly string[] => decodeYaml(open, body, validation).violations
  assert.deepEqual(found('Warn'), ['line 4: key "x" already set in map', 'line 6: key "z" already set in map'])
  assert.deepEqual(found('Strict'), [
    'yaml: unmarshal errors:\n  line 4: key "x" already set in map\n  line 6: key "z" already set in map',
  ])
})
