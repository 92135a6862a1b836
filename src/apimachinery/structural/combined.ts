import { goQuote } from '../../lib/quote.ts'
import type { Correlated } from './correlation.ts'
import type { JsonSchema } from './json-schema.ts'
import { Result } from './result.ts'
import type { Validator } from './validate.ts'

/** anyOf, oneOf, allOf and not, in upstream's order. Of alternatives that all fail, the one that came furthest is told. */
export function validateCombined(
  validator: Validator,
  value: unknown,
  schema: JsonSchema,
  path: string,
  correlated: Correlated | undefined,
): Result {
  const result = new Result()
  const { anyOf, oneOf, allOf, not } = schema
  if (!anyOf && !oneOf && !allOf && !not) {
    result.matches++
    return result
  }
  const against = (one: JsonSchema): Result => validator.check(value, one, path, correlated)
  const name = goQuote(path)
  if (anyOf?.length) anyOfThem(validator, anyOf, against, name, result)
  if (oneOf?.length) oneOfThem(validator, oneOf, against, name, result)
  if (allOf?.length) allOfThem(validator, allOf, against, name, result)
  if (not && against(not).isValid) result.add(validator.general(`${name} must not validate the schema (not)`))
  result.matches++
  return result
}

type Against = (schema: JsonSchema) => Result

function anyOfThem(
  validator: Validator,
  branches: readonly JsonSchema[],
  against: Against,
  name: string,
  to: Result,
): void {
  const results: Result[] = []
  for (const branch of branches) {
    const result = against(branch)
    if (result.isValid) return to.merge(result)
    results.push(result)
  }
  to.add(validator.general(`${name} must validate at least one schema (anyOf)`))
  to.merge(best(results))
}

function oneOfThem(
  validator: Validator,
  branches: readonly JsonSchema[],
  against: Against,
  name: string,
  to: Result,
): void {
  const results = branches.map(against)
  const valid = results.filter(({ isValid }) => isValid)
  const [only] = valid
  if (only && valid.length === 1) return to.merge(only)
  const what = valid.length === 0 ? 'Found none valid' : `Found ${valid.length} valid alternatives`
  to.add(validator.general(`${name} must validate one and only one schema (oneOf). ${what}`))
  if (valid.length === 0) to.merge(best(results))
}

function allOfThem(
  validator: Validator,
  branches: readonly JsonSchema[],
  against: Against,
  name: string,
  to: Result,
): void {
  let valid = 0
  for (const branch of branches) {
    const result = against(branch)
    if (result.isValid) valid++
    to.merge(result)
  }
  if (valid === branches.length) return
  to.add(validator.general(`${name} must validate all the schemas (allOf)${valid === 0 ? '. None validated' : ''}`))
}

function best(results: readonly Result[]): Result {
  return results.reduce((one, other) => (other.matches > one.matches ? other : one))
}
