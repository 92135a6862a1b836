import { equalJson } from '../../lib/json-value.ts'
import { compileGoRegExp, type GoRegExp } from '../../lib/go-regexp.ts'
import { goQuote } from '../../lib/quote.ts'
import { type FieldError, invalid, notSupported, required, tooLong, tooMany, typeInvalid } from '../status.ts'
import { validateCombined } from './combined.ts'
import type { Correlated } from './correlation.ts'
import { hasFormat } from './formats.ts'
import { additionalSchema, isObject, type JsonObject, type JsonSchema } from './json-schema.ts'
import { validateNumber } from './numbers.ts'
import { type Finding, Result } from './result.ts'
import { checkedFormat, typeOf, typesOf } from './types.ts'

/**
 * Checks a value against a schema, in the words and the order of upstream's validator. `base` is the path of the value itself
 * (`status`); findings about the value as a whole then have it as their field. With `correlated`, what did not change since the old
 * value need not be valid.
 */
export function validateValue(value: unknown, schema: JsonSchema, base = '', correlated?: Correlated): FieldError[] {
  const validator = new Validator(base)
  return validator.validate(value, schema, '', correlated).errors.map(({ error }) => error)
}

/** Carries what all findings of one validation share. */
export class Validator {
  readonly #base: string

  constructor(base: string) {
    this.#base = base
  }

  validate(value: unknown, schema: JsonSchema, path: string, correlated?: Correlated): Result {
    const result = this.check(value, schema, path, correlated)
    if (result.isValid || !correlated?.isUnchanged) return result
    const tolerated = new Result()
    tolerated.matches = result.matches
    return tolerated
  }

  /** Tolerates what did not change within the value, but not the value itself: for the branches of a schema. */
  check(value: unknown, schema: JsonSchema, path: string, correlated: Correlated | undefined): Result {
    const result = new Result()
    result.merge(this.#validateType(value, schema, path))
    if (value === null) {
      this.#validateEnum(result, value, schema, path)
      return result
    }
    if (schema.type !== undefined || schema['x-kubernetes-int-or-string']) result.matches++
    result.merge(validateCombined(this, value, schema, path, correlated))
    result.matches++
    if (typeof value === 'string') this.#validateString(result, value, schema, path)
    if (typeof value === 'number' || typeof value === 'bigint') {
      result.merge(validateNumber(this, value, schema, path))
      result.matches++
    }
    if (Array.isArray(value)) this.#validateList(result, value, schema, path, correlated)
    this.#validateEnum(result, value, schema, path)
    result.matches++
    if (isObject(value)) {
      this.#validateObject(result, value, schema, path, correlated)
      result.matches++
    }
    result.matches++
    return result
  }

  /** The field of a path: schemas know no path of what they are the schema of. */
  at(path: string): string {
    const field = path.replace(/^\./, '')
    if (field === '') return this.#base || '<nil>'
    return this.#base ? `${this.#base}.${field}` : field
  }

  /** A finding about the value at a path, which upstream's text names as well. */
  wrong(path: string, value: unknown, text: string): Finding {
    return { error: invalid(this.at(path), value, `${path} in body ${text}`), text: `${path} ${text}` }
  }

  /** A finding about the whole, whose field is not told. */
  general(text: string): Finding {
    return { error: invalid(this.at(''), '', text), text }
  }

  #validateType(value: unknown, schema: JsonSchema, path: string): Result {
    const result = new Result()
    const types = typesOf(schema)
    const format = checkedFormat(schema)
    if (types.length === 0 && !format) return result
    const actual = typeOf(value)
    const mismatch = (wanted: string, found: string): Result => {
      const text = `${path} in body must be of type ${wanted}: ${goQuote(found)}`
      result.add({ error: typeInvalid(this.at(path), found, text), text })
      return result
    }
    if (actual === 'null') {
      if (types.length > 0 && !schema.nullable) return mismatch(types.join(','), 'null')
      result.matches++
      return result
    }
    const fits =
      types.includes(actual) ||
      (actual === 'integer' && types.includes('number')) ||
      (actual === 'number' && Number.isSafeInteger(value) && types.includes('integer'))
    const isText = typeof value === 'string' || Array.isArray(value)
    const own = goFormat(actual)
    if (!isText && format && !fits && own !== format) return mismatch(format, own)
    const isNumeric = types.includes('number') || types.includes('integer')
    if (!(format && isText && !isNumeric) && !fits) return mismatch(types.join(','), actual)
    result.matches++
    return result
  }

