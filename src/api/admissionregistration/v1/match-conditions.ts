import { BOOL } from '../../../apimachinery/cel/index.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'
import { duplicate, type FieldError, required, tooMany } from '../../../apimachinery/status.ts'
import { qualifiedName } from '../../checks.ts'
import { admissionEnvironment, compileExpression, expressionProblem } from '../expressions/compile.ts'
import type { MatchCondition } from '../../generated/types/admissionregistration/v1.ts'

const MAX = 64

/** The conditions of a webhook, or of a policy, which may look at `params` as well. */
export function* validateMatchConditions(
  conditions: readonly Frozen<MatchCondition>[],
  path: string,
  params = false,
): Iterable<FieldError> {
  if (conditions.length === 0) return
  const environment = admissionEnvironment({ params, authorizer: true })
  if (conditions.length > MAX) yield tooMany(path, conditions.length, MAX)
  const names = new Set<string>()
  for (const [index, { name, expression }] of conditions.entries()) {
    const at = `${path}[${index}]`
    const trimmed = expression.trim()
    if (trimmed) {
      yield* expressionProblem(trimmed, compileExpression(trimmed, environment, [BOOL]), `${at}.expression`)
    } else yield required(`${at}.expression`)
    if (!name) {
      yield required(`${at}.name`)
      continue
    }
    yield* qualifiedName(`${at}.name`, name)
    if (names.has(name)) yield duplicate(`${at}.name`, name)
    names.add(name)
  }
}
