import type { CelType } from '../check/types.ts'
import { NODE_TYPES } from '../library/types.ts'
import type { CallEstimate, EstimatedNode, SizeEstimator } from './estimate.ts'
import { add, byFactor, fixed, MAX, multiply, NOTHING, type Range, UNKNOWN } from './range.ts'
import { AUTHORIZATION_CHECK, REGEX_LENGTH, TRAVERSAL } from './runtime.ts'

/** The longest pattern that a named format stands for, and the longest text it takes. */
const MAX_FORMAT_PATTERN = 128
const MAX_FORMAT_SIZE = 64

/**
 * What calls of Kubernetes' libraries cost. Undefined leaves a call to the specification's own estimates. These
 * figures decide which rules a CustomResourceDefinition may hold: they are upstream's, to the unit.
 */
export function kubernetesEstimate(
  fn: string,
  overloadId: string,
  target: EstimatedNode | undefined,
  args: readonly EstimatedNode[],
  sizes: SizeEstimator,
): CallEstimate | undefined {
  const size = (node: EstimatedNode | undefined): Range =>
    node === undefined ? UNKNOWN : (node.size ?? sizes(node.path ?? [], node.type) ?? UNKNOWN)
  const [first, second] = args
  switch (fn) {
    case 'check':
      return { cost: fixed(AUTHORIZATION_CHECK) }
    case 'serviceAccount':
    case 'path':
    case 'group':
    case 'resource':
    case 'subresource':
    case 'namespace':
    case 'name':
    case 'allowed':
    case 'reason':
    case 'error':
    case 'errored':
    case 'masked':
    case 'prefixLength':
    case 'family':
    case 'isUnspecified':
    case 'isLoopback':
    case 'isLinkLocalMulticast':
    case 'isLinkLocalUnicast':
    case 'isGlobalUnicast':
    case 'format.named':
    case 'sign':
    case 'asInteger':
    case 'isInteger':
    case 'asApproximateFloat':
    case 'isGreaterThan':
    case 'isLessThan':
    case 'compareTo':
    case 'add':
    case 'sub':
    case 'major':
    case 'minor':
    case 'patch':
    case 'getScheme':
    case 'getHostname':
    case 'getHost':
    case 'getPort':
    case 'getEscapedPath':
    case 'getQuery':
      return { cost: fixed(1) }
    case 'fieldSelector':
    case 'labelSelector':
      return args.length === 1 ? { cost: selectorCost(size(first)) } : undefined
    case 'isSorted':
    case 'sum':
    case 'max':
    case 'min':
    case 'indexOf':
    case 'lastIndexOf':
      return target && { cost: overElements(target, size) }
    case 'url':
    case 'jsonpatch.escapeKey':
      return args.length === 1 ? { cost: byFactor(size(first), TRAVERSAL), size: size(first) } : undefined
    case 'lowerAscii':
    case 'upperAscii':
    case 'substring':
    case 'trim':
      return target && { cost: byFactor(size(target), TRAVERSAL), size: size(target) }
    case 'replace':
      return target && args.length >= 2 ? replaced(size(target), size(first), size(second)) : undefined
    case 'split':
      return target && splitInto(size(target), args)
    case 'join':
      return target && joined(target, first, size)
    case 'find':
    case 'findAll':
      return target && first ? found(size(target), size(first)) : undefined
    case 'cidr':
    case 'isIP':
    case 'isCIDR':
    case 'quantity':
    case 'isQuantity':
    case 'semver':
    case 'isSemver':
      return first && { cost: byFactor(size(first), TRAVERSAL) }
    case 'ip':
      if (overloadId === 'cidr_ip') return { cost: fixed(1) }
      return first && { cost: byFactor(size(first), TRAVERSAL) }
    case 'ip.isCanonical':
      return first && { cost: byFactor(size(first), 2 * TRAVERSAL) }
    case 'containsIP':
      return first && { cost: contained(overloadId === 'cidr_contains_ip_string' ? size(first) : undefined, false) }
    case 'containsCIDR':
      return first && { cost: contained(overloadId === 'cidr_contains_cidr_string' ? size(first) : undefined, true) }
    case 'validate':
      return first && { cost: byFactor(byFactor(size(first), TRAVERSAL), MAX_FORMAT_PATTERN * REGEX_LENGTH) }
    case '_==_':
      return first && second ? equality(first.type, second) : undefined
    default:
      return undefined
  }
}