  #validateEnum(result: Result, value: unknown, { enum: allowed }: JsonSchema, path: string): void {
    if (!allowed || allowed.length === 0 || allowed.some((one) => isOneOf(value, one))) return
    const texts = allowed.map((one) => (typeof one === 'string' ? one : JSON.stringify(one)))
    result.add({ error: notSupported(this.at(path), value, texts), text: `${path} should be one of` })
  }

  #validateString(result: Result, value: string, schema: JsonSchema, path: string): void {
    const { minLength, maxLength, pattern } = schema
    const length = minLength === undefined && maxLength === undefined ? 0 : lengthOf(value)
    if (maxLength !== undefined && length > maxLength) {
      result.add({ error: tooLong(this.at(path), maxLength), text: `${path} should be at most ${maxLength} long` })
    } else if (minLength !== undefined && length < minLength) {
      result.add(this.wrong(path, value, `should be at least ${minLength} chars long`))
    } else if (pattern && !matcherOf(schema, pattern).test(value)) {
      result.add(this.wrong(path, value, `should match '${pattern}'`))
    }
    result.matches++
    const format = checkedFormat(schema)
    if (!format) return
    result.matches++
    if (hasFormat(value, format)) return
    const text = `${path} in body must be of type ${format}: ${goQuote(value)}`
    result.add({ error: typeInvalid(this.at(path), value, text), text })
  }

  #validateList(
    result: Result,
    value: readonly unknown[],
    schema: JsonSchema,
    path: string,
    correlated: Correlated | undefined,
  ): void {
    const { items, minItems, maxItems, uniqueItems } = schema
    if (items) {
      for (const [index, item] of value.entries()) {
        result.merge(this.validate(item, items, `${path}[${index}]`, correlated?.item(index)))
      }
    }
    if (minItems !== undefined && value.length < minItems) {
      result.add(this.wrong(path, value.length, `should have at least ${minItems} items`))
    }
    if (maxItems !== undefined && value.length > maxItems) {
      const error = tooMany(this.at(path), value.length, maxItems)
      result.add({ error, text: `${path} should have at most ${maxItems} items` })
    }
    if (uniqueItems && value.some((item, index) => value.slice(0, index).some((other) => equalJson(item, other)))) {
      result.add(this.wrong(path, '', "shouldn't contain duplicates"))
    }
    result.matches += 2
  }

  #validateObject(
    result: Result,
    value: JsonObject,
    schema: JsonSchema,
    path: string,
    correlated: Correlated | undefined,
  ): void {
    const { properties = {}, minProperties, maxProperties } = schema
    const count = minProperties === undefined && maxProperties === undefined ? 0 : Object.keys(value).length
    if (minProperties !== undefined && count < minProperties) {
      result.add(this.wrong(path, count, `should have at least ${minProperties} properties`))
    }
    if (maxProperties !== undefined && count > maxProperties) {
      const error = tooMany(this.at(path), count, maxProperties)
      result.add({ error, text: `${path} should have at most ${maxProperties} properties` })
    }
    const further = additionalSchema(schema)
    if (further) {
      for (const [name, field] of Object.entries(value)) {
        if (Object.hasOwn(properties, name) || field === undefined) continue
        result.merge(this.validate(field, further, `${path}.${name}`, correlated?.property(name)))
      }
    }
    for (const [name, property] of Object.entries(properties)) {
      const field = Object.hasOwn(value, name) ? value[name] : undefined
      if (field === undefined) continue
      // What kind of object it is says the request: it cannot be unchanged.
      const isTypeMeta = path === '' && (name === 'kind' || name === 'apiVersion')
      const before = isTypeMeta ? undefined : correlated?.property(name)
      result.merge(this.validate(field, property, path ? `${path}.${name}` : name, before))
    }
    for (const name of schema.required ?? []) {
      if (Object.hasOwn(value, name) && value[name] !== undefined) continue
      result.add({ error: required(this.at(`${path}.${name}`)), text: `${path}.${name} is required` })
    }
  }
}

/** How Go calls the numbers of JSON. */
function goFormat(actual: string): string {
  return actual === 'integer' ? 'int64' : actual === 'number' ? 'float64' : ''
}

/** Numbers are compared as the type that the allowed one has: 1.5 is 1 among integers. */
function isOneOf(value: unknown, allowed: unknown): boolean {
  if (value === null) return false
  if (typeof allowed !== 'number' || (typeof value !== 'number' && typeof value !== 'bigint')) {
    return typeof value === typeof allowed && equalJson(value, allowed)
  }
  return Number.isInteger(allowed) ? Math.trunc(Number(value)) === allowed : Number(value) === allowed
}

function lengthOf(text: string): number {
  let length = 0
  for (const _char of text) length++
  return length
}

const matchers = new WeakMap<JsonSchema, GoRegExp>()

/** A schema's pattern, compiled once. */
function matcherOf(schema: JsonSchema, pattern: string): GoRegExp {
  const compiled = matchers.get(schema) ?? compileGoRegExp(pattern)
  matchers.set(schema, compiled)
  return compiled
}
