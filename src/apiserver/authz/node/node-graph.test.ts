import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pods } from '../../../api/core/v1/pod.ts'
import { VirtualClock } from '../../../lib/clock.ts'
import { silentLogger } from '../../../lib/log.ts'
import { seededRandom } from '../../../lib/random.ts'
import { MemoryStore } from '../../../store/memory/store.ts'
import { NodeGraph } from './node-graph.ts'

test('questions that come together all know of a pod that was stored before them', async () => {
  const clock = new VirtualClock()
  const store = new MemoryStore({ clock })
  const graph = new NodeGraph(store, { clock, random: seededRandom(1), log: silentLogger })
  const ask = (kind: 'configmaps' | 'secrets', name: string): Promise<boolean> =>
    graph.hasReference('n1', kind, 'default', name)
  assert.equal(await ask('configmaps', 'cm'), false)
  const pod = {
    metadata: { name: 'web', namespace: 'default', uid: 'u1' },
    spec: {
      nodeName: 'n1',
      containers: [],
      volumes: [
        { name: 'a', configMap: { name: 'cm' } },
        { name: 'b', secret: { secretName: 'sec' } },
      ],
    },
  }
  await store.write({ key: `${pods.storagePrefix}/default/web`, value: new TextEncoder().encode(JSON.stringify(pod)) })
  assert.deepEqual(await Promise.all([ask('secrets', 'sec'), ask('configmaps', 'cm'), ask('secrets', 'other')]), [
    true,
    true,
    false,
  ])
  graph.stop()
})
