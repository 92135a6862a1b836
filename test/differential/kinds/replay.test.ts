/** Changed objects of every kind, and what upstream's API server says to each: refusals with their causes in order, and warnings. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { readBases, readCases } from './recorded.ts'
import { type Skiff, startSkiff } from './skiff.ts'

const bases = readBases()
let skiff: Skiff

before(async () => {
  skiff = await startSkiff()
})
after(() => skiff.stop())

for (const [name, cases] of Map.groupBy(readCases('create'), (one) => one.base)) {
  test(`as upstream answers to changes of ${name}`, async () => {
    const base = bases[name] ?? assert.fail(`no base ${name}`)
    for (const { mutation, outcome } of cases) {
      assert.deepEqual(await skiff.answer(base, mutation), outcome, JSON.stringify(mutation))
    }
  })
}

for (const [name, cases] of Map.groupBy(readCases('update'), (one) => one.base)) {
  test(`as upstream answers to updates of ${name}`, async () => {
    const live = await skiff.live(bases[name] ?? assert.fail(`no base ${name}`))
    if (!live) assert.fail(`${name} was not made`)
    for (const { mutation, outcome } of cases) {
      assert.deepEqual(await live.put(mutation), outcome, JSON.stringify(mutation))
    }
    await live.remove()
  })
}
