/**
 * How long a cluster inside a test takes to start and to stop, what it leaves behind, and how fast virtual time passes.
 *   npm run bench … runs all benches; this one alone: scripts/run-script.sh bench/testing.ts [how many clusters]
 */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { startCluster, type ClusterOptions } from '../src/testing/index.ts'

const count = Number(process.argv[2] ?? 30)
setFlagsFromString('--expose-gc')
const gc = runInNewContext('gc') as () => void

await oneByOne('first', { time: 'real' }, 1)
await oneByOne('real time, 1 node', { time: 'real' }, count)
await oneByOne('virtual time, 1 node', { time: 'virtual' }, count)
await oneByOne('virtual time, 3 nodes', { time: 'virtual', nodes: 3 }, count)
await longTime('30d')

async function oneByOne(name: string, options: ClusterOptions, times: number): Promise<void> {
  const starts: number[] = []
  const stops: number[] = []
  const before = heapMiB()
  for (let i = 0; i < times; i++) {
    const began = performance.now()
    const cluster = await startCluster(options)
    const started = performance.now()
    await cluster.stop()
    starts.push(started - began)
    stops.push(performance.now() - started)
  }
  const kept = ((heapMiB() - before) * 1024) / times
  console.log(`${name}: start ${quantiles(starts)}, stop ${quantiles(stops)}; kept per cluster ${kept.toFixed(0)} KiB`)
}

async function longTime(duration: string): Promise<void> {
  await using cluster = await startCluster({ time: 'virtual', nodes: 3 })
  const began = performance.now()
  await cluster.advance(duration)
  console.log(`advance(${duration}), 3 idle nodes: ${(performance.now() - began).toFixed(0)} ms`)
}

function heapMiB(): number {
  gc()
  return process.memoryUsage().heapUsed / 2 ** 20
}

function quantiles(samples: readonly number[]): string {
  const sorted = samples.toSorted((a, b) => a - b)
  const at = (share: number): string => (sorted[Math.floor((sorted.length - 1) * share)] ?? 0).toFixed(0)
  return `p50 ${at(0.5)} ms, p90 ${at(0.9)} ms`
}
