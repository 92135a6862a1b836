import type { Frozen } from '../../../apimachinery/meta.ts'
import { type FieldError, invalid } from '../../../apimachinery/status.ts'
import { dns1123Label } from '../../checks.ts'
import type { DeviceClaim } from '../../generated/types/resource/v1.ts'
import { validateSet } from './lists.ts'

/** The names of a claim's requests, and of the alternatives in each. */
export class RequestNames {
  readonly #names = new Set<string>()

  constructor({ requests }: Frozen<DeviceClaim>) {
    for (const { name, firstAvailable } of requests ?? []) {
      this.#names.add(name)
      for (const alternative of firstAvailable ?? []) this.#names.add(`${name}/${alternative.name}`)
    }
  }

  has(name: string): boolean {
    return this.#names.has(name)
  }
}

const MAX = 32
const WRONG = "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'"

/** One name of a request. */
export function* validateRequestRef(name: string, names: RequestNames, field: string): Iterable<FieldError> {
  const parts = name.split('/')
  if (parts.length > 2) return yield invalid(field, name, WRONG)
  for (const part of parts) yield* dns1123Label(field, part)
  if (!names.has(name)) yield invalid(field, name, WRONG)
}

/** A list of such names. */
export function validateRequestRefs(refs: readonly string[], names: RequestNames, path: string): Iterable<FieldError> {
  const check = (name: string, at: string): Iterable<FieldError> => validateRequestRef(name, names, at)
  return validateSet(refs, MAX, check, (name) => name, path)
}
