import { goQuote } from '../../../lib/quote.ts'
import { BOOL, INT, STRING } from '../check/types.ts'
import { CelError, type CelValue, isError, noSuchOverload, Opaque, toInt } from '../values/values.ts'
import { type FunctionDecl, fn, type Implementation, member, overload } from './functions.ts'
import { SEMVER_TYPE } from './types.ts'

const MAX_UINT = 2n ** 64n - 1n

/** A version of semver.org 2.0.0. */
class SemverValue extends Opaque {
  readonly type = SEMVER_TYPE
  readonly numbers: readonly [bigint, bigint, bigint]
  readonly prerelease: readonly (string | bigint)[]
  constructor(numbers: readonly [bigint, bigint, bigint], prerelease: readonly (string | bigint)[]) {
    super()
    this.numbers = numbers
    this.prerelease = prerelease
  }
  equals(other: CelValue): boolean | CelError {
    return other instanceof SemverValue ? compareVersions(this, other) === 0 : noSuchOverload
  }
}

function compareVersions(a: SemverValue, b: SemverValue): number {
  for (const [i, number] of a.numbers.entries()) {
    const other = b.numbers[i] ?? 0n
    if (number !== other) return number < other ? -1 : 1
  }
  return comparePrereleases(a.prerelease, b.prerelease)
}

/** A version before its release is less than it; numbers are less than words; more parts are more. */
function comparePrereleases(a: readonly (string | bigint)[], b: readonly (string | bigint)[]): number {
  if (a.length === 0 || b.length === 0) return Math.sign(b.length - a.length)
  for (const [i, x] of a.entries()) {
    const y = b[i]
    if (y === undefined) return 1
    if (x === y) continue
    if (typeof x !== typeof y) return typeof x === 'bigint' ? -1 : 1
    return x < y ? -1 : 1
  }
  return a.length < b.length ? -1 : 0
}

/** What a text is not a version for. */
class SemverError extends Error {}

function parseVersion(text: string): SemverValue {
  if (text === '') throw new SemverError('Version string empty')
  const [major, minor, ...rest] = text.split('.')
  if (major === undefined || minor === undefined || rest.length === 0) {
    throw new SemverError('No Major.Minor.Patch elements found')
  }
  const { patch, prerelease, build } = lastPart(rest.join('.'))
  const numbers = [numberOf('Major', major), numberOf('Minor', minor), numberOf('Patch', patch)] as const
  const parts = prerelease.map(prereleasePart)
  for (const part of build) {
    if (part === '') throw new SemverError('Build meta data is empty')
    if (!/^[0-9A-Za-z-]+$/.test(part)) {
      throw new SemverError(`Invalid character(s) found in build meta data ${goQuote(part)}`)
    }
  }
  return new SemverValue(numbers, parts)
}

function lastPart(text: string): { patch: string; prerelease: string[]; build: string[] } {
  const plus = text.indexOf('+')
  const build = plus < 0 ? [] : text.slice(plus + 1).split('.')
  const version = plus < 0 ? text : text.slice(0, plus)
  const dash = version.indexOf('-')
  const prerelease = dash < 0 ? [] : version.slice(dash + 1).split('.')
  return { patch: dash < 0 ? version : version.slice(0, dash), prerelease, build }
}

function numberOf(which: string, text: string): bigint {
  if (!/^\d*$/.test(text)) {
    throw new SemverError(`Invalid character(s) found in ${which.toLowerCase()} number ${goQuote(text)}`)
  }
  if (/^0\d/.test(text)) throw new SemverError(`${which} number must not contain leading zeroes ${goQuote(text)}`)
  return unsigned(text)
}

function unsigned(text: string): bigint {
  if (text === '') throw new SemverError('strconv.ParseUint: parsing "": invalid syntax')
  const value = BigInt(text)
  if (value > MAX_UINT) throw new SemverError(`strconv.ParseUint: parsing ${goQuote(text)}: value out of range`)
  return value
}

function prereleasePart(text: string): string | bigint {
  if (text === '') throw new SemverError('Prerelease is empty')
  if (/^\d+$/.test(text)) {
    if (/^0\d/.test(text)) {
      throw new SemverError(`Numeric PreRelease version must not contain leading zeroes ${goQuote(text)}`)
    }
    return unsigned(text)
  }
  if (/^[0-9A-Za-z-]+$/.test(text)) return text
  throw new SemverError(`Invalid character(s) found in prerelease ${goQuote(text)}`)
}

/** Forgives a leading v, leading zeros and missing parts. */
function normalized(text: string): string {
  const parts = text.replace(/^v/, '').split('.')
  const three = parts.length > 3 ? [...parts.slice(0, 2), parts.slice(2).join('.')] : parts
  const trimmed = three.map((part) => {
    if (part.length < 2) return part
    const stripped = part.replace(/^0+/, '')
    return /^\d/.test(stripped) ? stripped : `0${stripped}`
  })
  if (trimmed.length < 3 && /[+-]/.test(trimmed.at(-1) ?? '')) {
    throw new SemverError('short version cannot contain PreRelease/Build meta data')
  }
  while (trimmed.length < 3) trimmed.push('0')
  return trimmed.join('.')
}

function toSemver(text: CelValue | undefined, normalize: CelValue = false): SemverValue | CelError {
  if (typeof text !== 'string' || typeof normalize !== 'boolean') return noSuchOverload
  try {
    return parseVersion(normalize ? normalized(text) : text)
  } catch (error) {
    if (!(error instanceof SemverError)) throw error
    return new CelError(error.message)
  }
}

const isSemver: Implementation = (text, normalize) => !isError(toSemver(text, normalize))

function part(index: 0 | 1 | 2): Implementation {
  return (value) => (value instanceof SemverValue ? toInt(BigInt.asIntN(64, value.numbers[index])) : noSuchOverload)
}

function comparing(act: (order: number) => CelValue): Implementation {
  return (a, b) => (a instanceof SemverValue && b instanceof SemverValue ? act(compareVersions(a, b)) : noSuchOverload)
}

const TWO = [SEMVER_TYPE, SEMVER_TYPE]

/** Kubernetes' semantic versions, version 1 of the library. */
export const semverLibrary: readonly FunctionDecl[] = [
  fn(
    'semver',
    overload('string_to_semver', [STRING], SEMVER_TYPE, toSemver),
    overload('string_bool_to_semver', [STRING, BOOL], SEMVER_TYPE, toSemver),
  ),
  fn(
    'isSemver',
    overload('is_semver_string', [STRING], BOOL, isSemver),
    overload('is_semver_string_bool', [STRING, BOOL], BOOL, isSemver),
  ),
  fn(
    'isGreaterThan',
    member(
      'semver_is_greater_than',
      TWO,
      BOOL,
      comparing((order) => order > 0),
    ),
  ),
  fn(
    'isLessThan',
    member(
      'semver_is_less_than',
      TWO,
      BOOL,
      comparing((order) => order < 0),
    ),
  ),
  fn(
    'compareTo',
    member(
      'semver_compare_to',
      TWO,
      INT,
      comparing((order) => order),
    ),
  ),
  fn('major', member('semver_major', [SEMVER_TYPE], INT, part(0))),
  fn('minor', member('semver_minor', [SEMVER_TYPE], INT, part(1))),
  fn('patch', member('semver_patch', [SEMVER_TYPE], INT, part(2))),
]
