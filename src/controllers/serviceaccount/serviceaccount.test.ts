import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { configMaps, namespaces, secrets, serviceAccounts } from '../../api/index.ts'
import { hasReason } from '../../apimachinery/status.ts'
import { rootCaCertPublisher } from '../rootcacertpublisher/controller.ts'
import { serviceAccountTokenController } from '../serviceaccounttoken/controller.ts'
import { startBench, type ControllerBench } from '../testing/bench.suite.ts'
import { serviceAccountController } from './controller.ts'

const tokens = serviceAccountTokenController({ rootCa: 'CA', sign: async (claims) => `signed ${claims['sub']}` })

async function start(): Promise<ControllerBench> {
  const bench = await startBench([serviceAccountController, rootCaCertPublisher('CA'), tokens])
  await bench.client(namespaces).create({ metadata: { name: 'a' }, spec: {} })
  await bench.settle()
  return bench
}

describe('service accounts', () => {
  it('get a default one in each namespace, again and again', async () => {
    const bench = await start()
    const { metadata } = await bench.client(serviceAccounts).get('a/default')
    await bench.client(serviceAccounts).delete('a/default')
    await bench.settle()
    const again = await bench.client(serviceAccounts).get('a/default')
    assert.notEqual(again.metadata.uid, metadata.uid)
    await bench.stop()
  })

  it('find the CA in each namespace, put right when somebody changes it', async () => {
    const bench = await start()
    const map = await bench.client(configMaps).get('a/kube-root-ca.crt')
    assert.deepEqual(map.data, { 'ca.crt': 'CA' })
    await bench.client(configMaps).update({ ...map, data: { 'ca.crt': 'forged', more: 'x' } })
    await bench.settle()
    assert.deepEqual((await bench.client(configMaps).get('a/kube-root-ca.crt')).data, { 'ca.crt': 'CA' })
    await bench.client(configMaps).delete('a/kube-root-ca.crt')
    await bench.settle()
    assert.ok(await bench.client(configMaps).get('a/kube-root-ca.crt'))
    await bench.stop()
  })

  it('get tokens in Secrets that ask for them, until they go', async () => {
    const bench = await start()
    const annotations = { 'kubernetes.io/service-account.name': 'default' }
    const type = 'kubernetes.io/service-account-token'
    await bench.client(secrets).create({ metadata: { name: 't', namespace: 'a', annotations }, type })
    await bench.client(secrets).create({ metadata: { name: 'plain', namespace: 'a', annotations } })
    await bench.settle()
    const { data, metadata } = await bench.client(secrets).get('a/t')
    assert.equal(atob(data?.['token'] ?? ''), 'signed system:serviceaccount:a:default')
    assert.deepEqual(
      [data?.['ca.crt'], data?.['namespace']].map((text) => atob(text ?? '')),
      ['CA', 'a'],
    )
    const account = await bench.client(serviceAccounts).get('a/default')
    assert.equal(metadata.annotations?.['kubernetes.io/service-account.uid'], account.metadata.uid)
    await bench.client(serviceAccounts).delete('a/default')
    await bench.settle()
    await assert.rejects(bench.client(secrets).get('a/t'), (error) => hasReason(error, 'NotFound'))
    assert.equal((await bench.client(secrets).get('a/plain')).data, undefined)
    await bench.stop()
  })
})
