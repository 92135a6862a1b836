import { accepted, type Accepted } from './accepted.ts'
import type { Difference } from './compare.ts'

/** The reason why a difference is right; undefined when it is a fault. */
export function reasonFor(catalogue: string, name: string, { at }: Difference): Accepted | undefined {
  const place = at.replace(/^\d+\./, '')
  return accepted.find((one) => covers(one.cases, `${catalogue}/${name}`) && place.startsWith(one.at ?? ''))
}

function covers(pattern: string, name: string): boolean {
  const parts = pattern.split('*').map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&'))
  return new RegExp(`^${parts.join('.*')}$`).test(name)
}
