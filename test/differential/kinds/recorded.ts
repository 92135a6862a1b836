import { readFileSync, writeFileSync } from 'node:fs'
import type { Mutation } from './pointer.ts'

/** A valid object of a kind, and where it is posted. */
export interface Base {
  readonly path: string
  readonly object: { readonly apiVersion: string; readonly kind: string; readonly metadata: { readonly name: string } }
}

/** What of an answer is compared: the code, and texts: causes with their reasons and fields, or the message of what has none; warnings. */
export interface Outcome {
  readonly code: number
  readonly texts: readonly string[]
}

export interface Case {
  readonly base: string
  readonly mutation: Mutation
  readonly outcome: Outcome
}

const file = (name: string): URL => new URL(name, import.meta.url)

export const readBases = (): Readonly<Record<string, Base>> =>
  JSON.parse(readFileSync(file('bases.json'), 'utf8')) as Record<string, Base>

/** As it is kept: texts once each, a case in a line: base, pointer, code, numbers of its texts, and the value unless it is taken away. */
interface Kept {
  readonly texts: readonly string[]
  readonly cases: readonly (readonly [string, string, number, readonly number[], unknown?])[]
}

/** Bases are posted changed, or posted and then put changed. */
export type Write = 'create' | 'update'

const NAMES: Readonly<Record<Write, string>> = { create: 'recorded.json', update: 'updates.json' }

export function readCases(write: Write): Case[] {
  const { texts, cases } = JSON.parse(readFileSync(file(NAMES[write]), 'utf8')) as Kept
  return cases.map(([base, at, code, numbers, ...value]) => ({
    base,
    mutation: { at, ...(value.length > 0 && { value: value[0] }) },
    outcome: { code, texts: numbers.map((number) => texts[number] ?? '') },
  }))
}

export function writeCases(write: Write, all: readonly Case[]): void {
  const texts = [...new Set(all.flatMap(({ outcome }) => outcome.texts))]
  const numbers = new Map(texts.map((text, index) => [text, index]))
  const lines = all.map(({ base, mutation, outcome }) => {
    const value = 'value' in mutation ? [mutation.value] : []
    return JSON.stringify([base, mutation.at, outcome.code, outcome.texts.map((text) => numbers.get(text)), ...value])
  })
  const head = texts.map((text) => JSON.stringify(text)).join(',\n')
  writeFileSync(file(NAMES[write]), `{"texts":[\n${head}\n],"cases":[\n${lines.join(',\n')}\n]}\n`)
}

interface Status {
  readonly kind?: string
  readonly message?: string
  readonly details?: {
    readonly causes?: readonly { readonly reason?: string; readonly field?: string; readonly message?: string }[]
  }
}

/** What is compared of an answer; `warning` is the header of that name. */
export function outcomeOf(code: number, body: unknown, warning: string | readonly string[] = ''): Outcome {
  const warnings = String(warning).match(/299 - "(?:[^"\\]|\\.)*"/g) ?? []
  const { kind, message = '', details } = body as Status
  const causes = (details?.causes ?? []).map(({ reason, field, message: text }) => `${reason} ${field}: ${text}`)
  const findings = kind !== 'Status' ? [] : causes.length > 0 ? causes : [message]
  return { code, texts: [...findings, ...warnings.map((text) => `warning: ${text}`)] }
}
