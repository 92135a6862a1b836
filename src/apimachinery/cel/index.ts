/** CEL as Kubernetes uses it: see the README of this folder. */
export { Environment, type Compiled, type EnvironmentOptions } from './environment.ts'
export type { Activation } from './program/frame.ts'
export type { Evaluation, Program } from './program/program.ts'
export * from './limits.ts'
export { Pace, Slice, Tired } from './pace.ts'
export { escapeName, isReserved, unescapeName } from './escape.ts'
export {
  ANY,
  BOOL,
  BYTES,
  CelType,
  DOUBLE,
  DURATION,
  DYN,
  formatType,
  INT,
  listType,
  mapType,
  NULL,
  optionalType,
  sameType,
  STRING,
  structType,
  TIMESTAMP,
  typeString,
  UINT,
} from './check/types.ts'
export type { StructDecl } from './check/provider.ts'
export type { SizeEstimator } from './cost/estimate.ts'
export type { Range } from './cost/range.ts'
export {
  ArrayList,
  CelError,
  CelList,
  CelMap,
  type CelValue,
  Double,
  Duration,
  isError,
  NONE,
  Opaque,
  Optional,
  Timestamp,
  Uint,
  ValueMap,
} from './values/values.ts'
export { textOf } from './values/convert.ts'
export { equal } from './values/equality.ts'
export {
  type Authorize,
  type AuthorizationAnswer,
  type AuthorizationQuestion,
  authorizerValue,
  requestResourceValue,
} from './library/authorization.ts'
export * as libraryTypes from './library/types.ts'
export { type FunctionDecl, fn, member, overload } from './library/functions.ts'
export type { CelSchema } from './schema/schema.ts'
export { withTypeAndObjectMeta } from './schema/schema.ts'
export { type DeclType, declTypeOf, sizesOf, sizesUnder, structsOf } from './schema/decl-type.ts'
export { encodedObject } from './schema/encoded-values.ts'
export { jsonValue } from './schema/json-values.ts'
export { rawOf, type Reader, readerOf } from './schema/typed-values.ts'
