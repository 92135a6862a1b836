import assert from 'node:assert/strict'
import test from 'node:test'
import { namespaces, secrets, serviceAccounts } from '../../api/index.ts'
import { serviceAccountController } from '../serviceaccount/controller.ts'
import { startBench } from '../testing/bench.suite.ts'
import { tokenSecretController } from './controller.ts'

test('only namespaces that ask for it get token Secrets, one for each account', async () => {
  const bench = await startBench([serviceAccountController, tokenSecretController])
  const annotations = { 'skiff.dev/service-account-token-secrets': 'true' }
  await bench.client(namespaces).create({ metadata: { name: 'old', annotations }, spec: {} })
  await bench.client(namespaces).create({ metadata: { name: 'new' }, spec: {} })
  await bench.settle()
  const [secret, ...more] = (await bench.client(secrets).list({ namespace: 'old' })).items
  assert.equal(more.length, 0)
  assert.equal(secret?.metadata.annotations?.['kubernetes.io/service-account.name'], 'default')
  assert.deepEqual((await bench.client(serviceAccounts).get('old/default')).secrets, [{ name: secret?.metadata.name }])
  assert.equal((await bench.client(serviceAccounts).get('new/default')).secrets, undefined)
  await bench.stop()
})
