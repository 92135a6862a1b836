import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { DecodeError } from '../../../apimachinery/codec/errors.ts'
import { aggregatedFields, loadAuthenticationConfiguration } from './load.ts'
import { validateAuthenticationConfiguration, validateChange } from './validate.ts'

interface Fact {
  readonly name: string
  readonly config: string
  readonly disallowed?: readonly string[]
  readonly error?: string
}

/** What the loader and the validation of kube-apiserver v1.36.0 gave for each file. */
const FACTS = JSON.parse(readFileSync(new URL('testdata/facts.json', import.meta.url), 'utf8')) as readonly Fact[]

for (const { name, config, disallowed = [], error } of FACTS) {
  test(`an AuthenticationConfiguration is judged as upstream judges it: ${name}`, () => {
    assert.equal(problemOf(config, disallowed), error)
  })
}

function problemOf(text: string, disallowed: readonly string[]): string | undefined {
  try {
    const configuration = loadAuthenticationConfiguration(new TextEncoder().encode(text))
    const invalid = aggregatedFields(validateAuthenticationConfiguration(configuration, disallowed))
    return invalid && `invalid: ${invalid}`
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    return `load: ${error.message}`
  }
}

test('a reload may change issuers, but not who strangers are', () => {
  const first = { anonymous: { enabled: true, conditions: [{ path: '/livez' }] } }
  assert.deepEqual([...validateChange({ ...first, jwt: [{}] }, first)], [])
  for (const anonymous of [undefined, { enabled: true }, { enabled: false, conditions: [] }]) {
    const problem = aggregatedFields(validateChange(anonymous ? { anonymous } : {}, first))
    assert.equal(problem, 'anonymous: Forbidden: changed from initial configuration file')
  }
})
