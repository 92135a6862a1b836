import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ClusterSettings } from '../../host/cluster/settings.ts'
import { EXIT, UserError } from '../../host/user-error.ts'
import { runCli } from '../testing/test-cli.ts'
import { checkFlags, demandSame } from './check-flags.ts'

const SETTINGS: ClusterSettings = {
  name: 'dev',
  apiPort: 6443,
  podCidr: '10.244.0.0/16',
  serviceCidr: '10.96.0.0/16',
  clusterDomain: 'cluster.local',
  nodeName: 'box',
  nodes: 1,
  runtime: 'simulated',
  apiFlags: { 'audit-policy-file': ['/gone'], 'max-requests-inflight': ['7'] },
}

test('flags that a server could not start with are refused in its words, with what to do', async () => {
  const given: object[] = []
  const context = {
    checkApiFlags(flags: object) {
      given.push(flags)
      return Promise.reject(new UserError('no such policy', { hints: ['write one'], exitCode: EXIT.usage }))
    },
  } as unknown as Parameters<typeof checkFlags>[0]
  const refused = async (saved?: ClusterSettings): Promise<readonly string[]> => {
    const error = await checkFlags(context, SETTINGS, saved).catch((thrown: unknown) => thrown)
    assert.ok(error instanceof UserError)
    assert.equal(error.message, 'no such policy')
    assert.equal(error.exitCode, EXIT.usage)
    return error.hints
  }
  const now = ['write one', 'nothing was started or changed; what each flag takes: skiff server --help']
  assert.deepEqual(await refused(), now)
  assert.deepEqual(await refused({ ...SETTINGS, apiFlags: { 'audit-policy-file': ['/gone'] } }), [
    ...now,
    'the cluster remembers flags of the last time; any of these forgets one: --audit-policy-file=',
  ])
  assert.deepEqual(given, [SETTINGS.apiFlags, SETTINGS.apiFlags])
  await checkFlags(context, { ...SETTINGS, apiFlags: {} }, undefined)
})

test('a cluster that runs is not said to be up with flags that it was not started with', () => {
  demandSame(SETTINGS, { ...SETTINGS })
  const saved = { ...SETTINGS, nodes: 3, apiFlags: { 'audit-policy-file': ['/gone'] } }
  assert.throws(() => demandSame(SETTINGS, saved), {
    message: 'cluster "dev" is running already, without the new --nodes, --max-requests-inflight',
    hints: ['stop it, which keeps its state, and start it with them: skiff down --name dev'],
    exitCode: EXIT.usage,
  })
})

test('what is nearly a flag of a command is suggested', async () => {
  const { err } = await runCli('/nowhere', 'up', '--timeou', '3s')
  assert.match(err, /unknown option '--timeou'\n\(Did you mean --timeout\?\)\n\(add --help/)
})
