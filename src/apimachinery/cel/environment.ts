import { check, type Checked } from './check/checker.ts'
import type { StructDecl, TypeProvider } from './check/provider.ts'
import { type CelType, structType, typeOfType } from './check/types.ts'
import { validateLiterals } from './check/validate.ts'
import { estimateCost, type SizeEstimator } from './cost/estimate.ts'
import type { Range } from './cost/range.ts'
import type { FunctionDecl } from './library/functions.ts'
import { baseFunctions } from './library/index.ts'
import { standardTypes } from './library/standard.ts'
import * as libraryTypes from './library/types.ts'
import { plan, PlanError } from './program/plan.ts'
import { Program } from './program/program.ts'
import { parse } from './syntax/parser.ts'
import { formatIssues } from './syntax/source.ts'

/** What an environment declares besides Kubernetes' base libraries. */
export interface EnvironmentOptions {
  readonly variables?: Readonly<Record<string, CelType>>
  /** Types with fields, by name. */
  readonly structs?: Iterable<StructDecl>
  /** Further types with fields, whose names are too many to tell. */
  readonly resolveStruct?: (name: string) => StructDecl | undefined
  /** Further functions; overloads of a known function are added to it. */
  readonly functions?: readonly FunctionDecl[]
  /** Sizes of the variables' data, for the estimate of costs. */
  readonly sizes?: SizeEstimator
}

/** What compiling gives: a program, or the complaint. */
export type Compiled =
  | {
      readonly ok: true
      readonly program: Program
      readonly type: CelType
      /** The least and most that an evaluation can cost. */
      readonly cost: Range
      /** The variables the expression refers to. */
      readonly variables: ReadonlySet<string>
    }
  | {
      readonly ok: false
      /** `issues`: the text is wrong; `plan`: a constant in it cannot be computed. */
      readonly stage: 'issues' | 'plan'
      readonly message: string
    }

const UNKNOWN_SIZES: SizeEstimator = () => undefined

/** The functions of the base environment by name; immutable. */
const BASE: ReadonlyMap<string, FunctionDecl> = merged(new Map(), baseFunctions)

/** What expressions may refer to. Immutable; make one per set of variables and compile many expressions with it. */
export class Environment {
  readonly #variables: ReadonlyMap<string, CelType>
  readonly #functions: ReadonlyMap<string, FunctionDecl>
  readonly #types: TypeProvider
  readonly #sizes: SizeEstimator

  constructor({
    variables = {},
    structs = [],
    functions = [],
    sizes = UNKNOWN_SIZES,
    resolveStruct,
  }: EnvironmentOptions = {}) {
    this.#variables = new Map(Object.entries(variables))
    this.#functions = functions.length === 0 ? BASE : merged(BASE, functions)
    this.#types = provider(structs, resolveStruct)
    this.#sizes = sizes
  }

  /** Parses and checks; the text of the complaints is upstream's. */
  check(source: string): { readonly checked: Checked } | { readonly message: string } {
    const { expr, issues } = parse(source)
    if (issues.length > 0) return { message: formatIssues(source, issues) }
    const checked = check(expr, { variables: this.#variables, functions: this.#functions, types: this.#types })
    if (checked.issues.length > 0) return { message: formatIssues(source, checked.issues) }
    const invalid = validateLiterals(checked)
    return invalid.length > 0 ? { message: formatIssues(source, invalid) } : { checked }
  }

  /** Compiles an expression. Never throws on its text. */
  compile(source: string): Compiled {
    const result = this.check(source)
    if ('message' in result) return { ok: false, stage: 'issues', message: result.message }
    const { checked } = result
    try {
      const { eval: evaluate, slots } = plan(checked, this.#types)
      return {
        ok: true,
        program: new Program(evaluate, slots),
        type: checked.types.get(checked.expr) ?? libraryTypes.IP_TYPE,
        cost: estimateCost(checked, this.#sizes),
        variables: referredTo(checked),
      }
    } catch (error) {
      if (!(error instanceof PlanError)) throw error
      return { ok: false, stage: 'plan', message: error.message }
    }
  }
}

function referredTo(checked: Checked): Set<string> {
  const names = new Set<string>()
  for (const reference of checked.references.values()) if (reference.kind === 'variable') names.add(reference.name)
  return names
}

/** Adds functions to known ones; the overloads of the same name come together. */
function merged(known: ReadonlyMap<string, FunctionDecl>, more: readonly FunctionDecl[]): Map<string, FunctionDecl> {
  const functions = new Map(known)
  for (const decl of more) {
    const before = functions.get(decl.name)
    const overloads = [...(before?.overloads ?? []), ...decl.overloads]
    functions.set(decl.name, before === undefined ? decl : { ...before, ...decl, overloads })
  }
  return functions
}

function provider(
  structs: Iterable<StructDecl>,
  resolve: EnvironmentOptions['resolveStruct'] = () => undefined,
): TypeProvider {
  const named = new Map([...structs].map((struct) => [struct.type.name, struct]))
  const byName = new Map(named)
  for (const type of Object.values(libraryTypes)) {
    if (!('kind' in type) || type.kind !== 'struct') continue
    if (!byName.has(type.name)) byName.set(type.name, { type, field: () => undefined })
  }
  return {
    struct: (name) => byName.get(name) ?? resolve(name),
    typeNamed(name) {
      const standard = standardTypes.get(name)
      if (standard !== undefined) return standard
      return named.has(name) || resolve(name) ? typeOfType(structType(name)) : undefined
    },
  }
}
