import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'

const SECRET = Buffer.from('0123456789abcdef0123456789abcdef').toString('base64')
const SECRET_TWO = Buffer.from('fedcba9876543210').toString('base64')

/** Providers as a configuration names them. */
export const KEYS = {
  secretbox: `secretbox: {keys: [{name: one, secret: ${SECRET}}]}`,
  aescbc: `aescbc: {keys: [{name: one, secret: ${SECRET}}]}`,
  aesgcm: `aesgcm: {keys: [{name: one, secret: ${SECRET}}]}`,
  /** Writes with the second key, reads what the first wrote. */
  aesgcmTwo: `aesgcm: {keys: [{name: two, secret: ${SECRET_TWO}}, {name: one, secret: ${SECRET}}]}`,
}

/** What must not be found. */
export const CANARY = 'a canary that sings in no file'

/** How often it is there, as it is or in base64. */
export function canaryCount(bytes: Buffer): number {
  const forms = [CANARY, Buffer.from(CANARY).toString('base64')]
  return forms.filter((form) => bytes.includes(form)).length
}

/** An EncryptionConfiguration of one entry. */
export function configOf(resources: readonly string[], providers: readonly string[]): string {
  return [
    'apiVersion: apiserver.config.k8s.io/v1',
    'kind: EncryptionConfiguration',
    'resources:',
    `- resources: ${JSON.stringify(resources)}`,
    '  providers:',
    ...providers.map((provider) => `  - ${provider}`),
    '',
  ].join('\n')
}

/** A file that says so, until the test is over. */
export function encryptionFile(t: TestContext, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'encryption-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'config.yaml')
  writeFileSync(file, text)
  return file
}
