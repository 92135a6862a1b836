/**
 * `npm run bench`: measures Skiff, beside upstream's programs where they can run, and prints a table with ratios.
 *
 *   npm run bench -- [--upstream DIR] [--only TEXT] [--skip TEXT] [--seconds N] [--containers] [--json FILE] [--etcd-servers URLS]
 *
 * DIR holds kube-apiserver, kube-controller-manager, kube-scheduler and perhaps etcd (SKIFF_UPSTREAM_BIN names it too), of v1.20 or later;
 * wrk, and etcd if DIR has none, come from the system's packages. --containers adds the rows that run real containers (root).
 * --etcd-servers has Skiff keep its state in that etcd, below a prefix of its own, as upstream does in its own.
 */
import { writeFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { parseArgs } from 'node:util'
import { admissionRows } from './rows/admission.ts'
import { auditFlags } from './audit.ts'
import { deploymentRow, idleRows, readyRow } from './rows/control-plane.ts'
import { definitionsRow } from './rows/crds.ts'
import { fairnessRow } from './rows/fairness.ts'
import { listRows } from './rows/lists.ts'
import { podRows } from './rows/pods.ts'
import { guardedRows } from './rows/guarded.ts'
import { auditRows, memoryRow, requestRows, watchRow } from './rows/requests.ts'
import type { Row } from './rows/row.ts'
import { restartRow } from './rows/restart.ts'
import { fanOutRow, watchListRow } from './rows/watches.ts'
import { buildSkiff, startSkiff, storeFlags } from './skiff.ts'
import type { Target } from './target.ts'
import { missingUpstream, startUpstream, upstreamVersions } from './upstream.ts'
import { missingWrk } from './wrk.ts'

const { values: flags } = parseArgs({
  options: {
    upstream: { type: 'string' },
    only: { type: 'string' },
    skip: { type: 'string' },
    seconds: { type: 'string', default: '5' },
    containers: { type: 'boolean', default: false },
    json: { type: 'string' },
    'etcd-servers': { type: 'string' },
  },
})

interface Measured {
  readonly row: Row
  readonly values: Map<string, number>
  readonly notes: string[]
}

const wrk = await missingWrk()
const readRows = [...listRows, watchRow, fanOutRow, watchListRow, definitionsRow, restartRow]
const rows = [
  readyRow,
  ...idleRows,
  ...(wrk ? [] : [...requestRows, ...guardedRows, ...admissionRows, fairnessRow]),
  deploymentRow,
  ...readRows,
  memoryRow,
  ...(wrk ? [] : auditRows),
].filter(({ name }) => (!flags.only || name.includes(flags.only)) && (!flags.skip || !name.includes(flags.skip)))
const results: Measured[] = rows.map((row) => ({ row, values: new Map(), notes: [] }))
const upstreamBin = flags.upstream ?? process.env.SKIFF_UPSTREAM_BIN
const withoutUpstream = missingUpstream(upstreamBin)

buildSkiff()
if (wrk) console.log(`without request rows: ${wrk}`)
if (withoutUpstream) console.log(`without upstream: ${withoutUpstream}`)
else if (upstreamBin) console.log(`upstream: ${upstreamVersions(upstreamBin)}`)
await measureAll((more) => startSkiff([...storeFlags(flags['etcd-servers']), ...more]))
if (!withoutUpstream && upstreamBin) await measureAll((more) => startUpstream(upstreamBin, more))
if (flags.containers) for (const row of podRows) results.push(await measurePods(row))
print()
if (flags.json)
  writeFileSync(
    flags.json,
    JSON.stringify(
      results.map(({ row, values }) => ({
        name: row.name,
        unit: row.unit,
        mark: row.mark,
        ...Object.fromEntries(values),
      })),
      null,
      2,
    ),
  )

type Start = (flags: readonly string[]) => Promise<Target>

/** Each target runs alone, so that none costs another anything. */
async function measureAll(start: Start): Promise<void> {
  const [audited, plain] = [true, undefined].map((is) => results.filter(({ row }) => row.audited === is))
  if (plain?.length) await measureRows(plain, () => start([]))
  if (audited?.length) await measureRows(audited, () => start(auditFlags('RequestResponse')))
}

async function measureRows(measured: readonly Measured[], start: () => Promise<Target>): Promise<void> {
  const target = await start()
  try {
    for (const result of measured) {
      if (result.row.only && result.row.only !== target.name) continue
      process.stderr.write(`${target.name}: ${result.row.name} ... `)
      try {
        const value = await result.row.measure(target, {
          seconds: Number(flags.seconds),
          note: (text) => result.notes.push(`${target.name}: ${text}`),
        })
        result.values.set(target.name, value)
        process.stderr.write(`${shown(value)} ${result.row.unit}\n`)
      } catch (error) {
        result.notes.push(`${target.name}: ${error instanceof Error ? error.message : String(error)}`)
        process.stderr.write(`FAILED: ${String(error)}\n`)
        process.exitCode = 1
      }
    }
  } finally {
    await target.stop()
  }
}

async function measurePods(row: (typeof podRows)[number]): Promise<Measured> {
  const notes: string[] = []
  const value = await row.measure((text) => notes.push(text))
  return { row: { ...row, measure: () => Promise.resolve(value) }, values: new Map([['skiff', value]]), notes }
}

function print(): void {
  console.log(
    `\n${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}, ${cpus()[0]?.model ?? 'unknown CPU'}\n`,
  )
  const lines = [['', 'skiff', 'upstream', 'ratio', 'mark', '']]
  for (const { row, values } of results) lines.push(lineOf(row, values))
  const widths = lines[0]?.map((_, i) => Math.max(...lines.map((line) => (line[i] ?? '').length))) ?? []
  for (const line of lines)
    console.log(
      line.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('  '),
    )
  for (const { row, notes } of results) for (const note of notes) console.log(`  ${row.name}: ${note}`)
}

function lineOf(row: Row, values: ReadonlyMap<string, number>): string[] {
  const [skiff, upstream] = [values.get('skiff'), values.get('upstream')]
  const cell = (value: number | undefined): string => (value === undefined ? '-' : `${shown(value)} ${row.unit}`)
  const ratio = skiff && upstream ? `${shown(row.higherIsBetter ? skiff / upstream : upstream / skiff)}x` : '-'
  const met =
    skiff === undefined || row.mark === undefined
      ? ''
      : (row.higherIsBetter ? skiff >= row.mark : skiff <= row.mark)
        ? 'met'
        : 'MISSED'
  return [
    row.name,
    cell(skiff),
    cell(upstream),
    ratio,
    row.mark === undefined ? '-' : `${row.higherIsBetter ? '>=' : '<='} ${row.mark} ${row.unit}`,
    met,
  ]
}

function shown(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2)
}
