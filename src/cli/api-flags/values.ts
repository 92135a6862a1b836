import { parseDuration } from '../../apimachinery/duration/duration.ts'
import { ParseError } from '../../apimachinery/parse-error.ts'
import { EXIT, UserError } from '../../host/user-error.ts'
import type { GivenApiFlags } from './flag.ts'

/** Reads what was given as what it should be. Of a flag that was given several times the last counts, as for upstream. */
export class ApiFlagValues {
  readonly #given: GivenApiFlags

  constructor(given: GivenApiFlags = {}) {
    this.#given = given
  }

  has(name: string): boolean {
    return this.#given[name] !== undefined
  }

  /** Texts and files. */
  text(name: string): string | undefined {
    return this.#given[name]?.at(-1)
  }

  /** Of a flag that may be given several times, each as it was written. */
  texts(name: string): readonly string[] {
    return this.#given[name] ?? []
  }

  boolean(name: string, otherwise: boolean): boolean {
    const text = this.text(name)
    if (text === undefined) return otherwise
    if (['true', '1', 't', 'T', 'TRUE', 'True'].includes(text)) return true
    if (['false', '0', 'f', 'F', 'FALSE', 'False'].includes(text)) return false
    throw badFlag(name, text, `strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`)
  }

  number(name: string, otherwise: number): number {
    const text = this.text(name)
    if (text === undefined) return otherwise
    const value = Number(text)
    if (text.trim() === text && text !== '' && Number.isFinite(value)) return value
    throw badFlag(name, text, `strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`)
  }

  /** In ms. */
  duration(name: string, otherwise: number): number {
    const text = this.text(name)
    if (text === undefined) return otherwise
    try {
      return parseDuration(text)
    } catch (error) {
      if (!(error instanceof ParseError)) throw error
      throw badFlag(name, text, error.message)
    }
  }

  /** Each value as it was given, commas and all. */
  each(name: string): readonly string[] {
    return this.#given[name] ?? []
  }

  /** All values, however they were given: in one with commas, or one by one. */
  list(name: string): readonly string[] {
    return (this.#given[name] ?? []).flatMap((text) => text.split(',')).filter((text) => text !== '')
  }
}

/** What upstream's command line says of a value that cannot be. */
export function badFlag(name: string, value: string, why: string): UserError {
  return new UserError(`invalid argument ${JSON.stringify(value)} for "--${name}" flag: ${why}`, {
    exitCode: EXIT.usage,
  })
}
