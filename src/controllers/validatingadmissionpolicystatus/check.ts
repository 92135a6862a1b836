import { PolicyTypes } from '../../api/admissionregistration/expressions/type-check.ts'
import type {
  ExpressionWarning,
  ValidatingAdmissionPolicy,
} from '../../api/generated/types/admissionregistration/v1.ts'
import { DYN } from '../../apimachinery/cel/index.ts'
import type { Frozen } from '../../apimachinery/meta.ts'
import type { Documents } from './documents.ts'
import { kindNamed, kindsOf, type PolicyKind } from './kinds.ts'
import { SchemaTypes } from './types.ts'

/** Where a policy's expressions do not fit a kind it is for. Kinds that are not of the API itself are looked up in `documents`. */
export function typeWarnings(
  policy: Frozen<ValidatingAdmissionPolicy>,
  documents: Documents = new Map(),
): readonly ExpressionWarning[] {
  const checkers = kindsOf(policy, documents).map((kind) => checkerOf(policy, kind, documents))
  const warnings: ExpressionWarning[] = []
  const check = (expression: string, fieldRef: string): void => {
    const found = checkers.flatMap(({ name, types }) => {
      const problem = types.problem(expression)
      return problem === undefined ? [] : [`${name}: ${problem}\n`]
    })
    if (found.length > 0) warnings.push({ fieldRef, warning: found.join('\n') })
  }
  for (const [index, { expression, messageExpression }] of (policy.spec?.validations ?? []).entries()) {
    check(expression, `spec.validations[${index}].expression`)
    if (messageExpression) check(messageExpression, `spec.validations[${index}].messageExpression`)
  }
  return warnings
}

interface Checker {
  /** The kind, as Go prints it. */
  readonly name: string
  readonly types: PolicyTypes
}

function checkerOf({ spec }: Frozen<ValidatingAdmissionPolicy>, of: PolicyKind, documents: Documents): Checker {
  const { group, version, kind } = of
  const schemas = new SchemaTypes()
  const { paramKind } = spec ?? {}
  const params = paramKind && (kindNamed(paramKind, documents)?.typeIn(schemas, `${paramKind.kind}Params`) ?? DYN)
  const types = new PolicyTypes({
    object: of.typeIn(schemas, kind) ?? DYN,
    ...(params && { params }),
    resolveStruct: schemas.resolve,
  })
  for (const { name, expression } of spec?.variables ?? []) types.addVariable(name, expression)
  return { name: `${group}/${version}, Kind=${kind}`, types }
}
