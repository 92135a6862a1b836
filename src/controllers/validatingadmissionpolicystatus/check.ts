import { PolicyTypes } from '../../api/admissionregistration/expressions/type-check.ts'
import type {
  ExpressionWarning,
  ValidatingAdmissionPolicy,
} from '../../api/generated/types/admissionregistration/v1.ts'
import { builtInResources } from '../../api/index.ts'
import { type CelType, DYN } from '../../apimachinery/cel/index.ts'
import type { Frozen } from '../../apimachinery/meta.ts'
import type { ResourceDefinition } from '../../apimachinery/resource.ts'
import { kindsOf } from './kinds.ts'
import { SchemaTypes } from './types.ts'

/** Where a policy's expressions do not fit a kind it is for. */
export function typeWarnings(policy: Frozen<ValidatingAdmissionPolicy>): readonly ExpressionWarning[] {
  const checkers = kindsOf(policy).map((kind) => checkerOf(policy, kind))
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

function checkerOf(
  { spec }: Frozen<ValidatingAdmissionPolicy>,
  { group, version, kind, schema }: ResourceDefinition,
): Checker {
  const schemas = new SchemaTypes()
  const params = spec?.paramKind && (paramsType(spec.paramKind, schemas) ?? DYN)
  const types = new PolicyTypes({
    object: schemas.typeOf(schema, kind) ?? DYN,
    ...(params && { params }),
    resolveStruct: schemas.resolve,
  })
  for (const { name, expression } of spec?.variables ?? []) types.addVariable(name, expression)
  return { name: `${group}/${version}, Kind=${kind}`, types }
}

function paramsType(
  { apiVersion = '', kind = '' }: { readonly apiVersion?: string; readonly kind?: string },
  schemas: SchemaTypes,
): CelType | undefined {
  const found = builtInResources.find((one) => {
    return one.kind === kind && (one.group ? `${one.group}/${one.version}` : one.version) === apiVersion
  })
  return found && schemas.typeOf(found.schema, `${kind}Params`)
}
