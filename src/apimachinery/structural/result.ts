import type { FieldError } from '../status.ts'

/** What validation of one value found. `matches` counts what held, which tells the alternative that was meant. */
export class Result {
  readonly errors: Finding[] = []
  matches = 0

  get isValid(): boolean {
    return this.errors.length === 0
  }

  /** Adds findings; what was said already is not said again. */
  add(...findings: readonly Finding[]): void {
    for (const finding of findings) {
      if (!this.errors.some(({ text }) => text === finding.text)) this.errors.push(finding)
    }
  }

  merge(other: Result): void {
    this.add(...other.errors)
    this.matches += other.matches
  }
}

/** A finding with the text that tells it from others. */
export interface Finding {
  readonly error: FieldError
  readonly text: string
}
