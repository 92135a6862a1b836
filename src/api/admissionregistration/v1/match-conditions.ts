import type { Frozen } from '../../../apimachinery/meta.ts'
import { duplicate, type FieldError, required, tooMany } from '../../../apimachinery/status.ts'
import { qualifiedName } from '../../checks.ts'
import type { MatchCondition } from '../../generated/types/admissionregistration/v1.ts'

const MAX = 64

/** Names and presence of expressions; what they say is not looked at. */
export function* validateMatchConditions(
  conditions: readonly Frozen<MatchCondition>[],
  path: string,
): Iterable<FieldError> {
  if (conditions.length > MAX) yield tooMany(path, conditions.length, MAX)
  const names = new Set<string>()
  for (const [index, { name, expression }] of conditions.entries()) {
    const at = `${path}[${index}]`
    if (!expression.trim()) yield required(`${at}.expression`)
    if (!name) {
      yield required(`${at}.name`)
      continue
    }
    yield* qualifiedName(`${at}.name`, name)
    if (names.has(name)) yield duplicate(`${at}.name`, name)
    names.add(name)
  }
}
