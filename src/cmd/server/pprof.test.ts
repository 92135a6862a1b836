import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { systemClock } from '../../lib/clock.ts'
import { cpuProfile, heapProfile } from './pprof.ts'
import { processProfiler } from './profiler.ts'

const frame = (functionName: string, lineNumber: number) => ({
  functionName,
  scriptId: '1',
  url: 'file:///a.ts',
  lineNumber,
  columnNumber: 0,
})

test('a call tree becomes samples with their stacks, innermost first; idling is no work', () => {
  const bytes = cpuProfile({
    nodes: [
      { id: 1, callFrame: frame('(root)', -1), children: [2, 4] },
      { id: 2, callFrame: frame('outer', 9), children: [3] },
      { id: 3, callFrame: frame('inner', 19) },
      { id: 4, callFrame: frame('(idle)', -1) },
    ],
    startTime: 0,
    endTime: 4000,
    samples: [3, 3, 4, 2],
    timeDeltas: [1000, 1000, 1000, 1000],
  })
  const text = Buffer.from(bytes).toString('latin1')
  for (const name of ['outer', 'inner', 'file:///a.ts', 'cpu', 'nanoseconds']) assert.ok(text.includes(name), name)
  // Sample {locationId: [inner, outer], value: [2, 2000000]}, packed.
  const inner = Buffer.from([0x12, 0x0a, 0x0a, 0x02, 0x02, 0x01, 0x12, 0x04, 0x02, 0x80, 0x89, 0x7a])
  assert.ok(Buffer.from(bytes).includes(inner.subarray(2)), 'inner was called by outer, twice, for 2 ms')
})

test('a heap becomes the bytes that each function holds', () => {
  const head = {
    callFrame: frame('(root)', -1),
    selfSize: 0,
    children: [{ callFrame: frame('fill', 4), selfSize: 300, children: [] }],
  }
  const text = Buffer.from(heapProfile({ head })).toString('latin1')
  for (const name of ['fill', 'inuse_space', 'bytes']) assert.ok(text.includes(name), name)
})

test('this process is profiled, by one at a time', async () => {
  const profiler = processProfiler(systemClock)
  const { signal } = new AbortController()
  const first = profiler.cpu(0.05, signal)
  await assert.rejects(profiler.cpu(0.05, signal), /cpu profiling already in use/)
  assert.ok(gunzipSync(await first).length > 100)
  assert.ok(gunzipSync(await profiler.heap()).length > 10)
  assert.ok((await profiler.cpu(0.01, signal)).length > 0, 'free again')
})
