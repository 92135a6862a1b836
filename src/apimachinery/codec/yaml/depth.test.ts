import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isTooDeep, MAX_YAML_DEPTH } from './depth.ts'
import { parseYaml } from './parse.ts'

const nested = (open: string, close: string, depth: number): string => open.repeat(depth) + close.repeat(depth)

for (const [name, text] of Object.entries({
  'lists without end': '['.repeat(400_000),
  'maps in maps': nested('{a: ', '}', MAX_YAML_DEPTH + 1),
  'lists on one line': '- '.repeat(MAX_YAML_DEPTH + 1),
})) {
  test(`refused before it is parsed: ${name}`, () => {
    assert.throws(() => parseYaml(text), { message: 'yaml: exceeded max depth of 10000' })
  })
}

for (const [name, text] of Object.entries({
  'as deep as may be': nested('[', ']', MAX_YAML_DEPTH),
  'many beside each other': `a: [${'[], '.repeat(2 * MAX_YAML_DEPTH)}]`,
  'brackets in a text': `a: "${'['.repeat(2 * MAX_YAML_DEPTH)}"`,
  'a long list': '- a\n'.repeat(2 * MAX_YAML_DEPTH),
})) {
  test(`not too deep: ${name}`, () => assert.equal(isTooDeep(text), false))
}
