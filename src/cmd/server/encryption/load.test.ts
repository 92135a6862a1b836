import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { ApiFlagValues } from '../../../cli/api-flags/values.ts'
import { UserError } from '../../../host/user-error.ts'
import { testFolder } from '../../../store/lmdb/testing/folder.ts'
import { encryptionConfig } from '../api-config/encryption.ts'
import { encryptionFile } from './testing/config.ts'

/** What v1.36.0 said of files that it refused to start with. */
const recorded = new URL('../../../apiserver/config/encryption/refused.json', import.meta.url)
const refused = JSON.parse(readFileSync(recorded, 'utf8')) as readonly {
  readonly name: string
  readonly config: string
  readonly message: string
}[]

const configOf = (flags: Readonly<Record<string, readonly string[]>>) => encryptionConfig(new ApiFlagValues(flags))

describe('a server that is given a file that upstream refuses does not start', () => {
  for (const { name, config, message } of refused) {
    test(name, (t) => {
      const file = encryptionFile(t, config)
      assert.throws(() => configOf({ 'encryption-provider-config': [file] }), {
        name: UserError.name,
        message: message.replace('enc.yaml', file),
      })
    })
  }
})

test('nor without the file', (t) => {
  const file = join(testFolder(t), 'nothing.yaml')
  assert.throws(
    () => configOf({ 'encryption-provider-config': [file] }),
    /^UserError: error while parsing file: error while loading file: error reading encryption provider configuration file ".*nothing\.yaml": open .*nothing\.yaml: no such file or directory$/,
  )
  assert.throws(() => configOf({ 'encryption-provider-config-automatic-reload': ['true'] }), {
    message: '--encryption-provider-config-automatic-reload must be set with --encryption-provider-config',
  })
  assert.equal(configOf({}), undefined)
})
