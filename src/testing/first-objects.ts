import { timestamp } from '../apimachinery/meta.ts'
import { startGuardedApi, type GuardedApiOptions } from '../cmd/server/guarded-api.ts'
import { VirtualClock } from '../lib/clock.ts'
import { silentLogger } from '../lib/log.ts'
import { seededRandom } from '../lib/random.ts'
import { MemoryStore } from '../store/memory/store.ts'
import type { Store } from '../store/store.ts'

type Settings = Pick<GuardedApiOptions, 'rootCa' | 'serviceCidr' | 'clusterDomain'>

interface StoredText {
  readonly key: string
  readonly json: string
}

/** A time that nothing else in the objects looks like. */
const MADE_MS = Date.UTC(2001, 1, 3, 4, 5, 6)

/**
 * What an API server makes at its very first start, some 170 objects: the same for every cluster but for the time. So it is made once in a
 * process and copied into each cluster's store, which takes a tenth of the time.
 */
let made: Promise<readonly StoredText[]> | undefined

/** Writes it into an empty store, as made at `nowMs`. */
export async function writeFirstObjects(store: Store, settings: Settings, nowMs: number): Promise<void> {
  made ??= make(settings)
  const encoder = new TextEncoder()
  for (const { key, json } of await made) {
    const value = encoder.encode(json.replaceAll(timestamp(MADE_MS), timestamp(nowMs)))
    await store.write({ key, value, expect: 0 })
  }
}

async function make(settings: Settings): Promise<readonly StoredText[]> {
  const clock = new VirtualClock(MADE_MS)
  const store = new MemoryStore({ clock })
  const api = await startGuardedApi({
    ...settings,
    store,
    env: { clock, random: seededRandom(0), log: silentLogger },
  })
  await api.bootstrap(undefined, { localVolumes: true })
  await api.stop()
  const decoder = new TextDecoder()
  const { entries } = store.range('/')
  const inOrder = entries.toSorted((a, b) => a.createRevision - b.createRevision)
  const texts = inOrder.map(({ key, value }) => ({ key, json: decoder.decode(value) }))
  await store.close()
  return texts
}
