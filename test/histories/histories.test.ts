import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { systemClock } from '../../src/lib/clock.ts'
import { LmdbStore } from '../../src/store/lmdb/store.ts'
import { MemoryStore } from '../../src/store/memory/store.ts'
import type { Store } from '../../src/store/store.ts'
import { Run } from './run.ts'
import { serveApi } from './serve-api.ts'

/** SKIFF_HISTORY_STEPS=100000 for a thorough run; SKIFF_SEED repeats the choices, not how they meet. */
const STEPS = Number(process.env['SKIFF_HISTORY_STEPS'] ?? 1500)
const SEED = Number(process.env['SKIFF_SEED'] ?? Date.now() % 100_000)

const STORES: Readonly<Record<string, (folder: string) => Promise<Store>>> = {
  memory: async () => new MemoryStore({ clock: systemClock }),
  lmdb: (path) => LmdbStore.open({ path, clock: systemClock }),
}

for (const [name, open] of Object.entries(STORES)) {
  test(`${name}: whatever clients do at once, it is as if one after another (seed ${SEED})`, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'skiff-history-'))
    const store = await open(folder)
    const api = await serveApi(store, 0)
    t.after(async () => {
      await api.close()
      await store.close()
      rmSync(folder, { recursive: true, force: true })
    })
    const run = await Run.start({ port: () => api.port }, { clients: 8, keys: 4, watches: 6, seed: SEED })
    while (run.steps < STEPS) await new Promise((resolve) => setImmediate(resolve))
    await run.finish()
  })
}
