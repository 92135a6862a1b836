import type { Frozen } from '../../../apimachinery/meta.ts'
import { duplicate, type FieldError, tooMany } from '../../../apimachinery/status.ts'
import { isDns1123Subdomain, isLabelValue } from '../../../apimachinery/validation/names.ts'
import { problems } from '../../checks.ts'
import type { EndpointHints } from '../../generated/types/discovery/v1.ts'

const MAX = 8

/** Which zones and nodes an endpoint is for. */
export function* validateHints(
  { forZones = [], forNodes = [] }: Frozen<EndpointHints>,
  path: string,
): Iterable<FieldError> {
  yield* validateNames(forZones, isLabelValue, `${path}.forZones`)
  yield* validateNames(forNodes, isDns1123Subdomain, `${path}.forNodes`)
}

function* validateNames(
  hints: readonly { readonly name: string }[],
  check: (name: string) => readonly string[],
  path: string,
): Iterable<FieldError> {
  if (hints.length > MAX) yield tooMany(path, hints.length, MAX)
  const seen = new Set<string>()
  for (const [index, { name }] of hints.entries()) {
    const field = `${path}[${index}].name`
    if (seen.has(name)) yield duplicate(field, name)
    seen.add(name)
    yield* problems(field, name, check(name))
  }
}
