import { readFileSync } from 'node:fs'

type Printed = readonly [text: string, told: string]
type Matched = readonly [text: string, told: string, values: Readonly<Record<string, string>>, matches: boolean | null]

/** What the Go library prints of a text, or why it refuses it; for a selector, whether it selects what has the values. */
interface Texts {
  readonly durations: readonly Printed[]
  readonly times: readonly Printed[]
  readonly microTimes: readonly Printed[]
  readonly percentages: readonly (readonly [text: string, total: number, told: string | readonly [number, number]])[]
  readonly labels: readonly Matched[]
  readonly fields: readonly Matched[]
}

export const texts = JSON.parse(readFileSync(new URL('texts.json', import.meta.url), 'utf8')) as Texts
