import { load } from '../wrk.ts'
import { benchPod } from '../objects.ts'
import { must, send, watch, type Target } from '../target.ts'
import type { Row, RowContext } from './row.ts'

const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps'
const PODS = '/api/v1/namespaces/default/pods'
const LISTED_PODS = 2000

/** Creates, gets, lists, patches over HTTPS with a native load generator. */
export const requestRows: readonly Row[] = [
  rate('create 1 KB, durable, 32 clients', 4000, { clients: 32, path: CONFIG_MAPS, script: 'create' }),
  latency('create 1 KB, durable, 1 client, p50', 0.9, { clients: 1, path: CONFIG_MAPS, script: 'create' }),
  rate('get, 32 clients', 12_000, { clients: 32, path: `${CONFIG_MAPS}/patched-0` }, makePatched),
  latency('get, 1 client, p50', 0.3, { clients: 1, path: `${CONFIG_MAPS}/patched-0` }, makePatched),
  rate('merge patch, 32 clients', undefined, { clients: 32, path: CONFIG_MAPS, script: 'patch' }, makePatched),
  rate('list 2,000 pods, 32 clients', 200, { clients: 32, path: PODS }, makePods),
]

interface LoadShape {
  readonly clients: number
  readonly path: string
  readonly script?: string
}

function rate(
  name: string,
  mark: number | undefined,
  shape: LoadShape,
  prepare?: (target: Target) => Promise<void>,
): Row {
  return {
    name,
    unit: '/s',
    higherIsBetter: true,
    ...(mark !== undefined && { mark }),
    measure: async (target, context) => (await run(target, context, shape, prepare)).perSecond,
  }
}

function latency(name: string, mark: number, shape: LoadShape, prepare?: (target: Target) => Promise<void>): Row {
  return {
    name,
    unit: 'ms',
    higherIsBetter: false,
    mark,
    measure: async (target, context) => (await run(target, context, shape, prepare)).p50Ms,
  }
}

async function run(
  target: Target,
  context: RowContext,
  shape: LoadShape,
  prepare?: (target: Target) => Promise<void>,
): Promise<Awaited<ReturnType<typeof load>>> {
  await prepare?.(target)
  const result = await load(target, { ...shape, seconds: context.seconds })
  context.note(`p50 ${result.p50Ms.toFixed(2)} ms, p99 ${result.p99Ms.toFixed(2)} ms`)
  if (result.failures > 0) throw new Error(`${result.failures} requests failed`)
  return result
}

/** Makes what is read and patched, unless an earlier row has. */
async function makePatched(target: Target): Promise<void> {
  if ((await send(target, 'GET', `${CONFIG_MAPS}/patched-31`)).status === 200) return
  for (let i = 0; i < 32; i++) {
    await must(target, 'POST', CONFIG_MAPS, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: `patched-${i}` },
      data: { text: 'x'.repeat(700) },
    })
  }
}

async function makePods(target: Target): Promise<void> {
  for (let i = 0; i < LISTED_PODS; i += 32) {
    const names = Array.from({ length: Math.min(32, LISTED_PODS - i) }, (_, k) => `listed-${i + k}`)
    // Bound to a node that is not there, so that nobody does anything with them.
    await Promise.all(names.map((name) => must(target, 'POST', PODS, benchPod(name, 'nowhere'))))
  }
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
