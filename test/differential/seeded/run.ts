/**
 * Sends generated cases to the oracle and to Skiff, and tells the classes of differences, most frequent first.
 *   run.ts --oracle URL [--skiff URL] [--only paths,objects] [--seed 1] [--count 200] [--at-once 16]
 *   --show SEED    also prints that case's requests and all its differences; --out FILE keeps an example of each class
 */
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { Chance } from '../../fuzz/chance.ts'
import { each } from '../all.ts'
import type { Case, Step } from '../case.ts'
import { describe, type Difference, differences } from '../compare.ts'
import type { Facts } from '../normalise.ts'
import { namesOf, perform } from '../perform.ts'
import { startSkiff } from '../skiff.ts'
import { leave, target, type Target } from '../target.ts'
import { classOf } from './classes.ts'
import { families } from './families.ts'

const { values: flags } = parseArgs({
  options: {
    oracle: { type: 'string' },
    skiff: { type: 'string' },
    only: { type: 'string', default: Object.keys(families).join(',') },
    seed: { type: 'string', default: '1' },
    count: { type: 'string', default: '200' },
    'at-once': { type: 'string', default: '16' },
    show: { type: 'boolean' },
    out: { type: 'string' },
  },
})
if (flags.oracle === undefined) throw new Error('--oracle URL')
const oracle = await target(flags.oracle)
const own = flags.skiff === undefined ? await startSkiff() : undefined
const skiff = own?.target ?? (await target(flags.skiff ?? ''))

interface Found {
  readonly of: string
  readonly step: Step | undefined
  readonly all: readonly Difference[]
}
const classes = new Map<string, Found[]>()
const counts = new Map<string, { cases: number; requests: number; different: number }>()
const seeds = Array.from({ length: Number(flags.count) }, (_, index) => Number(flags.seed) + index)
const chosen = flags.only.split(',').flatMap((family) => seeds.map((seed) => ({ family, seed })))

await each(
  [...chosen.entries()],
  async ([index, { family, seed }]) => compareCase(family, seed, index),
  Number(flags['at-once']),
)

for (const [name, found] of [...classes].toSorted(([, a], [, b]) => b.length - a.length)) tell(name, found)
for (const [family, { cases, requests, different }] of counts)
  console.log(`${family}: ${cases} cases, ${requests} requests compared, ${different} cases different`)
if (flags.out !== undefined) writeFileSync(flags.out, JSON.stringify([...classes], undefined, 1))
leave(oracle)
if (own) await own.stop()
else leave(skiff)

async function compareCase(family: string, seed: number, index: number): Promise<void> {
  const make = families[family]
  if (!make) throw new Error(`no family ${family}`)
  const of: Case = make(new Chance(seed))
  const names = namesOf(index)
  const [wanted, got] = await Promise.all([answers(oracle, of, names), answers(skiff, of, names)])
  const compared = of.steps.filter((step) => !step.setup && step.until === undefined)
  const count = counts.get(family) ?? { cases: 0, requests: 0, different: 0 }
  counts.set(family, count)
  count.cases++
  if (wanted instanceof Error || got instanceof Error) {
    const [why, ours] = [wanted, got].map((answer) => (answer instanceof Error ? answer.message : 'answered'))
    const all = [{ at: '', wanted: why, got: ours }]
    if (why !== ours) note(`${family} cannot be sent`, { of: `${family} ${seed}`, step: undefined, all }, count)
    return
  }
  const at = wanted.findIndex((facts, step) => differences(facts, got[step]).length > 0)
  count.requests += at < 0 ? wanted.length : at + 1
  // What follows a difference differs because of it.
  if (at < 0) return
  const all = differences(wanted[at], got[at])
  const step = compared[at]
  note(classOf(family, step, wanted[at], got[at]), { of: `${family} ${seed}`, step, all }, count)
}

async function answers(at: Target, of: Case, names: ReturnType<typeof namesOf>): Promise<readonly Facts[] | Error> {
  try {
    return (await perform(at, of, names)).map(inOrder)
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}

/** Upstream tells causes of custom resources in an order of chance. */
function inOrder(facts: Facts): Facts {
  const body = facts.body as { message?: string; details?: { causes?: object[] } } | undefined
  const causes = body?.details?.causes
  if (!causes || causes.length < 2) return facts
  const sorted = causes.map((cause) => JSON.stringify(cause)).toSorted()
  return { ...facts, body: { ...body, message: '<causes>', details: { ...body.details, causes: sorted } } }
}

function note(name: string, found: Found, count: { different: number }): void {
  count.different++
  classes.set(name, [...(classes.get(name) ?? []), found])
}

function tell(name: string, found: readonly Found[]): void {
  const [first] = found
  console.log(`${found.length} x ${name}`)
  if (!first) return
  const { step, all } = first
  const body =
    step?.body instanceof Uint8Array
      ? Buffer.from(step.body).toString('latin1')
      : typeof step?.body === 'string'
        ? step.body
        : JSON.stringify(step?.body)
  console.log(
    `    ${found
      .map((one) => one.of)
      .slice(0, 4)
      .join(
        ', ',
      )}: ${step?.method} ${step?.path} ${JSON.stringify(step?.headers ?? {})} ${(body ?? '').slice(0, flags.show ? 100_000 : 500)}`,
  )
  console.log(
    all
      .slice(0, flags.show ? 50 : 3)
      .map(describe)
      .join('\n'),
  )
}
