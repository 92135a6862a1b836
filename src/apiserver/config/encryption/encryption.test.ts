import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { EncryptionConfigError, readEncryptionConfig } from './read.ts'

/** What v1.36.0 said of these files when it was started with them. */
const refused = JSON.parse(readFileSync(new URL('./refused.json', import.meta.url), 'utf8')) as readonly {
  readonly name: string
  readonly config: string
  readonly message: string
}[]

describe('encryption configurations that upstream refuses are refused in its words', () => {
  for (const { name, config, message } of refused.filter((one) => !one.message.startsWith('error while building'))) {
    test(name, () => {
      assert.throws(() => readEncryptionConfig(Buffer.from(config), 'enc.yaml', false), {
        name: EncryptionConfigError.name,
        message,
      })
    })
  }
})
