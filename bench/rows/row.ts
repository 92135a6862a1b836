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
  /** Of a server that tells of every request all that there is to tell. */
  readonly audited?: true
  measure(target: Target, context: RowContext): Promise<number>
}

export interface RowContext {
  /** How long load rows run. */
  readonly seconds: number
  note(text: string): void
}
