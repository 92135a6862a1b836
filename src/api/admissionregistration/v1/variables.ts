import type { Frozen } from '../../../apimachinery/meta.ts'
import { type FieldError, invalid, required } from '../../../apimachinery/status.ts'
import { expressionProblem } from '../expressions/compile.ts'
import type { PolicyCompiler } from '../expressions/composition.ts'
import type { Variable } from '../../generated/types/admissionregistration/v1.ts'

const RESERVED = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return var void while'.split(
    ' ',
  ),
)

/** What expressions may name, each compiled for those that come after it. */
export function* validateVariables(
  variables: readonly Frozen<Variable>[],
  compiler: PolicyCompiler,
  path: string,
): Iterable<FieldError> {
  for (const [index, { name, expression }] of variables.entries()) {
    const at = `${path}[${index}]`
    if (!name.trim()) yield required(`${at}.name`, 'name is not specified')
    else if (!/^[_a-zA-Z][_a-zA-Z0-9]*$/.test(name) || RESERVED.has(name)) {
      yield invalid(`${at}.name`, name, 'must be a valid CEL identifier')
    }
    if (!expression.trim()) yield required(`${at}.expression`, 'expression is not specified')
    else yield* expressionProblem(expression, compiler.addVariable(name, expression), `${at}.expression`)
  }
}
