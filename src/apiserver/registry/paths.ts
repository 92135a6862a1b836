/** The value at a path of field names such as `.spec.selector`; undefined when a part is absent. */
export function valueAt(object: unknown, path: string): unknown {
  let value: unknown = object
  for (const field of path.split('.')) {
    if (field === '') continue
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, field)) return undefined
    value = (value as Record<string, unknown>)[field]
  }
  return value
}

/** Sets the value at such a path in place, making the objects on the way; removes the last field for undefined. */
export function setAt(object: object, path: string, value: unknown): void {
  const names = path.split('.').filter((name) => name !== '')
  const last = names.pop()
  if (last === undefined) return
  let at = object as Record<string, unknown>
  for (const name of names) {
    const next = at[name]
    if (typeof next === 'object' && next !== null) at = next as Record<string, unknown>
    else if (value === undefined) return
    else at = at[name] = {} as Record<string, unknown>
  }
  if (value === undefined) delete at[last]
  else at[last] = value
}
