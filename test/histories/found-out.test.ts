import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '../../src/lib/clock.ts'
import { MemoryStore } from '../../src/store/memory/store.ts'
import type { Entry, ReadOptions, Store, WatchSink, Write, WriteResult } from '../../src/store/store.ts'
import { Run } from './run.ts'
import { serveApi } from './serve-api.ts'

const KEYS = '/registry/configmaps/default/7-'

/** Every seventh read of a key is of the past. */
class StaleStore extends MemoryStore {
  #reads = 0
  override get(key: string, options?: ReadOptions): Entry | undefined {
    const isStale = key.startsWith(KEYS) && !options && ++this.#reads % 7 === 0
    return super.get(key, isStale ? { revision: this.revision - Math.min(20, this.revision - 150) } : options)
  }
}

/** Every fiftieth event is lost. */
class ForgetfulStore extends MemoryStore {
  #events = 0
  override watch(prefix: string, after: number, sink: WatchSink): () => void {
    return super.watch(prefix, after, {
      ...sink,
      onEvents: (events) => {
        const kept = events.filter(({ key }) => !key.startsWith(KEYS) || ++this.#events % 50 !== 0)
        if (kept.length > 0) sink.onEvents(kept)
      },
      onCaughtUp: () => sink.onCaughtUp?.(),
      onError: (error) => sink.onError(error),
    })
  }
}

/** Every thirtieth write is acknowledged, and not made. */
class LyingStore extends MemoryStore {
  #writes = 0
  override write(write: Write): Promise<WriteResult> {
    const lies = write.key.startsWith(KEYS) && ++this.#writes % 30 === 0
    if (!lies) return super.write(write)
    return Promise.resolve({ ok: true, revision: this.revision + 1, previous: undefined })
  }
}

const LIARS: Readonly<Record<string, new (options: { clock: typeof systemClock }) => Store>> = {
  'reads of the past': StaleStore,
  'lost events': ForgetfulStore,
  'writes that were not made': LyingStore,
}

for (const [name, Liar] of Object.entries(LIARS)) {
  test(`found out: ${name}`, async (t) => {
    const store = new Liar({ clock: systemClock })
    const api = await serveApi(store, 0)
    t.after(() => api.close().then(() => store.close()))
    const run = await Run.start({ port: () => api.port }, { clients: 4, keys: 3, watches: 3, seed: 7 })
    while (run.steps < 600) await new Promise((resolve) => setImmediate(resolve))
    await assert.rejects(run.finish(), assert.AssertionError)
  })
}
