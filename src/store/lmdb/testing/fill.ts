/**
 * The process of the full-disk test: `fill.ts FOLDER`, under a limit that makes writes to the file fail at some size. Fills
 * the store until a write fails, and prints what happened then, as JSON.
 */
import { writeSync } from 'node:fs'
import { systemClock } from '../../../lib/clock.ts'
import { LmdbStore } from '../store.ts'

const [, , path = ''] = process.argv
const store = await LmdbStore.open({ path, clock: systemClock })
const watched: number[] = []
store.watch('/', store.revision, {
  onEvents: (events) => void watched.push(...events.map((event) => event.revision)),
  onError(error) {
    throw error
  },
})

const acked: number[] = []
const failures = new Set<string>()
while (failures.size === 0) {
  const key = (i: number): string => `/k/${acked.length + i}`
  const writes = Array.from({ length: 10 }, (_, i) => store.write({ key: key(i), value: new Uint8Array(5000) }))
  for (const result of await Promise.allSettled(writes)) {
    if (result.status === 'rejected') failures.add(String(result.reason))
    else if (result.value.ok) acked.push(result.value.revision)
  }
}
const read = store.range('/').entries.length
// Deletes and their sweep need little room, and give some back.
for (const { key } of store.range('/', { limit: acked.length / 2 }).entries)
  await store.write({ key, value: null }).catch(() => {})
await store.compact(store.revision)
const later = await store.write({ key: '/later', value: new Uint8Array(5000) }).then(
  (result) => result.ok,
  (error: unknown) => String(error),
)
writeSync(
  1,
  JSON.stringify({ acked: acked.length, failures: [...failures], read, later, revision: store.revision, watched }),
)
await store.close()
