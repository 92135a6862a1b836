/**
 * Fills a stopped cluster's store with copies of a pod: `fill.ts STORE NAMESPACE NAME COUNT`. Past the API, which would take minutes.
 */
import { systemClock } from '../src/lib/clock.ts'
import { LmdbStore } from '../src/store/lmdb/store.ts'

const [, , path = '', namespace = '', name = '', count = ''] = process.argv
const store = await LmdbStore.open({ path, clock: systemClock })
const prefix = `/registry/pods/${namespace}/`
const template = new TextDecoder().decode(store.get(prefix + name)?.value)
const uid = /"uid":"([^"]+)"/.exec(template)?.[1] ?? ''
const encoder = new TextEncoder()
for (let i = 0; i < Number(count); i += 1000) {
  const numbers = Array.from({ length: Math.min(1000, Number(count) - i) }, (_, k) => i + k)
  await Promise.all(
    numbers.map((n) => {
      const copy = template
        .replace(`"name":"${name}"`, `"name":"${name}-${n}"`)
        .replaceAll(uid, String(n).padStart(8, '0') + uid.slice(8))
      return store.write({ key: `${prefix}${name}-${n}`, value: encoder.encode(copy) })
    }),
  )
}
await store.close()
