/**
 * Where dynamic allocation starts in a range: what lies below is given dynamically only when the rest is full, so that fixed
 * requests find it free (KEP-3070). A share of the range within bounds; nothing for a tiny range.
 */
export function rangeOffset(
  size: number,
  { least, most, share }: { least: number; most: number; share: number },
): number {
  if (size < least) return 0
  return Math.min(most, Math.max(least, Math.floor(size / share)))
}

/** The numbers of `from` to `to` (exclusive), each once, beginning somewhere inside. */
export function* roundFrom(from: number, to: number, start: number): Iterable<number> {
  for (let i = start; i < to; i++) yield i
  for (let i = from; i < start; i++) yield i
}