type SizeOf = (node: EstimatedNode | undefined) => Range

function selectorCost(length: Range): Range {
  return add(fixed(10), byFactor(length, TRAVERSAL), byFactor(byFactor(length, 0.5), 50))
}

/** The elements of a list, of which only the place and type are known. */
function elementOf(list: EstimatedNode): EstimatedNode | undefined {
  const [type] = list.type.parameters
  if (type === undefined) return undefined
  return { path: list.path && [...list.path, '@items'], type, expr: undefined, size: undefined }
}

/** A comparison for each element, texts traversed. */
function overElements(target: EstimatedNode, size: SizeOf): Range {
  const element = elementOf(target)
  if (element === undefined) return byFactor(size(target), TRAVERSAL)
  const text = element.type.kind === 'string' || element.type.kind === 'bytes'
  return multiply(size(target), text ? add(fixed(1), byFactor(size(element), TRAVERSAL)) : fixed(1))
}

function replaced(text: Range, from: Range, to: Range): CallEstimate {
  let maxCount = 0n
  let maxKept = 0n
  if (from.min === 0n) {
    maxCount = text.max < MAX ? text.max + 1n : text.max
    maxKept = text.max
  } else if (to.max <= from.min) {
    maxKept = text.max
  } else {
    maxCount = ceilDivide(text.max, from.min)
  }
  let minCount = 0n
  let minKept = 0n
  if (from.max === 0n) {
    minCount = text.min < MAX ? text.min + 1n : text.min
    minKept = text.min
  } else if (from.max <= to.min) {
    minKept = text.min
  } else {
    minCount = ceilDivide(text.min, from.max)
  }
  const count = { min: minCount, max: maxCount }
  const size = add(multiply(count, to), { min: minKept, max: maxKept })
  return { cost: byFactor(text, 2 * TRAVERSAL), size }
}

function ceilDivide(a: bigint, b: bigint): bigint {
  const quotient = Math.ceil(Number(a) / Number(b))
  return quotient >= 2 ** 64 ? MAX : BigInt(quotient)
}

function splitInto(text: Range, args: readonly EstimatedNode[]): CallEstimate {
  const limit = args[1]?.expr
  let max = text.max
  if (limit?.kind === 'literal' && (typeof limit.value === 'number' || typeof limit.value === 'bigint')) {
    max = BigInt.asUintN(64, BigInt(limit.value))
  }
  return { cost: byFactor(text, 2 * TRAVERSAL), size: { min: 0n, max } }
}

function joined(list: EstimatedNode, separator: EstimatedNode | undefined, sizeOf: SizeOf): CallEstimate {
  const count = sizeOf(list)
  const element = elementOf(list)
  let size = element === undefined ? NOTHING : multiply(count, sizeOf(element))
  if (separator !== undefined) {
    const gaps = { min: count.min > 0n ? count.min - 1n : 0n, max: count.max > 0n ? count.max - 1n : 0n }
    size = add(size, multiply(sizeOf(separator), gaps))
  }
  return { cost: byFactor(size, TRAVERSAL), size }
}

function found(text: Range, pattern: Range): CallEstimate {
  const cost = multiply(byFactor(add(text, fixed(1)), TRAVERSAL), byFactor(pattern, REGEX_LENGTH))
  return { cost, size: { min: 0n, max: text.max } }
}

/** Comparing addresses of 4 or 16 bytes; a text is parsed first. */
function contained(text: Range | undefined, masks: boolean): Range {
  const address = { min: 4n, max: 16n }
  let cost = byFactor(add(address, address), TRAVERSAL)
  if (masks) cost = add(cost, byFactor(address, TRAVERSAL), fixed(1))
  return text === undefined ? cost : add(cost, byFactor(text, TRAVERSAL))
}

function equality(type: CelType, right: EstimatedNode): CallEstimate | undefined {
  if (type.name !== right.type.name || type.kind !== right.type.kind) return undefined
  switch (NODE_TYPES.get(type.name)) {
    case 'fixed':
      return { cost: fixed(1) }
    case 'format':
      return { cost: byFactor({ min: 1n, max: BigInt(MAX_FORMAT_SIZE) }, TRAVERSAL) }
    case 'url':
      return { cost: byFactor({ min: 1n, max: right.size?.max ?? 1n }, TRAVERSAL) }
    default:
      return undefined
  }
}
