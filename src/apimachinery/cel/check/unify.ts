import { type CelType, DYN, isDyn, isDynOrError, listType, mapType, opaqueType, sameType, typeOfType } from './types.ts'

/** What the type variables stand for, so far. */
export type Mapping = Map<string, CelType>

/**
 * Whether a value of the one type can stand where the other is wanted, either way round; type variables of both are
 * bound in `mapping` as needed (which may hold half a result when the answer is no: give a copy).
 */
export function assignable(mapping: Mapping, a: CelType, b: CelType): boolean {
  if (b.kind === 'param') {
    const { valid, bound } = substitutes(mapping, a, b)
    if (valid) return true
    if (bound) return false
  }
  if (a.kind === 'param') return substitutes(mapping, b, a).valid
  if (isDynOrError(a) || isDynOrError(b)) return true
  if (a.kind === 'null') return nullable(b)
  if (b.kind === 'null') return nullable(a)
  switch (a.kind) {
    case 'type':
      return b.kind === 'type'
    case 'opaque':
    case 'list':
    case 'map':
      return a.kind === b.kind && a.name === b.name && allAssignable(mapping, a.parameters, b.parameters)
    default:
      return a.kind === b.kind && a.name === b.name
  }
}

/** {@link assignable} for each pair of two lists of the same length. */
export function allAssignable(mapping: Mapping, a: readonly CelType[], b: readonly CelType[]): boolean {
  if (a.length !== b.length) return false
  return a.every((type, i) => {
    const other = b[i]
    return other !== undefined && assignable(mapping, type, other)
  })
}

/** Null is a value of messages, timestamps, durations and opaque types. */
function nullable(type: CelType): boolean {
  return ['opaque', 'struct', 'any', 'duration', 'timestamp', 'null'].includes(type.kind)
}

function substitutes(mapping: Mapping, type: CelType, param: CelType): { valid: boolean; bound: boolean } {
  if (sameType(type, param)) return { valid: true, bound: true }
  const bound = mapping.get(param.name)
  if (bound !== undefined) {
    if (sameType(type, bound)) return { valid: true, bound: true }
    if (!assignable(mapping, type, bound)) return { valid: false, bound: true }
    const general = mostGeneral(type, bound)
    if (notWithin(mapping, param, general)) mapping.set(param.name, general)
    return { valid: true, bound: true }
  }
  if (!notWithin(mapping, param, type)) return { valid: false, bound: false }
  mapping.set(param.name, type)
  return { valid: true, bound: false }
}

/** The occurs check: the variable is not part of what it would stand for. */
function notWithin(mapping: Mapping, param: CelType, within: CelType): boolean {
  if (sameType(param, within)) return false
  if (within.kind === 'param') {
    const bound = mapping.get(within.name)
    return bound === undefined || notWithin(mapping, param, bound)
  }
  return within.parameters.every((inner) => notWithin(mapping, param, inner))
}

/** Of two types that unify, the one that says less. */
export function mostGeneral(a: CelType, b: CelType): CelType {
  return lessSpecific(a, b) ? a : b
}

function lessSpecific(a: CelType, b: CelType): boolean {
  if (isDyn(a) || a.kind === 'param') return true
  if (isDyn(b) || b.kind === 'param' || a.kind !== b.kind) return false
  switch (a.kind) {
    case 'opaque':
    case 'list':
    case 'map':
      return (
        a.name === b.name &&
        a.parameters.length === b.parameters.length &&
        a.parameters.every((inner, i) => lessSpecific(inner, b.parameters[i] ?? DYN))
      )
    case 'type':
      return true
    default:
      return sameType(a, b)
  }
}

/** The type with its variables replaced by what they stand for; unbound ones by dyn if asked. */
export function substitute(mapping: Mapping, type: CelType, unboundToDyn: boolean): CelType {
  if (type.kind === 'param') {
    const bound = mapping.get(type.name)
    if (bound !== undefined) return substitute(mapping, bound, unboundToDyn)
    return unboundToDyn ? DYN : type
  }
  if (type.parameters.length === 0) return type
  const inner = type.parameters.map((parameter) => substitute(mapping, parameter, unboundToDyn))
  const [first = DYN, second = DYN] = inner
  switch (type.kind) {
    case 'list':
      return listType(first)
    case 'map':
      return mapType(first, second)
    case 'type':
      return typeOfType(first)
    default:
      return opaqueType(type.name, ...inner)
  }
}
