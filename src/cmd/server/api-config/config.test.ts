import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { VirtualClock } from '../../../lib/clock.ts'
import { checkApiConfig } from './config.ts'

const folder = mkdtempSync(join(tmpdir(), 'skiff-config-'))
after(() => rmSync(folder, { recursive: true }))

test('a kubeconfig that cannot be used is refused with the other flags, before anything begins', () => {
  const bad = join(folder, 'kubeconfig')
  writeFileSync(bad, 'apiVersion: v1\nkind: Pod\n')
  const check = (flags: Readonly<Record<string, string>>) => (): void =>
    checkApiConfig(
      Object.fromEntries(Object.entries(flags).map(([flag, value]) => [flag, [value]])),
      new VirtualClock(),
    )
  const refused = { name: 'UserError', message: /no current context/ }
  assert.throws(check({ 'authentication-token-webhook-config-file': bad }), refused)
  assert.throws(check({ 'audit-webhook-config-file': bad }), refused)
  assert.throws(check({ 'authorization-mode': 'Webhook', 'authorization-webhook-config-file': bad }), refused)
  check({})()
})

test('who signs the tokens of the cluster, by its domain, may not be another issuer', () => {
  const given = { 'oidc-issuer-url': ['https://kubernetes.default.svc.example.org'], 'oidc-client-id': ['a'] }
  const check = (domain?: string) => (): void => checkApiConfig(given, new VirtualClock(), domain)
  assert.throws(check('example.org'), /URL must not overlap with disallowed issuers/)
  check()()
})
