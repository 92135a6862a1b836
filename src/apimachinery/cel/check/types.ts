/** The kinds of a CEL type. `param` is a type variable of a function's signature or of an empty literal. */
export type TypeKind =
  | 'any'
  | 'bool'
  | 'bytes'
  | 'double'
  | 'duration'
  | 'dyn'
  | 'error'
  | 'int'
  | 'list'
  | 'map'
  | 'null'
  | 'opaque'
  | 'param'
  | 'string'
  | 'struct'
  | 'timestamp'
  | 'type'
  | 'uint'
  | 'unknown'

/** A CEL type; also the value that `type(x)` gives. Immutable. */
export class CelType {
  readonly kind: TypeKind
  /** The name at run time, without parameters: `int`, `google.protobuf.Timestamp`, `list`. */
  readonly name: string
  readonly parameters: readonly CelType[]

  constructor(kind: TypeKind, name: string, parameters: readonly CelType[] = []) {
    this.kind = kind
    this.name = name
    this.parameters = parameters
  }
}

export const ANY = new CelType('any', 'google.protobuf.Any')
export const BOOL = new CelType('bool', 'bool')
export const BYTES = new CelType('bytes', 'bytes')
export const DOUBLE = new CelType('double', 'double')
export const DURATION = new CelType('duration', 'google.protobuf.Duration')
export const DYN = new CelType('dyn', 'dyn')
export const ERROR = new CelType('error', 'error')
export const INT = new CelType('int', 'int')
export const NULL = new CelType('null', 'null_type')
export const STRING = new CelType('string', 'string')
export const TIMESTAMP = new CelType('timestamp', 'google.protobuf.Timestamp')
export const TYPE = new CelType('type', 'type')
export const UINT = new CelType('uint', 'uint')
export const UNKNOWN = new CelType('unknown', 'unknown')

/** A list of elements of one type. */
export function listType(element: CelType): CelType {
  return new CelType('list', 'list', [element])
}

/** A map from keys of one type to values of one type. */
export function mapType(key: CelType, value: CelType): CelType {
  return new CelType('map', 'map', [key, value])
}

/** `optional_type(T)`. */
export function optionalType(value: CelType): CelType {
  return new CelType('opaque', 'optional_type', [value])
}

/** A type with fields, known to the environment's type provider by its name. */
export function structType(name: string): CelType {
  return new CelType('struct', name)
}

/** A type known only by its name, such as a library's own. */
export function opaqueType(name: string, ...parameters: CelType[]): CelType {
  return new CelType('opaque', name, parameters)
}

/** A type variable. */
export function typeParam(name: string): CelType {
  return new CelType('param', name)
}

/** The type of a type's own name: `type(int)`. */
export function typeOfType(type: CelType): CelType {
  return new CelType('type', 'type', [type])
}

export const LIST_OF_DYN = listType(DYN)
export const MAP_OF_DYN = mapType(DYN, DYN)

/** The same type, parameters and all. With `anyParams`, two type variables of different names count as the same. */
export function sameType(a: CelType, b: CelType, anyParams = false): boolean {
  if (a === b) return true
  if (a.kind !== b.kind || a.parameters.length !== b.parameters.length) return false
  if (!(anyParams && a.kind === 'param') && a.name !== b.name) return false
  return a.parameters.every((parameter, i) => {
    const other = b.parameters[i]
    return other !== undefined && sameType(parameter, other, anyParams)
  })
}

/** Whether values of the type are known at run time only. */
export function isDyn(type: CelType): boolean {
  return type.kind === 'dyn' || type.kind === 'any'
}

export function isDynOrError(type: CelType): boolean {
  return type.kind === 'error' || isDyn(type)
}

export function isOptional(type: CelType): boolean {
  return type.kind === 'opaque' && type.name === 'optional_type'
}

/** The type inside an optional, or the type itself. */
export function unwrapOptional(type: CelType): CelType {
  return isOptional(type) ? (type.parameters[0] ?? DYN) : type
}

/** The type as an error of the checker names it: `list(string)`, `timestamp`, `null`. */
export function formatType(type: CelType): string {
  switch (type.kind) {
    case 'any':
      return 'any'
    case 'duration':
      return 'duration'
    case 'error':
      return '!error!'
    case 'null':
      return 'null'
    case 'timestamp':
      return 'timestamp'
    default:
      if (type.parameters.length === 0) return type.name
      return `${type.name}(${type.parameters.map(formatType).join(', ')})`
  }
}

/** The type with its full run time name, as an admission policy's warnings name it. */
export function typeString(type: CelType): string {
  if (type.kind === 'param') return `<${type.name}>`
  if (type.parameters.length === 0) return type.name
  return `${type.name}(${type.parameters.map(typeString).join(', ')})`
}

/** A call's signature: `string.(int, int)` or `(int) -> bool`. */
export function formatSignature(args: readonly CelType[], member: boolean): string {
  const [target, ...rest] = args
  if (member && target !== undefined) return `${formatType(target)}.(${rest.map(formatType).join(', ')})`
  return `(${args.map(formatType).join(', ')})`
}
