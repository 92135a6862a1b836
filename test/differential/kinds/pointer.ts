import { setOwn } from '../../../src/lib/own.ts'

/** A change of a base: the value at a JSON pointer is replaced, or taken away when there is none. */
export interface Mutation {
  readonly at: string
  readonly value?: unknown
}

type Container = Record<string, unknown>

/** A key as it stands in a JSON pointer. */
export const escapeKey = (key: string): string => key.replaceAll('~', '~0').replaceAll('/', '~1')

/** The changed copy of an object. What a pointer leads through need not be there. */
export function mutated(object: unknown, mutation: Mutation): unknown {
  const copy = structuredClone(object)
  const keys = mutation.at.split('/').slice(1)
  const last = unescapeKey(keys.pop() ?? '')
  let holder = copy as Container
  for (const key of keys.map(unescapeKey)) {
    if (typeof holder[key] !== 'object' || holder[key] === null) setOwn<unknown>(holder, key, {})
    holder = holder[key] as Container
  }
  if ('value' in mutation) setOwn<unknown>(holder, last, mutation.value)
  else if (Array.isArray(holder)) holder.splice(Number(last), 1)
  else delete holder[last]
  return copy
}

const unescapeKey = (key: string): string => key.replaceAll('~1', '/').replaceAll('~0', '~')
