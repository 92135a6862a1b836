import {
  type CelType,
  DYN,
  Environment,
  libraryTypes,
  type Program,
  sameType,
  type StructDecl,
  typeString,
} from '../../../apimachinery/cel/index.ts'
import { type FieldError, invalid } from '../../../apimachinery/status.ts'
import { patchTypes } from './patch-types.ts'
import { admissionStructs, namespaceStruct, requestStruct } from './types.ts'

/** What an expression may refer to besides the request and its objects. */
export interface Scope {
  readonly params: boolean
  readonly authorizer: boolean
  /** The type of `variables`. */
  readonly variables?: StructDecl
  /** Whether objects and patches can be made. */
  readonly patches?: boolean
}

/** The environment of admission's expressions. */
export function admissionEnvironment({ params, authorizer, variables: composed, patches = false }: Scope): Environment {
  const asked = {
    authorizer: libraryTypes.AUTHORIZER_TYPE,
    'authorizer.requestResource': libraryTypes.RESOURCE_CHECK_TYPE,
  }
  const variables = {
    object: DYN,
    oldObject: DYN,
    namespaceObject: namespaceStruct.type,
    request: requestStruct.type,
    ...(params && { params: DYN }),
    ...(authorizer && asked),
    ...(composed && { variables: composed.type }),
  }
  const structs = composed ? [...admissionStructs, composed] : admissionStructs
  return new Environment({ variables, structs, ...(patches && patchTypes) })
}

/** A program, or why there is none; `internal`: not for what the user wrote. */
export type CompiledExpression =
  | { readonly ok: true; readonly program: Program; readonly type: CelType }
  | { readonly ok: false; readonly problem: string; readonly internal: boolean }

/** Compiles an expression that must give a value of one of the types; of any when none is told. */
export function compileExpression(
  source: string,
  environment: Environment,
  types?: readonly CelType[],
): CompiledExpression {
  const compiled = environment.compile(source)
  if (!compiled.ok) {
    const internal = compiled.stage === 'plan'
    const what = internal ? 'program instantiation failed' : 'compilation failed'
    return { ok: false, problem: `${what}: ${compiled.message}`, internal }
  }
  const { program, type } = compiled
  if (!types || types.some((wanted) => sameType(wanted, type))) return { ok: true, program, type }
  const [first, ...others] = types.map(typeString)
  const wanted = others.length === 0 ? (first ?? '') : `one of [${[first, ...others].join(' ')}]`
  return { ok: false, problem: `must evaluate to ${wanted} but got ${typeString(type)}`, internal: false }
}

/** The finding about an expression in a field, if it did not compile. */
export function* expressionProblem(source: string, compiled: CompiledExpression, field: string): Iterable<FieldError> {
  if (compiled.ok) return
  if (compiled.internal) yield { type: 'InternalError', field, message: `Internal error: ${compiled.problem}` }
  else yield invalid(field, source, compiled.problem)
}
