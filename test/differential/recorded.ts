import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Facts } from './normalise.ts'

/** A catalogue's answers by its cases' names: one case a line, so that changes can be read. */
export type Recorded = Readonly<Record<string, readonly Facts[]>>

const fileOf = (catalogue: string): string => join(import.meta.dirname, 'recorded', `${catalogue}.json`)

export function readRecorded(catalogue: string): Recorded {
  const file = fileOf(catalogue)
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Recorded) : {}
}

export function writeRecorded(catalogue: string, recorded: Recorded): void {
  const lines = Object.entries(recorded).map(([name, facts]) => `${JSON.stringify(name)}: ${JSON.stringify(facts)}`)
  writeFileSync(fileOf(catalogue), `{\n${lines.join(',\n')}\n}\n`)
}

/** Cases whose difference is a fault that is not mended yet, as `catalogue/case`. */
export function readFaults(): ReadonlySet<string> {
  return new Set(JSON.parse(readFileSync(fileOf('faults'), 'utf8')) as string[])
}

export function writeFaults(names: Iterable<string>): void {
  writeFileSync(fileOf('faults'), `${JSON.stringify([...names].sort(), undefined, 1)}\n`)
}
