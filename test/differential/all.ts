import { type Case } from './case.ts'
import { catalogues } from './catalogues/index.ts'
import { type Names, namesOf } from './perform.ts'

/** A case, where it belongs and what it calls its things. */
export interface Entry {
  readonly catalogue: string
  readonly of: Case
  readonly names: Names
}

/** Every case; of some catalogue or with some word in its name when told. */
export function entries(catalogue?: string, word = ''): Entry[] {
  const all = catalogues.flatMap(({ name, cases }) => cases.map((of) => ({ catalogue: name, of })))
  const named = all.map((entry, index) => ({ ...entry, names: namesOf(index) }))
  return named.filter((entry) => (catalogue ?? entry.catalogue) === entry.catalogue && entry.of.name.includes(word))
}

/** Does something for each, a few at a time: many cases wait for a time to pass. */
export async function each<T>(items: readonly T[], act: (item: T) => Promise<void>, atOnce = 32): Promise<void> {
  const left = [...items]
  const worker = async (): Promise<void> => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await act(item)
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
}
