/**
 * The process that the crash test kills: `crash-writer.ts FOLDER SEED MAX_HISTORY_BYTES`. Writes without end, and prints a
 * line for what it was told is durable, each before it goes on: `event REVISION KEY VALUE` for what a watch delivered
 * (VALUE is - for a delete), `ack REVISION` for a write that resolved.
 */
import { writeSync } from 'node:fs'
import { systemClock } from '../../../lib/clock.ts'
import { seededRandom } from '../../../lib/random.ts'
import { LmdbStore } from '../store.ts'

const [, , path = '', seed = '', maxBytes = ''] = process.argv
const CLIENTS = 24
const random = seededRandom(Number(seed))
const history = { maxBytes: Number(maxBytes), maxAgeMs: Infinity }
const store = await LmdbStore.open({ path, clock: systemClock, history })

store.watch('/', store.revision, {
  onEvents(events) {
    for (const { revision, key, entry } of events) print(`event ${revision} ${key} ${entry ? tagOf(entry.value) : '-'}`)
  },
  onError(error) {
    throw error
  },
})
await Promise.all(Array.from({ length: CLIENTS }, client))

async function client(): Promise<void> {
  for (let n = 0; ; n++) {
    const key = `/key/${below(300)}`
    const current = store.get(key)
    const result = await store.write({
      key,
      value: random.next() < 0.2 ? null : valueOf(`${seed}.${n}.${below(1e6)}`),
      ...(random.next() < 0.5 && { expect: current?.modRevision ?? 0 }),
      ...(random.next() < 0.1 && { ttlMs: 1 + below(50) }),
    })
    if (result.ok) print(`ack ${result.revision}`)
  }
}

/** A text that tells the write, and then zeros up to a size that may need pages of its own. */
function valueOf(tag: string): Uint8Array {
  const value = new Uint8Array(below(10) === 0 ? 20_000 : 40 + below(2000))
  new TextEncoder().encodeInto(tag, value)
  return value
}

function tagOf(value: Uint8Array): string {
  return new TextDecoder().decode(value.subarray(0, value.indexOf(0)))
}

function below(limit: number): number {
  return Math.floor(random.next() * limit)
}

/** Synchronous, so that what was printed was known before whatever comes next. */
function print(line: string): void {
  writeSync(1, `${line}\n`)
}
