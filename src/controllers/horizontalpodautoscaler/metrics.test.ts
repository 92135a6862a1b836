import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { Transport } from '../../client/transport.ts'
import { startBench } from '../testing/bench.suite.ts'
import { MetricsReader } from './metrics.ts'

const ANSWERS: Readonly<Record<string, unknown>> = {
  '/apis/custom.metrics.k8s.io': { versions: [{ version: 'v1beta1' }, { version: 'v1beta2' }] },
}

it('what an autoscaler names stays one part of the path that is asked for', async (t) => {
  const bench = await startBench([])
  t.after(() => bench.stop())
  const asked: string[] = []
  const transport: Transport = {
    async request(request) {
      if (!request.path.startsWith('/apis/custom.metrics.k8s.io')) return bench.client.transport.request(request)
      asked.push(request.path)
      const body = ANSWERS[request.path] ?? { items: [{ describedObject: { name: 'n' }, timestamp: '', value: '2' }] }
      return { status: 200, headers: {}, body }
    },
  }
  const reader = new MetricsReader(transport, new AbortController().signal)
  const about = { apiVersion: 'v1', kind: 'Service', name: 'web?labelSelector=a#b' }
  assert.equal(await reader.object({ name: 'hits?x' }, 'default', about), 2000)
  assert.equal(
    asked.at(-1),
    '/apis/custom.metrics.k8s.io/v1beta2/namespaces/default/services/web%3FlabelSelector%3Da%23b/hits%3Fx',
  )
})
