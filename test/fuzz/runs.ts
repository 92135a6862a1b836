import fc from 'fast-check'

/** How many times as long as in CI; SKIFF_FUZZ_RUNS=100 for a thorough run. */
const FACTOR = Number(process.env['SKIFF_FUZZ_RUNS'] ?? 1)
/** SKIFF_SEED repeats a run; without it each run is another. */
const SEED = process.env['SKIFF_SEED']

/** Checks a property for `runs` inputs (times SKIFF_FUZZ_RUNS). A failure tells the seed that repeats it. */
export async function fuzz<T>(
  runs: number,
  input: fc.Arbitrary<T>,
  holds: (input: T) => void | Promise<void>,
): Promise<void> {
  const seed = SEED === undefined ? undefined : Number(SEED)
  await fc.assert(
    fc.asyncProperty(input, async (value) => holds(value)),
    {
      numRuns: Math.max(1, Math.round(runs * FACTOR)),
      ...(seed !== undefined && { seed }),
      // What is put together out of a seed does not get smaller with a smaller seed.
      endOnFailure: true,
      reporter(details) {
        if (!details.failed) return
        throw new Error(
          `SKIFF_SEED=${details.seed} repeats it (run ${details.numRuns}): ${shown(details.counterexample)}`,
          { cause: details.errorInstance },
        )
      },
    },
  )
}

function shown(value: unknown): string {
  return fc.stringify(value).slice(0, 500)
}

/** A seed for generators that need many choices. */
export const seeds = fc.integer({ min: 0, max: 0x7fffffff })
