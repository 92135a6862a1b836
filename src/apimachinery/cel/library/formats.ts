import { decodeBase64 } from '../../../lib/base64.ts'
import {
  isDns1035Label,
  isLabelValue,
  isQualifiedName,
  nameIsDnsLabel,
  nameIsDnsSubdomain,
} from '../../validation/names.ts'
import { listType, optionalType, STRING } from '../check/types.ts'
import { parseTimestamp } from '../values/convert.ts'
import { ArrayList, type CelError, type CelValue, NONE, noSuchOverload, Opaque, Optional } from '../values/values.ts'
import { type FunctionDecl, fn, member, overload } from './functions.ts'
import { FORMAT_TYPE } from './types.ts'
import { parseRequestUri, UrlError } from './urls.ts'

type Check = (text: string) => readonly string[]

/** A format that texts can be checked against. */
class FormatValue extends Opaque {
  readonly type = FORMAT_TYPE
  readonly name: string
  readonly check: Check
  override readonly patternSizeForCost: number
  constructor(name: string, check: Check, patternSize: number) {
    super()
    this.name = name
    this.check = check
    this.patternSizeForCost = patternSize
  }
  equals(other: CelValue): boolean | CelError {
    return other instanceof FormatValue ? this.name === other.name : noSuchOverload
  }
}

/** A complaint if the condition does not hold. */
const unless = (holds: (text: string) => boolean, complaint: string): Check => {
  return (text) => (holds(text) ? [] : [complaint])
}

function uriProblems(text: string): readonly string[] {
  try {
    parseRequestUri(text)
    return []
  } catch (error) {
    if (!(error instanceof UrlError)) throw error
    return [error.message]
  }
}

/** A prefix of a name may end in a dash: what is generated after it does not. */
const asPrefix = (text: string): string => (text.endsWith('-') ? `${text.slice(0, -1)}a` : text)

const UUID = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i
const isBase64 = (text: string): boolean => text !== '' && typeof decodeBase64(text) !== 'number'
const isDate = (text: string): boolean => parseTimestamp(`${text}T00:00:00Z`) !== undefined
const isDateTime = (text: string): boolean => parseTimestamp(text) !== undefined

/** The named formats: name, check, and the length of the pattern that stands for its cost. */
const FORMATS: readonly (readonly [string, string, Check, number])[] = [
  ['dns1123Label', 'DNS1123Label', (text) => nameIsDnsLabel(text, false), 30],
  ['dns1123Subdomain', 'DNS1123Subdomain', (text) => nameIsDnsSubdomain(text, false), 60],
  ['dns1035Label', 'DNS1035Label', isDns1035Label, 30],
  ['qualifiedName', 'QualifiedName', isQualifiedName, 60],
  ['dns1123LabelPrefix', 'DNS1123LabelPrefix', (text) => nameIsDnsLabel(text, true), 30],
  ['dns1123SubdomainPrefix', 'DNS1123SubdomainPrefix', (text) => nameIsDnsSubdomain(text, true), 60],
  ['dns1035LabelPrefix', 'DNS1035LabelPrefix', (text) => isDns1035Label(asPrefix(text)), 30],
  ['labelValue', 'LabelValue', isLabelValue, 40],
  ['uri', 'URI', uriProblems, 1103],
  ['uuid', 'uuid', unless((text) => UUID.test(text), 'does not match the UUID format'), 70],
  ['byte', 'byte', unless(isBase64, 'invalid base64'), 84],
  ['date', 'date', unless(isDate, 'invalid date'), 71],
  ['datetime', 'datetime', unless(isDateTime, 'invalid datetime'), 71],
]

const byName = new Map(FORMATS.map(([name, shown, check, size]) => [name, new FormatValue(shown, check, size)]))

function validate(format: CelValue | undefined, text: CelValue | undefined): CelValue {
  if (!(format instanceof FormatValue) || typeof text !== 'string') return noSuchOverload
  const problems = format.check(text)
  return problems.length === 0 ? NONE : new Optional(new ArrayList(problems))
}

function named(name: CelValue | undefined): CelValue {
  if (typeof name !== 'string') return noSuchOverload
  const format = byName.get(name)
  return format === undefined ? NONE : new Optional(format)
}

/** Kubernetes' named formats. */
export const formatLibrary: readonly FunctionDecl[] = [
  fn('validate', member('format-validate', [FORMAT_TYPE, STRING], optionalType(listType(STRING)), validate)),
  fn('format.named', overload('format-named', [STRING], optionalType(FORMAT_TYPE), named)),
  ...[...byName].map(([name, format]) =>
    fn(
      `format.${name}`,
      overload(`format.${name}`, [], FORMAT_TYPE, () => format),
    ),
  ),
]
