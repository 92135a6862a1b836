import { duplicate, type FieldError, fieldForbidden, invalid, required } from '../../status.ts'
import type { JsonSchema, ValidationRule } from '../json-schema.ts'

interface Level {
  readonly schema: JsonSchema
}

/** The root has no path; upstream's Go prints that as it does. */
const shown = (path: string): string => (path === '' ? '<nil>' : path)

/** An error about evaluation: in place of the value it names the type. */
export function typed({ schema }: Level, path: string, detail: string): FieldError {
  return invalid(shown(path), schema.type ?? '', detail)
}

export function outOfBudget(level: Level, path: string): FieldError {
  const why = 'running out of cost budget, no further validation rules will be run'
  return typed(level, path, `validation failed due to ${why}`)
}

/** How a rule is named in complaints: by its message, or as it is. */
function ruleName({ message, rule }: ValidationRule): string {
  return (message || rule).trim()
}

/** What is said of a value that fails a rule, if no expression says more. */
export function ruleText(rule: ValidationRule): string {
  return rule.message ? rule.message.trim() : `failed rule: ${ruleName(rule)}`
}

/** What is said of a rule whose evaluation failed. `final`: no rule is evaluated after it. */
export function ruleError(message: string, rule: ValidationRule): { problem: string; final: boolean } {
  const name = ruleName(rule)
  if (message.startsWith('no such overload')) {
    const why = 'call arguments did not match a supported operator, function or macro signature for rule'
    return { problem: `'${message}': ${why}: ${name}`, final: false }
  }
  if (message.startsWith('operation cancelled: actual cost limit exceeded')) {
    const why = 'no further validation rules will be run due to call cost exceeds limit for rule'
    return { problem: `'${message}': ${why}: ${name}`, final: true }
  }
  return { problem: `${message} evaluating rule: ${name}`, final: false }
}

/** The error for a value that fails a rule. Objects and lists are not printed. */
export function ruleFailure(
  { schema }: Level,
  path: string,
  value: unknown,
  { rule, detail }: { rule: ValidationRule; detail: string },
): FieldError {
  const field = shown(path)
  const printed = schema.type !== 'object' && schema.type !== 'array'
  switch (rule.reason) {
    case 'FieldValueForbidden':
      return fieldForbidden(field, detail)
    case 'FieldValueRequired':
      return required(field, detail)
    case 'FieldValueDuplicate':
      return printed ? duplicate(field, value) : { ...duplicate(field, value), message: 'Duplicate value' }
    default:
      return printed
        ? invalid(field, value, detail)
        : { ...invalid(field, '', ''), message: `Invalid value: ${detail}` }
  }
}
