/**
 * Runs the parts of the test suite one after another and says plainly what came of each. See test.sh for its use.
 */
import { execFileSync } from 'node:child_process'
import { globSync } from 'node:fs'
import { resolve } from 'node:path'
import { run } from 'node:test'

interface Counts {
  passed: number
  failed: number
  skipped: number
}

interface Part {
  readonly name: string
  /** Globs of test files, from the repository's root. */
  readonly files: readonly string[]
  /** How many files run side by side; end-to-end tests share one machine's network and take turns. */
  readonly concurrency: number
  /** For one test. */
  readonly timeoutMs: number
  /** Whether a skipped test fails under CI=true: the machine was meant to be able to run it. */
  readonly mustRun: boolean
}

const MINUTE_MS = 60_000
const PARTS: readonly Part[] = [
  {
    name: 'unit',
    files: ['src/**/*.test.ts', 'scripts/**/*.test.ts', 'examples/**/*.test.{ts,js}'],
    concurrency: 2,
    timeoutMs: MINUTE_MS,
    mustRun: false,
  },
  {
    name: 'integration',
    files: ['test/{integration,differential,properties,fuzz,histories,faults,crashes,security}/**/*.test.ts'],
    concurrency: 2,
    timeoutMs: 2 * MINUTE_MS,
    mustRun: false,
  },
  {
    name: 'clients',
    files: ['test/clients/**/*.test.ts'],
    concurrency: 2,
    // The Go program is compiled with all that it is made of.
    timeoutMs: 8 * MINUTE_MS,
    mustRun: false,
  },
  { name: 'e2e', files: ['test/e2e/**/*.test.ts'], concurrency: 1, timeoutMs: 5 * MINUTE_MS, mustRun: true },
]

const root = resolve(import.meta.dirname, '..')
const [only, ...words] = process.argv.slice(2)
const started = performance.now()
const results = new Map<string, Counts>()

if (only === undefined || only === 'check') results.set('check', runCheck())
for (const part of PARTS) {
  if (only === undefined || only === part.name) results.set(part.name, await runPart(part))
}
if (results.size === 0) {
  console.error(`test: no part is called ${only}; there are check, ${PARTS.map((part) => part.name).join(', ')}`)
  process.exit(2)
}
process.exitCode = report() ? 0 : 1

function runCheck(): Counts {
  try {
    execFileSync('bash', ['scripts/check.sh', '--no-tests'], { cwd: root, stdio: 'inherit' })
    return { passed: 1, failed: 0, skipped: 0 }
  } catch {
    return { passed: 0, failed: 1, skipped: 0 }
  }
}

async function runPart(part: Part): Promise<Counts> {
  const counts: Counts = { passed: 0, failed: 0, skipped: 0 }
  const found = globSync([...part.files], { cwd: root, exclude: ['**/node_modules/**'] }).sort()
  const files = found.filter((file) => words.every((word) => file.includes(word))).map((file) => resolve(root, file))
  if (files.length === 0) return counts
  console.log(`\n== ${part.name}: ${files.length} files`)
  const stream = run({ files, concurrency: part.concurrency, timeout: part.timeoutMs, cwd: root })
  stream.on('test:pass', (event) => {
    if (event.details.type === 'suite' || isFile(event)) return
    if (event.skip === undefined || event.skip === false) counts.passed++
    else noteSkip(part, counts, event)
  })
  stream.on('test:fail', (event) => {
    if (event.details.type === 'suite' || (isFile(event) && isAboutItsTests(event.details.error))) return
    counts.failed++
    console.error(`FAILED ${where(event)}: ${event.name}\n${indent(describe(event.details.error))}`)
  })
  stream.on('test:stderr', (event) => void process.stderr.write(event.message))
  for await (const event of stream) if (event.type === 'test:stdout') process.stdout.write(event.data.message)
  return counts
}

function noteSkip(part: Part, counts: Counts, event: { name: string; file?: string; skip?: string | boolean }): void {
  const why = typeof event.skip === 'string' && event.skip !== '' ? event.skip : 'no reason given'
  const fails = part.mustRun && process.env.CI === 'true'
  if (fails) counts.failed++
  else counts.skipped++
  console.log(`${fails ? 'FAILED (skipped under CI)' : 'skipped'} ${where(event)}: ${event.name}: ${why}`)
}

/** node:test reports each file as a test around its tests. */
function isFile(event: { name: string; nesting: number }): boolean {
  return event.nesting === 0 && /\.test\.[tj]s$/.test(event.name)
}

/** Whether a file failed only because a test inside it did, which is counted by itself. */
function isAboutItsTests(error: Error): boolean {
  return 'failureType' in error && error.failureType === 'subtestsFailed'
}

function where(event: { file?: string }): string {
  return event.file === undefined ? '' : event.file.replace(`${root}/`, '')
}

function describe(error: Error): string {
  // node:test wraps what a test threw.
  const thrown = error.cause ?? error
  if (thrown instanceof Error) return thrown.stack ?? thrown.message
  return typeof thrown === 'string' ? thrown : JSON.stringify(thrown)
}

function indent(text: string): string {
  return text.replace(/^/gm, '    ')
}

/** Prints the closing lines; true when nothing failed. */
function report(): boolean {
  const sum: Counts = { passed: 0, failed: 0, skipped: 0 }
  console.log('')
  for (const [name, counts] of results) {
    console.log(`${name}: ${line(counts)}`)
    sum.passed += counts.passed
    sum.failed += counts.failed
    sum.skipped += counts.skipped
  }
  console.log(`took ${Math.round((performance.now() - started) / 1000)} s`)
  console.log(line(sum))
  return sum.failed === 0
}

function line({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`
}
