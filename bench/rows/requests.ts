import { load } from '../wrk.ts'
import { cpuSeconds, must, residentMb, watch } from '../target.ts'
import type { Row } from './row.ts'
import { CONFIG_MAPS, type Shape, shapes } from './shapes.ts'

/** What the project wants to reach, by shape: requests a second for 32 clients, the median in ms for one. */
const MARKS: Readonly<Record<string, { readonly perSecond?: number; readonly p50Ms?: number }>> = {
  get: { perSecond: 20_000, p50Ms: 0.3 },
  'list 2,000 pods': { perSecond: 300 },
  'create 1 KB': { perSecond: 8000, p50Ms: 0.9 },
}

const AUDITED: readonly string[] = ['get', 'create 1 KB']

/** Each kind of request over HTTPS, from 32 clients and from one, with a native load generator. */
export const requestRows: readonly Row[] = shapes.flatMap((shape) => [rateRow(shape), latencyRow(shape)])

function rateRow(shape: Shape): Row {
  const mark = MARKS[shape.name]?.perSecond
  return {
    name: `${shape.name}, 32 clients`,
    unit: '/s',
    higherIsBetter: true,
    ...(mark !== undefined && { mark }),
    async measure(target, { seconds, note }) {
      await shape.prepare?.(target)
      const result = await load(target, { ...shape, clients: 32, seconds })
      note(`p50 ${result.p50Ms.toFixed(2)} ms, p99 ${result.p99Ms.toFixed(2)} ms`)
      if (result.failures > 0) throw new Error(`${result.failures} requests failed`)
      return result.perSecond
    },
  }
}

function latencyRow(shape: Shape): Row {
  const mark = MARKS[shape.name]?.p50Ms
  return {
    name: `${shape.name}, 1 client, p50`,
    unit: 'ms',
    higherIsBetter: false,
    ...(mark !== undefined && { mark }),
    async measure(target, { seconds, note }) {
      await shape.prepare?.(target)
      const result = await load(target, { ...shape, clients: 1, seconds })
      note(`p99 ${result.p99Ms.toFixed(2)} ms`)
      if (result.failures > 0) throw new Error(`${result.failures} requests failed`)
      return result.p50Ms
    },
  }
}

/** What an audit costs whose policy is RequestResponse for everything. */
export const auditRows: readonly Row[] = shapes.filter(({ name }) => AUDITED.includes(name)).map(auditRow)

function auditRow(shape: Shape): Row {
  return {
    name: `${shape.name}, 32 clients, audit at RequestResponse`,
    unit: '/s',
    higherIsBetter: true,
    audited: true,
    async measure(target, { seconds, note }) {
      await shape.prepare?.(target)
      const before = cpuSeconds(target.pids())
      const result = await load(target, { ...shape, clients: 32, seconds })
      const micros = ((cpuSeconds(target.pids()) - before) * 1e6) / result.requests
      note(`${micros.toFixed(0)} us of processor time each; p99 ${result.p99Ms.toFixed(2)} ms`)
      if (result.failures > 0) throw new Error(`${result.failures} requests failed`)
      return result.perSecond
    },
  }
}

/** All that went before is still there: the last row of a target. */
export const memoryRow: Row = {
  name: 'memory after all rows',
  unit: 'MB',
  higherIsBetter: false,
  measure: (target) => Promise.resolve(residentMb(target.pids())),
}

const WATCHERS = 100
const WRITES = 200

/** From a write's request to its event at each of many watchers. */
export const watchRow: Row = {
  name: `write to ${WATCHERS} watchers, p99`,
  unit: 'ms',
  higherIsBetter: false,
  async measure(target) {
    const sentMs = new Map<string, number>()
    const delays: number[] = []
    const onLine = (line: string): void => {
      const seen = performance.now()
      const value = /"n":"w-(\d+)"/.exec(line)?.[1]
      const sent = value === undefined ? undefined : sentMs.get(value)
      if (sent !== undefined) delays.push(seen - sent)
    }
    const path = `${CONFIG_MAPS}?watch=true&fieldSelector=metadata.name%3Dwatched`
    await must(target, 'POST', CONFIG_MAPS, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'watched' } })
    const ends = await Promise.all(Array.from({ length: WATCHERS }, () => watch(target, path, onLine)))
    for (let i = 0; i < WRITES; i++) {
      sentMs.set(String(i), performance.now())
      await must(target, 'PATCH', `${CONFIG_MAPS}/watched`, { data: { n: `w-${i}` } }, 'application/merge-patch+json')
    }
    await new Promise((resolve) => setTimeout(resolve, 500))
    for (const end of ends) end()
    if (delays.length < WATCHERS * WRITES * 0.99)
      throw new Error(`only ${delays.length} of ${WATCHERS * WRITES} events arrived`)
    return delays.toSorted((a, b) => a - b)[Math.floor(delays.length * 0.99)] ?? NaN
  },
}
