import {
  ANY,
  BOOL,
  BYTES,
  type CelType,
  DOUBLE,
  DURATION,
  DYN,
  type Environment,
  INT,
  listType,
  mapType,
  NULL,
  STRING,
  type StructDecl,
  structType,
  TIMESTAMP,
  UINT,
} from '../../../apimachinery/cel/index.ts'
import { admissionEnvironment, compileExpression, type CompiledExpression } from './compile.ts'

/** What an expression of a policy may use besides what all may. */
export interface PolicyScope {
  /** `authorizer`. */
  readonly authorizer?: boolean
  /** `Object{…}`, `JSONPatch{…}` and jsonpatch.escapeKey. */
  readonly patches?: boolean
}

/** A variable of a policy, compiled. */
export interface CompiledVariable {
  readonly name: string
  readonly compiled: CompiledExpression
}

/**
 * Compiles the expressions of one policy. Variables are added one after the other, and can be referred to from then
 * on, each by its type.
 */
export class PolicyCompiler {
  readonly #params: boolean
  readonly #composed: boolean
  readonly #types = new Map<string, CelType>()
  readonly #variables = new Map<string, CompiledVariable>()
  readonly #environments = new Map<string, Environment>()

  /** `composed`: whether there is `variables`. */
  constructor({ params, composed }: { readonly params: boolean; readonly composed: boolean }) {
    this.#params = params
    this.#composed = composed
  }

  /** Of two variables of one name the latter counts. */
  get variables(): ReadonlyMap<string, CompiledVariable> {
    return this.#variables
  }

  addVariable(name: string, source: string): CompiledExpression {
    const compiled = this.compile(source, { authorizer: true })
    this.#types.set(name, compiled.ok ? fieldType(compiled.type) : DYN)
    this.#variables.set(name, { name, compiled })
    return compiled
  }

  /** Compiles an expression that must give one of the types; anything when none is told. */
  compile(source: string, scope: PolicyScope, types?: readonly CelType[]): CompiledExpression {
    return compileExpression(source, this.#environment(scope), types)
  }

  #environment({ authorizer = false, patches = false }: PolicyScope): Environment {
    const key = `${authorizer}/${patches}`
    let environment = this.#environments.get(key)
    if (!environment) {
      const variables = this.#composed && { variables: this.#struct() }
      environment = admissionEnvironment({ params: this.#params, authorizer, patches, ...variables })
      this.#environments.set(key, environment)
    }
    return environment
  }

  /** Knows what is added later as well. */
  #struct(): StructDecl {
    return { type: structType('kubernetes.variables'), field: (name) => this.#types.get(name) }
  }
}

const KEPT: ReadonlySet<CelType> = new Set([ANY, BOOL, BYTES, DOUBLE, DURATION, INT, NULL, STRING, TIMESTAMP, UINT])

/** What a variable's type is for those who refer to it: objects lose theirs. */
export function fieldType(type: CelType): CelType {
  if (KEPT.has(type)) return type
  const [first = DYN, second = DYN] = type.parameters
  if (type.kind === 'list') return listType(fieldType(first))
  if (type.kind === 'map') return mapType(fieldType(first), fieldType(second))
  return DYN
}
