import type { Target } from '../target.ts'

/** One measurement, the same for every target. */
export interface Row {
  readonly name: string
  readonly unit: string
  /** Whether more is better. */
  readonly higherIsBetter: boolean
  /** What the project wants to reach, in the row's unit. */
  readonly mark?: number
  /** Where it can be measured, when not everywhere. */
  readonly only?: 'skiff'
  measure(target: Target, context: RowContext): Promise<number>
}

export interface RowContext {
  /** How long load rows run. */
  readonly seconds: number
  note(text: string): void
}
