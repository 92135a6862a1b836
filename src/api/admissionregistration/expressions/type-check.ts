import {
  type CelType,
  DYN,
  Environment,
  type EnvironmentOptions,
  libraryTypes,
  structType,
} from '../../../apimachinery/cel/index.ts'
import { fieldType } from './composition.ts'
import { admissionStructs, namespaceStruct, requestStruct } from './types.ts'

/** What is known of the types that a policy's expressions meet. */
export interface KnownTypes extends Pick<EnvironmentOptions, 'resolveStruct'> {
  readonly object: CelType
  /** Absent: the policy has none. */
  readonly params?: CelType
}

/** Checks a policy's expressions with more types than they are compiled with. */
export class PolicyTypes {
  readonly #environment: Environment
  readonly #variables = new Map<string, CelType>()

  constructor({ object, params, resolveStruct }: KnownTypes) {
    const composed = { type: structType('kubernetes.variables'), field: (name: string) => this.#variables.get(name) }
    this.#environment = new Environment({
      variables: {
        namespaceObject: namespaceStruct.type,
        request: requestStruct.type,
        object,
        oldObject: object,
        ...(params && { params }),
        authorizer: libraryTypes.AUTHORIZER_TYPE,
        variables: composed.type,
      },
      structs: [...admissionStructs, composed],
      ...(resolveStruct && { resolveStruct }),
    })
  }

  /** A variable that those after it can refer to. */
  addVariable(name: string, expression: string): void {
    const result = this.#environment.check(expression)
    const type = 'checked' in result ? result.checked.types.get(result.checked.expr) : undefined
    this.#variables.set(name, type ? fieldType(type) : DYN)
  }

  /** What is wrong with an expression, if anything is. */
  problem(expression: string): string | undefined {
    const result = this.#environment.check(expression)
    return 'message' in result ? result.message : undefined
  }
}
