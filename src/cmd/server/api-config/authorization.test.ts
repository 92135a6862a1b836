import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { GivenApiFlags } from '../../../cli/api-flags/flag.ts'
import { ApiFlagValues } from '../../../cli/api-flags/values.ts'
import { systemClock } from '../../../lib/clock.ts'
import { followFile } from '../file-watch.ts'
import { authorizationConfig, authorizationOptions } from './authorization.ts'

const folder = mkdtempSync(join(tmpdir(), 'skiff-authorization-'))
after(() => rmSync(folder, { recursive: true }))

function file(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

const config = (given: GivenApiFlags): ReturnType<typeof authorizationConfig> =>
  authorizationConfig(new ApiFlagValues(given))
const types = (given: GivenApiFlags): string[] => config(given).configuration.authorizers.map(({ type }) => type)
const HEAD = 'apiVersion: apiserver.config.k8s.io/v1\nkind: AuthorizationConfiguration\nauthorizers:\n'

test('a server authorizes as its flags say', () => {
  assert.deepEqual(types({}), ['Node', 'RBAC'])
  assert.deepEqual(types({ 'authorization-mode': ['RBAC,AlwaysDeny'] }), ['RBAC', 'AlwaysDeny'])
  const policies = file('policies', '{"user":"alice"}\n')
  const abac = config({ 'authorization-mode': ['ABAC'], 'authorization-policy-file': [policies] })
  assert.equal(abac.policies?.length, 1)
  const webhook = config({
    'authorization-mode': ['Node,Webhook'],
    'authorization-webhook-config-file': ['/kubeconfig'],
    'authorization-webhook-cache-unauthorized-ttl': ['0s'],
  })
  assert.deepEqual(webhook.configuration.authorizers[1], {
    type: 'Webhook',
    name: 'default',
    webhook: {
      authorizedTtlMs: 300_000,
      unauthorizedTtlMs: 0,
      timeoutMs: 30_000,
      version: 'v1beta1',
      failurePolicy: 'NoOpinion',
      kubeConfigFile: '/kubeconfig',
      matchConditions: [],
    },
  })
  const path = file('config.yaml', `${HEAD}- {type: RBAC, name: rbac}\n`)
  assert.deepEqual(types({ 'authorization-config': [path] }), ['RBAC'])
})

test("flags that cannot be are refused in upstream's words", () => {
  const path = file('config.yaml', `${HEAD}- {type: RBAC, name: rbac}\n`)
  const cases: readonly [GivenApiFlags, string][] = [
    [{ 'authorization-mode': ['Foo'] }, 'authorization-mode "Foo" is not a valid mode'],
    [{ 'authorization-mode': ['ABAC'] }, "authorization-mode ABAC's authorization policy file not passed"],
    [{ 'authorization-mode': ['Webhook'] }, "authorization-mode Webhook's authorization config file not passed"],
    [{ 'authorization-mode': ['RBAC,RBAC'] }, 'authorization-mode ["RBAC" "RBAC"] has mode specified more than once'],
    [
      { 'authorization-mode': ['RBAC'], 'authorization-policy-file': ['/x'] },
      'cannot specify --authorization-policy-file without mode ABAC',
    ],
    [{ 'authorization-policy-file': ['/x'] }, 'cannot specify --authorization-policy-file without mode ABAC'],
    [
      { 'authorization-webhook-config-file': ['/x'] },
      'cannot specify --authorization-webhook-config-file without mode Webhook',
    ],
    [
      { 'authorization-config': [path], 'authorization-mode': ['RBAC'] },
      '--authorization-config can not be specified when --authorization-mode or --authorization-webhook-* flags are defined',
    ],
    [{ 'authorization-config': ['/nonexistent'] }, 'open /nonexistent: no such file or directory'],
    [
      { 'authorization-config': [file('bad.yaml', `${HEAD}- {type: RBAC, name: x}\n`)] },
      'expected name rbac for authorizer RBAC instead of x',
    ],
    [
      {
        'authorization-mode': ['Webhook'],
        'authorization-webhook-config-file': ['/x'],
        'authorization-webhook-version': ['v2'],
      },
      'unsupported webhook authorizer version "v2", supported versions are "v1", "v1beta1"',
    ],
  ]
  for (const [given, message] of cases) assert.throws(() => config(given), { name: 'UserError', message })
})

test('a webhook whose kubeconfig cannot be used, and one that is the server itself, are refused', () => {
  const { connect } = authorizationOptions(config({}), { clock: systemClock, serverId: 'x' })
  const webhook = {
    authorizedTtlMs: 0,
    unauthorizedTtlMs: 0,
    timeoutMs: 1000,
    version: 'v1',
    failurePolicy: 'Deny',
    matchConditions: [],
  } as const
  assert.throws(() => connect?.({ ...webhook, kubeConfigFile: file('kubeconfig', 'a: 1\n') }), { name: 'UserError' })
  assert.throws(() => connect?.({ ...webhook, kubeConfigFile: undefined }), { name: 'UserError' })
})

test('a file is followed while it changes', { timeout: 20_000 }, async () => {
  const path = file('followed', 'one')
  const seen: string[] = []
  const ended = Promise.withResolvers<void>()
  const stop = followFile(path, systemClock, (content) => {
    if (content instanceof Error) return
    seen.push(new TextDecoder().decode(content))
    if (seen.at(-1) === 'two') ended.resolve()
  })
  writeFileSync(path, 'two')
  // The watch does not keep the process alive by itself.
  const alive = setInterval(() => {}, 1000)
  await ended.promise
  clearInterval(alive)
  stop()
})
