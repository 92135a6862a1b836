import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Secret } from '../../api/generated/types/core/v1.ts'
import { configMaps, secrets, serviceAccounts } from '../../api/index.ts'
import type { Frozen } from '../../apimachinery/meta.ts'
import { startBench } from '../testing/bench.suite.ts'
import { legacyServiceAccountTokenCleaner } from './controller.ts'

const DAY_MS = 86_400_000

test('of two tokens that nobody uses, the one that was made by itself is refused after a time, and gone after another', async () => {
  const bench = await startBench([legacyServiceAccountTokenCleaner({ periodMs: DAY_MS / 24 })])
  await bench.client(configMaps).create({
    metadata: { namespace: 'kube-system', name: 'kube-apiserver-legacy-service-account-token-tracking' },
    data: { since: '2025-12-01' },
  })
  const account = { namespace: 'default', name: 'app' }
  await bench.client(serviceAccounts).create({ metadata: account, secrets: [{ name: 'generated' }] })
  for (const name of ['generated', 'manual']) {
    await bench.client(secrets).create({
      metadata: { namespace: 'default', name, annotations: { 'kubernetes.io/service-account.name': 'app' } },
      type: 'kubernetes.io/service-account-token',
    })
  }
  await bench.settle()
  const days: string[] = []
  for (let day = 0; day < 4; day++) {
    days.push((await bench.client(secrets).list({ namespace: 'default' })).items.map(shown).join(' '))
    await bench.advance(DAY_MS)
  }
  assert.deepEqual(days, ['generated manual', 'generated:2026-01-02 manual', 'generated:2026-01-02 manual', 'manual'])
  await bench.stop()
})

function shown({ metadata: { name, labels } }: Frozen<Secret>): string {
  const since = labels?.['kubernetes.io/legacy-token-invalid-since']
  return since === undefined ? `${name}` : `${name}:${since}`
}
