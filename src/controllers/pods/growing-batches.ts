/**
 * Calls `act` `count` times side by side, in batches of 1, 2, 4 and so on: what fails for all (a full quota) then fails once, not
 * count times. After a batch with a failure no other is begun, and its first error is thrown.
 */
export async function inGrowingBatches(count: number, act: (index: number) => Promise<unknown>): Promise<void> {
  let begun = 0
  for (let size = 1; begun < count; size *= 2) {
    const batch = Math.min(size, count - begun)
    const results = await Promise.allSettled(Array.from({ length: batch }, (_, at) => act(begun + at)))
    const failed = results.find((result) => result.status === 'rejected')
    if (failed) throw failed.reason
    begun += batch
  }
}

/** Calls `act` for all items side by side; when all have ended, throws the first error. */
export async function forAll<T>(items: readonly T[], act: (item: T) => Promise<unknown>): Promise<void> {
  const results = await Promise.allSettled(items.map(act))
  const failed = results.find((result) => result.status === 'rejected')
  if (failed) throw failed.reason
}
