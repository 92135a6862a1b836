/**
 * Compares two servers, or records one.
 *   run.ts --oracle URL            sends every case to the oracle and to Skiff
 *   run.ts --oracle URL --record   also writes the oracle's answers to recorded/
 *   run.ts                         compares Skiff with what is recorded
 *   --only CATALOGUE --case WORD   some cases only; --skiff URL takes one that runs; --quiet tells counts alone, --all every difference
 *   --faults                       writes the cases that differ to recorded/faults.json
 */
import { parseArgs } from 'node:util'
import { each, type Entry, entries } from './all.ts'
import { catalogues } from './catalogues/index.ts'
import { describe, type Difference, differences } from './compare.ts'
import { reasonFor } from './judge.ts'
import type { Facts } from './normalise.ts'
import { perform } from './perform.ts'
import { readFaults, readRecorded, writeFaults, writeRecorded } from './recorded.ts'
import { startSkiff } from './skiff.ts'
import { leave, target, type Target } from './target.ts'

const { values: flags } = parseArgs({
  options: {
    oracle: { type: 'string' },
    skiff: { type: 'string' },
    only: { type: 'string' },
    case: { type: 'string' },
    record: { type: 'boolean' },
    quiet: { type: 'boolean' },
    all: { type: 'boolean' },
    faults: { type: 'boolean' },
  },
})
const oracle = flags.oracle === undefined ? undefined : await target(flags.oracle)
const own = flags.skiff === undefined ? await startSkiff() : undefined
const skiff = own?.target ?? (await target(flags.skiff ?? ''))
const chosen = entries(flags.only, flags.case)
const answers = new Map<string, Map<string, Facts[]>>()
const lines = new Map<Entry, string>()
const counts = { same: 0, accepted: 0, different: 0 }

await each(chosen, async (entry) => {
  try {
    const [wanted, got] = await Promise.all([wantedOf(entry), performed(skiff, entry)])
    note(entry, differences(wanted, got))
  } catch (error) {
    note(entry, [{ at: '', wanted: 'an answer', got: String(error) }])
  }
})
for (const entry of chosen) {
  const line = lines.get(entry)
  if (line !== undefined && !flags.quiet) console.log(line)
}
if (flags.record) record()
if (flags.faults) noteFaults()
console.log(`${chosen.length} cases: ${counts.same} same, ${counts.accepted} accepted, ${counts.different} different`)
if (oracle) leave(oracle)
if (own) await own.stop()
else leave(skiff)
process.exitCode = counts.different === 0 ? 0 : 1

async function wantedOf(entry: Entry): Promise<readonly Facts[]> {
  if (!oracle) return readRecorded(entry.catalogue)[entry.of.name] ?? []
  const facts = await performed(oracle, entry)
  const known = answers.get(entry.catalogue) ?? new Map<string, Facts[]>()
  answers.set(entry.catalogue, known.set(entry.of.name, facts))
  return facts
}

function performed(at: Target, { of, names }: Entry): Promise<Facts[]> {
  return perform(at, of, names)
}

function note(entry: Entry, found: readonly Difference[]): void {
  const faults = found.filter((one) => reasonFor(entry.catalogue, entry.of.name, one) === undefined)
  if (found.length === 0) counts.same++
  else if (faults.length === 0) counts.accepted++
  else {
    counts.different++
    lines.set(entry, [nameOf(entry), ...shown(faults)].join('\n'))
  }
}

function shown(faults: readonly Difference[]): string[] {
  const most = flags.all ? faults.length : 8
  const more = faults.length > most ? [`    and ${faults.length - most} more`] : []
  return [...faults.slice(0, most).map(describe), ...more]
}

function nameOf({ catalogue, of }: Entry): string {
  return `${catalogue}/${of.name}`
}

function noteFaults(): void {
  const sent = new Set(chosen.map(nameOf))
  const known = new Set(entries().map(nameOf))
  const others = [...readFaults()].filter((name) => !sent.has(name) && known.has(name))
  writeFaults([...others, ...[...lines.keys()].map(nameOf)])
}

/** Keeps what is recorded of cases that were not sent now. */
function record(): void {
  for (const { name, cases } of catalogues) {
    const fresh = answers.get(name)
    if (!fresh) continue
    const old = fresh.size < cases.length ? readRecorded(name) : {}
    const kept = cases.flatMap((one) => {
      const facts = fresh.get(one.name) ?? old[one.name]
      return facts ? [[one.name, facts] as const] : []
    })
    writeRecorded(name, Object.fromEntries(kept))
  }
}
