import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { accepted } from './accepted.ts'
import { each, entries } from './all.ts'
import { describe, differences } from './compare.ts'
import { reasonFor } from './judge.ts'
import type { Facts } from './normalise.ts'
import { perform } from './perform.ts'
import { readFaults, readRecorded } from './recorded.ts'
import { startSkiff } from './skiff.ts'

const all = entries()
const got = new Map<(typeof all)[number], Facts[] | Error>()
const needed = new Set<unknown>()
const known = readFaults()

/** What others grant would change its answers. */
const ALONE: ReadonlySet<string> = new Set(['identity'])

before(async () => {
  const alone = all.filter(({ catalogue }) => ALONE.has(catalogue))
  for (const entries of [all.filter(({ catalogue }) => !ALONE.has(catalogue)), alone]) await performAll(entries)
})

async function performAll(entries: typeof all): Promise<void> {
  const skiff = await startSkiff()
  await each(entries, async (entry) => {
    try {
      got.set(entry, await perform(skiff.target, entry.of, entry.names))
    } catch (error) {
      got.set(entry, error instanceof Error ? error : new Error(String(error)))
    }
  })
  await skiff.stop()
}

for (const [catalogue, members] of Map.groupBy(all, (entry) => entry.catalogue)) {
  suite(`as upstream answers: ${catalogue}`, () => {
    const recorded = readRecorded(catalogue)
    for (const entry of members) {
      test(entry.of.name, () => {
        const answers = got.get(entry)
        const isKnown = known.has(`${catalogue}/${entry.of.name}`)
        if (answers instanceof Error) {
          if (isKnown) return
          throw answers
        }
        const faults = differences(recorded[entry.of.name], answers).filter((one) => {
          const reason = reasonFor(catalogue, entry.of.name, one)
          needed.add(reason)
          return reason === undefined
        })
        if (isKnown) assert.notEqual(faults.length, 0, 'no fault any more: take it out of recorded/faults.json')
        else assert.equal(faults.map(describe).join('\n'), '')
      })
    }
  })
}

after(() => {
  const stale = accepted.filter((one) => !needed.has(one)).map(({ cases, at }) => `${cases} ${at ?? ''}`)
  assert.deepEqual(stale, [], 'accepted differences that are no more')
})
