/** Checks that many kinds share, with upstream's words. Paths are written as upstream's: `spec.ports[0].name`. */
import { semanticEqual } from '../apimachinery/equality.ts'
import { type FieldError, invalid, notSupported, required } from '../apimachinery/status.ts'
import { internalForm } from './internal-form.ts'
import { parseQuantity } from '../apimachinery/quantity/quantity.ts'
import {
  isDns1123Label,
  isDns1123Subdomain,
  isPathSegmentName,
  isPortName,
  isPortNumber,
  isQualifiedName,
} from '../apimachinery/validation/names.ts'

/** One `Invalid value` per problem. */
export function problems(field: string, value: unknown, texts: readonly string[]): FieldError[] {
  return texts.map((text) => invalid(field, value, text))
}

export const dns1123Label = (field: string, value: string): FieldError[] =>
  problems(field, value, isDns1123Label(value))

export const dns1123Subdomain = (field: string, value: string): FieldError[] =>
  problems(field, value, isDns1123Subdomain(value))

export const qualifiedName = (field: string, value: string): FieldError[] =>
  problems(field, value, isQualifiedName(value))

/** A name that can be part of a URL's path; the empty string is `Required`. */
export const pathSegment = (field: string, value: string): FieldError[] =>
  value ? problems(field, value, isPathSegmentName(value)) : [required(field)]

export const NOT_NEGATIVE = 'must be greater than or equal to 0'
export const POSITIVE = 'must be greater than 0'
export const IMMUTABLE = 'field is immutable'

/** A whole number that may not be negative; absent ones pass. */
export const nonNegative = (field: string, value: number | undefined): FieldError[] =>
  value !== undefined && value < 0 ? [invalid(field, value, NOT_NEGATIVE)] : []

/** An amount that may not be negative; absent ones pass. */
export const nonNegativeQuantity = (field: string, value: string | number | undefined): FieldError[] =>
  value !== undefined && parseQuantity(String(value)).nanos < 0n ? [invalid(field, String(value), NOT_NEGATIVE)] : []

/** A whole number above zero; absent ones pass. */
export const positive = (field: string, value: number | undefined): FieldError[] =>
  value !== undefined && value <= 0 ? [invalid(field, value, POSITIVE)] : []

/** Required, and nothing else. */
export const present = (field: string, value: unknown): FieldError[] =>
  value === undefined || value === null || value === '' ? [required(field)] : []

/** One of these; the empty string and absence are `Required`. */
export function oneOf(field: string, value: string | undefined, allowed: readonly string[]): FieldError[] {
  if (!value) return [required(field)]
  return supported(field, value, allowed)
}

/** One of these; absence passes. */
export function supported(field: string, value: string | undefined, allowed: readonly string[]): FieldError[] {
  return value === undefined || allowed.includes(value) ? [] : [notSupported(field, value, allowed)]
}

/** A port by number or by name. */
export function portNumberOrName(field: string, port: string | number | undefined): FieldError[] {
  return typeof port === 'string'
    ? problems(field, port, isPortName(port))
    : problems(field, port ?? 0, isPortNumber(port ?? 0))
}

/** The words for a number outside its range. */
export const inclusiveRange = (min: number, max: number): string => `must be between ${min} and ${max}, inclusive`

/** `Invalid value` without the value, where upstream leaves it out. */
export const invalidOmitted = (field: string, detail: string): FieldError => ({
  type: 'FieldValueInvalid',
  field,
  message: `Invalid value: ${detail}`,
})

/** A field that must stay what it was. What upstream prints of a struct is its own form: `model` names the type. */
export function immutableField(field: string, now: unknown, old: unknown, model?: string): FieldError[] {
  return semanticEqual(now, old) ? [] : [invalid(field, model ? internalForm(model, now) : now, IMMUTABLE)]
}

/** A label selector never changes. */
export const immutableSelector = (field: string, now: unknown, old: unknown): FieldError[] =>
  immutableField(field, now, old, 'io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelector')

/** `example.com/path`: a domain, and a path of what URLs allow (IsDomainPrefixedPath). */
export function domainPrefixedPath(field: string, value: string): FieldError[] {
  if (value === '') return [required(field)]
  const slash = value.indexOf('/')
  const host = slash < 0 ? value : value.slice(0, slash)
  const path = slash < 0 ? '' : value.slice(slash + 1)
  if (host === '' || path === '') {
    return [invalid(field, value, 'must be a domain-prefixed path (such as "acme.io/foo")')]
  }
  const errors = problems(field, host, isDns1123Subdomain(host))
  if (!/^[A-Za-z0-9/\-._~%!$&'()*+,;=:]+$/.test(path)) {
    const regex = "[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+"
    errors.push(invalid(field, path, `Invalid path (regex used for validation is '${regex}')`))
  }
  return errors
}

/** A map with its keys in order, as Go prints it in messages. */
export const sortedKeys = <T>(map: Readonly<Record<string, T>> | undefined): Record<string, T> | undefined =>
  map && Object.fromEntries(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1)))
