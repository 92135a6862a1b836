import { CelList, CelMap, type CelValue, Opaque, Optional } from '../values/values.ts'
import { extensionCost } from './extensions.ts'
import { codePoints } from '../values/text.ts'

/** What traversing one character costs. */
export const TRAVERSAL = 0.1
/** What one character of a pattern costs. */
export const REGEX_LENGTH = 0.25
/** What an authorization check costs: two of them fill an expression's budget. */
export const AUTHORIZATION_CHECK = 350_000

/** What a call costs: always the same, or by its arguments and result. */
export type CallCost = number | ((args: readonly CelValue[], result: CelValue) => number)

/** How large a value is for costs: characters, bytes, elements; 1 for what has no size. */
export function sizeOf(value: CelValue | undefined): number {
  if (typeof value === 'string') return codePoints(value)
  if (value instanceof CelList || value instanceof CelMap) return value.size
  if (value instanceof Uint8Array) return value.length
  if (value instanceof Opaque) return value.sizeForCost ?? 1
  if (value instanceof Optional && value.value !== undefined) return sizeOf(value.value)
  return 1
}

/** Like {@link sizeOf}, but as Kubernetes' own functions count, which do not look into optionals. */
function ownSize(value: CelValue | undefined): number {
  return value instanceof Optional ? 1 : sizeOf(value)
}

const traverse = (factor: number, index = 0): CallCost => {
  return (args) => Math.ceil(ownSize(args[index]) * factor)
}

/** A pattern's cost over a text. */
export function patternCost(textSize: number, patternSize: number): number {
  return Math.ceil((1 + textSize) * TRAVERSAL) * Math.ceil(patternSize * REGEX_LENGTH)
}

/** The sum over all leaves of a list or map: a text's length in bytes by a tenth, 1 for anything else. */
function traversalOf(value: CelValue | undefined): number {
  if (typeof value === 'string') return Math.floor(utf8Length(value) * TRAVERSAL)
  if (value instanceof Uint8Array) return Math.floor(value.length * TRAVERSAL)
  let cost = 0
  if (value instanceof CelList) {
    for (const item of value) cost += traversalOf(item)
    return cost
  }
  if (!(value instanceof CelMap)) return 1
  for (const key of value.keys()) cost += traversalOf(key) + traversalOf(value.find(key))
  return cost
}

function utf8Length(text: string): number {
  let length = 0
  for (const c of text) {
    const code = c.codePointAt(0) ?? 0
    length += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4
  }
  return length
}

/** A selector's text is parsed into a list of requirements. */
function selectorCost(size: number): number {
  return 10 + Math.ceil(size * TRAVERSAL) + Math.ceil(Math.ceil(size * 0.5) * 50)
}

function containsCost(extra: 'ip' | 'cidr', parsed: boolean): CallCost {
  return ([container, other]) => {
    const size = ownSize(container)
    const compare = Math.ceil((size + size) * TRAVERSAL)
    const mask = extra === 'cidr' ? Math.ceil(size * TRAVERSAL) + 1 : 0
    return compare + mask + (parsed ? Math.ceil(ownSize(other) * TRAVERSAL) : 0)
  }
}

/** Costs by function; undefined leaves it to the overload. */
function byFunction(fn: string, overloadId: string): CallCost | undefined {
  switch (fn) {
    case 'check':
      return AUTHORIZATION_CHECK
    case 'fieldSelector':
    case 'labelSelector':
      return (args) => selectorCost(ownSize(args[1]))
    case 'isSorted':
    case 'sum':
    case 'max':
    case 'min':
    case 'indexOf':
    case 'lastIndexOf':
      return (args) => (args.length > 0 ? traversalOf(args[0]) : 0)
    case 'url':
    case 'lowerAscii':
    case 'upperAscii':
    case 'substring':
    case 'trim':
    case 'jsonpatch.escapeKey':
    case 'cidr':
    case 'isIP':
    case 'isCIDR':
    case 'quantity':
    case 'isQuantity':
    case 'semver':
    case 'isSemver':
      return traverse(TRAVERSAL)
    case 'replace':
    case 'split':
    case 'ip.isCanonical':
      return traverse(2 * TRAVERSAL)
    case 'join':
      return (_args, result) => Math.ceil(ownSize(result) * 2 * TRAVERSAL)
    case 'find':
    case 'findAll':
      return (args) => patternCost(ownSize(args[0]), ownSize(args[1]))
    case 'ip':
      return overloadId === 'cidr_ip' ? 1 : traverse(TRAVERSAL)
    case 'containsIP':
      return containsCost('ip', overloadId === 'cidr_contains_ip_string')
    case 'containsCIDR':
      return containsCost('cidr', overloadId === 'cidr_contains_cidr_string')
    case 'validate':
      return ([format, text]) =>
        format instanceof Opaque && format.patternSizeForCost !== undefined
          ? patternCost(ownSize(text), format.patternSizeForCost)
          : 1
    case '_==_':
      return (args) => (args[0] instanceof Opaque ? 1 : smaller(args))
    default:
      return undefined
  }
}

function smaller([a, b]: readonly CelValue[]): number {
  return Math.ceil(Math.min(sizeOf(a), sizeOf(b)) * TRAVERSAL)
}

const COMPARISONS = /^(?:less|greater|less_equals|greater_equals)_(?:string|bytes)$|^(?:not_)?equals$/

/** What a call costs at run time, by the function and the one overload it is (empty: not known before). */
export function callCost(fn: string, overloadId: string): CallCost {
  const own = extensionCost(overloadId, ownSize) ?? byFunction(fn, overloadId)
  if (own !== undefined) return own
  if (COMPARISONS.test(overloadId)) return smaller
  switch (overloadId) {
    case 'starts_with_string':
    case 'ends_with_string':
    case 'string_to_bytes':
    case 'bytes_to_string':
    case 'strings_quote':
    case 'string_format':
      return (args) => Math.ceil(sizeOf(args[0]) * TRAVERSAL)
    case 'in_list':
      return (args) => sizeOf(args[1])
    case 'add_string':
    case 'add_bytes':
      return ([a, b]) => Math.ceil((sizeOf(a) + sizeOf(b)) * TRAVERSAL)
    case 'matches_string':
      return ([text, pattern]) => patternCost(sizeOf(text), sizeOf(pattern))
    case 'contains_string':
      return ([text, part]) => Math.ceil(sizeOf(text) * TRAVERSAL) * Math.ceil(sizeOf(part) * TRAVERSAL)
    default:
      return 1
  }
}
