import { setTimeout as sleep } from 'node:timers/promises'
import { anonymousMb } from '../read.ts'
import { cpuSeconds, must, send, type Target } from '../target.ts'
import { Watchers } from '../watchers.ts'
import type { Row } from './row.ts'

const MAPS = '/api/v1/namespaces/default/configmaps'
const WATCHERS = 1000
const WRITES = 50
const PAUSE_MS = 100

/** From the sending of a write to its event at each of many watchers, who have a connection each. */
export const fanOutRow: Row = {
  name: `write to ${WATCHERS} watchers, p99`,
  unit: 'ms',
  higherIsBetter: false,
  mark: 20,
  async measure(target, { note }) {
    const { metadata } = await must(target, 'POST', MAPS, mapOf(`fan-out-${Date.now()}`))
    const from = `watch=true&resourceVersion=${metadata.resourceVersion}`
    const memory = anonymousMb(target.pids())
    const path = `${MAPS}?${from}&fieldSelector=metadata.name%3D${metadata.name}`
    const watchers = await Watchers.open(target, path, WATCHERS)
    const each = ((anonymousMb(target.pids()) - memory) * 1024) / WATCHERS
    const cpu = cpuSeconds(target.pids())
    for (let i = 0; i < WRITES; i++) {
      const patch = { data: { t: String(process.hrtime.bigint()), text: 'x'.repeat(700) } }
      await must(target, 'PATCH', `${MAPS}/${metadata.name}`, patch, 'application/merge-patch+json')
      await sleep(PAUSE_MS)
    }
    await sleep(1000)
    const cpuMs = ((cpuSeconds(target.pids()) - cpu) * 1000) / WRITES
    const delays = (await watchers.end()).delays
    if (delays.length !== WATCHERS * WRITES) throw new Error(`${delays.length} of ${WATCHERS * WRITES} events came`)
    const at = (share: number): number => delays[Math.floor((delays.length - 1) * share)] ?? NaN
    note(`p50 ${at(0.5).toFixed(1)} ms, CPU ${cpuMs.toFixed(0)} ms a write, ${each.toFixed(0)} KB a watcher`)
    return at(0.99)
  },
}

const INFORMERS = 1024
const OBJECTS = 500

/** Many informers that begin at once, until each has all that is there and has been told so. */
export const watchListRow: Row = {
  name: `WatchList of ${INFORMERS} informers, ${OBJECTS} objects, all synced`,
  unit: 's',
  higherIsBetter: false,
  async measure(target, { note }) {
    await makeObjects(target)
    const memory = anonymousMb(target.pids())
    const cpu = cpuSeconds(target.pids())
    const started = performance.now()
    const query =
      'watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&labelSelector=set%3Dinformed'
    const watchers = await Watchers.open(target, `${MAPS}?${query}`, INFORMERS, 'synced')
    const seconds = (performance.now() - started) / 1000
    const added = anonymousMb(target.pids()) - memory
    const { firstMs, lastMs } = await watchers.end()
    note(
      `${(cpuSeconds(target.pids()) - cpu).toFixed(1)} s of CPU, the first after ${(firstMs / 1000).toFixed(1)} s and the last ` +
        `${((lastMs - firstMs) / 1000).toFixed(1)} s later, memory +${added.toFixed(0)} MB`,
    )
    return seconds
  },
}

async function makeObjects(target: Target): Promise<void> {
  if ((await send(target, 'GET', `${MAPS}/informed-${OBJECTS - 1}`)).status === 200) return
  for (let i = 0; i < OBJECTS; i += 25) {
    const names = Array.from({ length: 25 }, (_, k) => `informed-${i + k}`)
    await Promise.all(names.map((name) => must(target, 'POST', MAPS, mapOf(name))))
  }
}

function mapOf(name: string): unknown {
  const metadata = { name, labels: { set: name.replace(/-\d+$/, '') } }
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { text: 'x'.repeat(1000) } }
}
