import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { Job } from '../../api/generated/types/batch/v1.ts'
import { jobs, pods } from '../../api/index.ts'
import { garbageCollector } from '../garbagecollector/controller.ts'
import { jobController } from '../job/controller.ts'
import { startBench } from '../testing/bench.suite.ts'
import { ttlAfterFinishedController } from './controller.ts'

const job = (name: string, ttlSecondsAfterFinished?: number): Job => ({
  metadata: { name, namespace: 'default' },
  spec: {
    template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'i' }] } },
    ...(ttlSecondsAfterFinished !== undefined && { ttlSecondsAfterFinished }),
  },
})

it('finished jobs go after their time, with their pods; others stay', async () => {
  const bench = await startBench([ttlAfterFinishedController, jobController(), garbageCollector()])
  for (const made of [job('soon', 10), job('later', 100), job('never')]) await bench.client(jobs).create(made)
  await bench.client(jobs).create(job('running', 0))
  await bench.advance(1000)
  for (const pod of (await bench.client(pods).list()).items)
    if (!pod.metadata.name?.startsWith('running')) await bench.setPod(pod, { phase: 'Succeeded' })
  await bench.advance(9000)
  const names = async () => (await bench.client(jobs).list()).items.map(({ metadata }) => metadata.name)
  assert.deepEqual(await names(), ['later', 'never', 'running', 'soon'])
  await bench.advance(3000)
  assert.deepEqual(await names(), ['later', 'never', 'running'])
  assert.equal((await bench.client(pods).list()).items.length, 3)
  await bench.advance(100_000)
  assert.deepEqual(await names(), ['never', 'running'])
  await bench.stop()
})
