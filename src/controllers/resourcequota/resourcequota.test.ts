import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { ResourceQuota } from '../../api/generated/types/core/v1.ts'
import { configMaps, pods, resourceQuotas } from '../../api/index.ts'
import { startBench } from '../testing/bench.suite.ts'
import { resourceQuotaController } from './controller.ts'

it('quotas tell what is used, and follow it', async () => {
  const bench = await startBench([resourceQuotaController()])
  const hard = { pods: '10', 'requests.cpu': '2', 'count/configmaps': '5', 'count/nothings.example.com': '1' }
  await bench.client(resourceQuotas).create({ metadata: { name: 'q', namespace: 'a' }, spec: { hard } })
  await bench.client(resourceQuotas).create({
    metadata: { name: 'best-effort', namespace: 'a' },
    spec: { hard: { pods: '3' }, scopes: ['BestEffort'] },
  })
  const used = async (name = 'q') => (await bench.client(resourceQuotas).get(`a/${name}`)).status?.used
  await bench.advance(200)
  assert.deepEqual(await used(), {
    pods: '0',
    'requests.cpu': '0',
    'count/configmaps': '0',
    'count/nothings.example.com': '0',
  })
  // Until then what nobody charged is looked for.
  await bench.advance(100_000)
  const resources = { requests: { cpu: '500m' } }
  for (const name of ['one', 'two', 'three'])
    await bench
      .client(pods)
      .create({ metadata: { name, namespace: 'a' }, spec: { containers: [{ name: 'c', image: 'i', resources }] } })
  await bench
    .client(pods)
    .create({ metadata: { name: 'elsewhere', namespace: 'b' }, spec: { containers: [{ name: 'c', image: 'i' }] } })
  await bench.client(configMaps).create({ metadata: { name: 'm', namespace: 'a' } })
  await bench.advance(400)
  assert.equal((await used())?.['pods'], '0', 'what is created is for admission to charge')
  await bench.advance(5 * 60_000)
  assert.deepEqual(await used(), {
    pods: '3',
    'requests.cpu': '1500m',
    'count/configmaps': '1',
    'count/nothings.example.com': '0',
  })
  assert.deepEqual(await used('best-effort'), { pods: '0' })
  await bench.setPod(await bench.client(pods).get('a/one'), { phase: 'Succeeded' })
  await bench.client(pods).delete('a/two')
  await bench.client(configMaps).delete('a/m')
  await bench.advance(400)
  assert.deepEqual(await used(), {
    pods: '1',
    'requests.cpu': '500m',
    'count/configmaps': '0',
    'count/nothings.example.com': '0',
  })
  const quota = await bench.client(resourceQuotas).get('a/q')
  await bench.client(resourceQuotas).update({ ...quota, spec: { hard: { pods: '1' } } } as ResourceQuota)
  await bench.advance(200)
  assert.deepEqual((await bench.client(resourceQuotas).get('a/q')).status, { hard: { pods: '1' }, used: { pods: '1' } })
  await bench.stop()
})

const asks = (name: string, more: object = {}) => ({
  metadata: { name, namespace: 'a', ...more },
  spec: { containers: [{ name: 'c', image: 'i' }] },
})

it('another scope selector counts other pods; so does a name that was not limited', async () => {
  const bench = await startBench([resourceQuotaController()])
  const scopeSelector = (operator: string) => ({ matchExpressions: [{ scopeName: 'PriorityClass', operator }] })
  for (const name of ['one', 'two']) await bench.client(pods).create(asks(name))
  const spec = { hard: { pods: '10' }, scopeSelector: scopeSelector('DoesNotExist') }
  const quota = { metadata: { name: 'q', namespace: 'a' }, spec } as ResourceQuota
  await bench.client(resourceQuotas).create(quota)
  await bench.advance(200)
  const used = async () => (await bench.client(resourceQuotas).get('a/q')).status?.used
  assert.deepEqual(await used(), { pods: '2' })
  await bench.client(resourceQuotas).patch('a/q', 'merge', { spec: { scopeSelector: scopeSelector('Exists') } })
  await bench.advance(200)
  assert.deepEqual(await used(), { pods: '0' })
  const both = { hard: { pods: '10', 'count/pods': '5' }, scopeSelector: scopeSelector('DoesNotExist') }
  await bench.client(resourceQuotas).patch('a/q', 'merge', { spec: both })
  await bench.advance(200)
  assert.deepEqual(await used(), { pods: '2', 'count/pods': '2' })
  await bench.stop()
})

it('a pod whose time to end is over is taken off once', async () => {
  const bench = await startBench([resourceQuotaController()])
  for (const name of ['stuck', 'other']) await bench.client(pods).create(asks(name, { finalizers: ['example.com/x'] }))
  const hard = { pods: '10', 'count/pods': '10' }
  await bench.client(resourceQuotas).create({ metadata: { name: 'q', namespace: 'a' }, spec: { hard } })
  await bench.advance(200)
  const used = async () => (await bench.client(resourceQuotas).get('a/q')).status?.used
  await bench.client(pods).delete('a/stuck', { gracePeriodSeconds: 5 })
  await bench.advance(1000)
  assert.deepEqual(await used(), { pods: '2', 'count/pods': '2' })
  await bench.advance(6 * 60_000)
  assert.deepEqual(await used(), { pods: '1', 'count/pods': '2' })
  await bench.client(pods).patch('a/stuck', 'merge', { metadata: { finalizers: null } })
  await bench.advance(1000)
  assert.deepEqual(await used(), { pods: '1', 'count/pods': '1' })
  await bench.stop()
})
