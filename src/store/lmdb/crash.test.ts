import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { VirtualClock } from '../../lib/clock.ts'
import { seededRandom } from '../../lib/random.ts'
import { FIRST_REVISION, type StoreEvent } from '../store.ts'
import { LmdbStore } from './store.ts'
import { testFolder } from './testing/folder.ts'

/** SKIFF_CRASHES=200 for a thorough run; SKIFF_SEED repeats one. */
const CRASHES = Number(process.env['SKIFF_CRASHES'] ?? 5)
const SEED = Number(process.env['SKIFF_SEED'] ?? 1)

for (const [title, maxBytes] of [
  ['with all history', 1e9],
  ['while history is swept', 400_000],
] as const) {
  test(`killed at any moment, a store loses nothing that it told, ${title}`, async (t) => {
    const path = testFolder(t)
    const random = seededRandom(SEED)
    const told = new Told()
    for (let crash = 0; crash < CRASHES; crash++) {
      await writeUntilKilled(path, SEED * 1000 + crash, maxBytes, Math.floor(random.next() * 3000), told)
      await verify(path, maxBytes, told, `seed ${SEED}, crash ${crash}`)
    }
  })
}

/** What the killed processes said is durable. */
class Told {
  /** Revision → what `KEY VALUE` it made. */
  readonly events = new Map<number, string>()
  readonly acks = new Set<number>()

  add(line: string): void {
    const [kind, revision, key, value] = line.split(' ')
    if (kind === 'ack') this.acks.add(Number(revision))
    else if (value !== undefined) this.events.set(Number(revision), `${key} ${value}`)
  }
}

/** Kills the writer after it has told `lines` things. What it told until it was dead counts as well. */
async function writeUntilKilled(
  path: string,
  seed: number,
  maxBytes: number,
  lines: number,
  told: Told,
): Promise<void> {
  const program = join(import.meta.dirname, 'testing/crash-writer.ts')
  const child = spawn(process.execPath, [program, path, `${seed}`, `${maxBytes}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  let left = lines
  for await (const line of createInterface({ input: child.stdout })) {
    told.add(line)
    if (left-- === 0) child.kill('SIGKILL')
  }
  const [, signal] = await exited
  assert.equal(signal, 'SIGKILL', 'the writer ended by itself')
}

async function verify(path: string, maxBytes: number, told: Told, when: string): Promise<void> {
  // The clock stands long before any time to live ends, so that nothing changes while we look.
  const store = await LmdbStore.open({ path, clock: new VirtualClock(0), history: { maxBytes, maxAgeMs: Infinity } })
  const { revision, compactRevision } = store
  const atStart = store.range('/', { revision: compactRevision }).entries
  const state = new Map(atStart.map((entry) => [entry.key, `${entry.key} ${tagOf(entry.value)}`]))
  const events = await history(store)
  const from = Math.max(compactRevision, FIRST_REVISION)
  assert.deepEqual(
    events.map((event) => event.revision),
    Array.from({ length: revision - from }, (_, i) => from + 1 + i),
    `a gap or a repeat in the log: ${when}`,
  )
  for (const event of events) {
    const was = state.get(event.key)
    assert.equal(
      event.previous && `${event.key} ${tagOf(event.previous.value)}`,
      was,
      `previous of ${event.revision}: ${when}`,
    )
    const made = `${event.key} ${event.entry ? tagOf(event.entry.value) : '-'}`
    assert.equal(
      made,
      told.events.get(event.revision) ?? made,
      `revision ${event.revision} is not what was told: ${when}`,
    )
    told.events.set(event.revision, made)
    if (event.entry) state.set(event.key, made)
    else state.delete(event.key)
  }
  const newest = Math.max(...told.events.keys(), ...told.acks)
  assert.ok(revision >= newest, `told ${newest}, kept ${revision}: ${when}`)
  const entries = store.range('/').entries
  assert.deepEqual(
    entries.map((entry) => `${entry.key} ${tagOf(entry.value)}`),
    [...state.values()].toSorted(),
    `log and current state differ: ${when}`,
  )
  for (const { key, modRevision, value } of entries)
    assert.equal(told.events.get(modRevision), `${key} ${tagOf(value)}`, when)
  assert.equal(store.count('/'), entries.length)
  await store.close()
}

async function history(store: LmdbStore): Promise<StoreEvent[]> {
  const events: StoreEvent[] = []
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  store.watch('/', store.compactRevision, {
    onEvents: (more) => void events.push(...more),
    onCaughtUp: resolve,
    onError: reject,
  })
  await promise
  return events
}

function tagOf(value: Uint8Array): string {
  return new TextDecoder().decode(value.subarray(0, value.indexOf(0)))
}
