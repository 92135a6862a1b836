/**
 * A resourceVersion as a number. They can be compared as integers within one resource (KEP-5504). One that is no integer
 * counts as oldest, so that nobody waits for it.
 */
export function revisionOf(resourceVersion: string | undefined): number {
  const revision = Number(resourceVersion)
  return Number.isFinite(revision) ? revision : 0
}
