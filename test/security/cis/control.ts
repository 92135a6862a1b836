import { test } from 'node:test'
import { CONTROLS, testName } from './controls.ts'

type Run = () => Promise<unknown> | void

/** The test of a control. */
export function control(id: string, run: Run, options: { readonly skip?: string | false } = {}): void {
  const known = CONTROLS[id]
  if (!known || known.because !== undefined || known.heldBy) throw new Error(`no test is wanted of ${id}`)
  test(testName(id), { skip: options.skip ?? false }, async () => void (await run()))
}
