import { duplicate, type FieldError, tooMany } from '../../../apimachinery/status.ts'

/** Every item, unless there are too many. */
export function* validateItems<T>(
  items: readonly T[],
  max: number,
  validate: (item: T, path: string) => Iterable<FieldError>,
  path: string,
): Iterable<FieldError> {
  if (items.length > max) return yield tooMany(path, items.length, max)
  for (const [index, item] of items.entries()) yield* validate(item, `${path}[${index}]`)
}

/** As `validateItems`, where no two have the same key. */
export function* validateSet<T>(
  items: readonly T[],
  max: number,
  validate: (item: T, path: string) => Iterable<FieldError>,
  keyOf: (item: T) => string,
  path: string,
): Iterable<FieldError> {
  yield* validateItems(items, max, validate, path)
  if (items.length > max) return
  const seen = new Set<string>()
  for (const [index, item] of items.entries()) {
    const key = keyOf(item)
    if (seen.has(key)) yield duplicate(`${path}[${index}]`, key)
    seen.add(key)
  }
}
