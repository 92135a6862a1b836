/**
 * How fast a store is by itself, without an API server: `bench/store.ts [--store lmdb|memory] [--keys 150000]
 * [--value-bytes 1024] [--seconds 3]`. Commits are durable; the folder is made where TMPDIR says, and removed.
 */
import { readFileSync } from 'node:fs'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { systemClock } from '../src/lib/clock.ts'
import { seededRandom } from '../src/lib/random.ts'
import { LmdbStore } from '../src/store/lmdb/store.ts'
import { MemoryStore } from '../src/store/memory/store.ts'
import type { Store } from '../src/store/store.ts'

/** Durations in ms of the operations of one measurement, and how long they took together. */
interface Times {
  readonly each: number[]
  readonly totalMs: number
}

const { values: flags } = parseArgs({
  options: {
    store: { type: 'string', default: 'lmdb' },
    keys: { type: 'string', default: '150000' },
    'value-bytes': { type: 'string', default: '1024' },
    seconds: { type: 'string', default: '3' },
  },
})
const KEYS = Number(flags.keys)
const SECONDS = Number(flags.seconds)
const NAMESPACES = 75
/** So that the list of durations stays small beside what is measured. */
const MAX_REPEATS = 500_000
const value = new Uint8Array(Number(flags['value-bytes'])).fill(65)
const random = seededRandom(1)

const path = await mkdtemp(join(tmpdir(), 'skiff-bench-store-'))
let store = await open()
try {
  await row(`create ${KEYS}, 256 clients`, () => clients(256, KEYS, (i) => write(keyOf(i))))
  await row('update, 1 client', () => clients(1, Infinity, () => write(anyKey())))
  await row('update, 32 clients', () => clients(32, Infinity, () => write(anyKey())))
  await row('update, 32 clients, 100 watches', () =>
    withWatches(100, () => clients(32, Infinity, () => write(anyKey()))),
  )
  await row('compare and write one key, 32 clients', () => clients(32, Infinity, increment))
  await row('delete and create, 32 clients', () => clients(32, Infinity, () => replace(anyKey())))
  reportMemory()
  await row('get', () => repeat(() => store.get(anyKey())))
  await row(`range of ${Math.round(KEYS / NAMESPACES)}`, () => repeat(() => store.range(`/registry/pods/ns-7/`)))
  await row('first 500 of all', () => repeat(() => store.range('/registry/pods/', { limit: 500 })))
  await row('count all', () => repeat(() => store.count('/registry/pods/')))
  await row('watch all kept history', replay)
  if (store instanceof LmdbStore) await lmdbRows(store)
} finally {
  await store.close()
  await rm(path, { recursive: true })
}

async function lmdbRows(lmdb: LmdbStore): Promise<void> {
  await row('snapshot', () => once(() => lmdb.snapshot(join(path, 'snapshot'))))
  await lmdb.close()
  await row('open', () => once(async () => void (store = await open())))
  console.log(`on disk ${mb((await stat(join(path, 'store/data.mdb'))).size)}`)
}

async function open(): Promise<Store> {
  if (flags.store === 'memory') return new MemoryStore({ clock: systemClock })
  return LmdbStore.open({ path: join(path, 'store'), clock: systemClock })
}

async function row(name: string, measure: () => Promise<Times>): Promise<void> {
  const cpuBefore = process.cpuUsage()
  const { each, totalMs } = await measure()
  const cpu = process.cpuUsage(cpuBefore)
  each.sort((a, b) => a - b)
  const at = (share: number): string => (each[Math.floor((each.length - 1) * share)] ?? NaN).toFixed(3)
  const perSecond = String(Math.round((each.length / totalMs) * 1000)).padStart(8)
  const cores = ((cpu.user + cpu.system) / 1000 / totalMs).toFixed(2)
  console.log(`${name.padEnd(40)} ${perSecond}/s  p50 ${at(0.5)} ms  p99 ${at(0.99)} ms  ${cores} cores`)
}

/** `count` loops side by side, until `limit` operations are begun or, when there is none, the time is over. */
async function clients(count: number, limit: number, operation: (i: number) => Promise<unknown>): Promise<Times> {
  const each: number[] = []
  const start = performance.now()
  let begun = 0
  const client = async (): Promise<void> => {
    while (begun < limit && (limit < Infinity || performance.now() - start < SECONDS * 1000)) {
      const from = performance.now()
      await operation(begun++)
      each.push(performance.now() - from)
    }
  }
  await Promise.all(Array.from({ length: count }, client))
  return { each, totalMs: performance.now() - start }
}

/** One after another, with a turn of the event loop now and then. */
async function repeat(operation: () => unknown): Promise<Times> {
  const each: number[] = []
  const end = performance.now() + SECONDS * 1000
  for (let now = performance.now(); now < end && each.length < MAX_REPEATS; now = performance.now()) {
    for (let i = 0; i < 100; i++) {
      await operation()
      const then = now
      now = performance.now()
      each.push(now - then)
    }
    await new Promise(setImmediate)
  }
  return { each, totalMs: each.reduce((sum, ms) => sum + ms, 0) }
}

async function once(operation: () => Promise<void>): Promise<Times> {
  const start = performance.now()
  await operation()
  const totalMs = performance.now() - start
  return { each: [totalMs], totalMs }
}

async function withWatches(count: number, measure: () => Promise<Times>): Promise<Times> {
  const sink = { onEvents() {}, onError: (error: Error) => console.error(error) }
  const cancels = Array.from({ length: count }, (_, i) => store.watch(`/registry/pods/ns-${i}/`, store.revision, sink))
  const times = await measure()
  for (const cancel of cancels) cancel()
  return times
}

/** Each event counts as one operation, over as soon as it comes. */
function replay(): Promise<Times> {
  const { promise, resolve, reject } = Promise.withResolvers<Times>()
  const start = performance.now()
  const each: number[] = []
  store.watch('/', store.compactRevision, {
    onEvents(events) {
      for (const _ of events) each.push(performance.now() - start)
    },
    onCaughtUp: () => resolve({ each, totalMs: performance.now() - start }),
    onError: reject,
  })
  return promise
}

async function write(key: string): Promise<void> {
  const result = await store.write({ key, value })
  if (!result.ok) throw new Error(`write ${key}`)
}

async function increment(): Promise<void> {
  const current = await store.get('/registry/counter')
  await store.write({ key: '/registry/counter', value, expect: current?.modRevision ?? 0 })
}

async function replace(key: string): Promise<void> {
  await store.write({ key, value: null })
  await store.write({ key, value })
}

function reportMemory(): void {
  globalThis.gc?.()
  const { rss, heapUsed, external } = process.memoryUsage()
  const anonymous = Number(/RssAnon:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? 0) * 1024
  console.log(`memory: heap ${mb(heapUsed)}, external ${mb(external)}, anonymous ${mb(anonymous)}, resident ${mb(rss)}`)
}

function keyOf(i: number): string {
  return `/registry/pods/ns-${i % NAMESPACES}/pod-abcdefgh-${String(i).padStart(8, '0')}`
}

function anyKey(): string {
  return keyOf(Math.floor(random.next() * KEYS))
}

function mb(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(0)} MB`
}
