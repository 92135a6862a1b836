import { compileExpression, type CompiledExpression } from '../../../api/admissionregistration/expressions/compile.ts'
import {
  BOOL,
  type CelType,
  Environment,
  isError,
  jsonValue,
  listType,
  mapType,
  type Program,
  STRING,
  type StructDecl,
  structType,
} from '../../../apimachinery/cel/index.ts'
import { aggregateMessage } from '../../../apimachinery/aggregate.ts'
import type { ReviewSpec } from './review.ts'

function struct(name: string, fields: Readonly<Record<string, CelType>>): StructDecl {
  return { type: structType(name), field: (field) => (Object.hasOwn(fields, field) ? fields[field] : undefined) }
}

const TEXTS = listType(STRING)
const requirement = struct('kubernetes.SelectorRequirement', { key: STRING, operator: STRING, values: TEXTS })
const selector = (kind: string): StructDecl =>
  struct(`kubernetes.${kind}SelectorAttributes`, { rawSelector: STRING, requirements: listType(requirement.type) })
const fields = selector('Field')
const labels = selector('Label')
const NAMES = ['namespace', 'verb', 'group', 'version', 'resource', 'subresource', 'name']
const resource = struct('kubernetes.ResourceAttributes', {
  ...Object.fromEntries(NAMES.map((name) => [name, STRING])),
  fieldSelector: fields.type,
  labelSelector: labels.type,
})
const nonResource = struct('kubernetes.NonResourceAttributes', { path: STRING, verb: STRING })
const spec = struct('kubernetes.SubjectAccessReviewSpec', {
  resourceAttributes: resource.type,
  nonResourceAttributes: nonResource.type,
  user: STRING,
  groups: TEXTS,
  extra: mapType(STRING, TEXTS),
  uid: STRING,
})

const environment = new Environment({
  variables: { request: spec.type },
  structs: [spec, resource, nonResource, fields, labels, requirement],
})

/** Compiles a condition, which must give true or false. */
export function compileMatchCondition(expression: string): CompiledExpression {
  return compileExpression(expression, environment, [BOOL])
}

/** What the conditions say of a review: whether its webhook is to be asked, or why that cannot be known. */
export type Matched = { readonly matches: boolean } | { readonly problem: string }

/** The conditions of one webhook, compiled once. */
export class MatchConditions {
  readonly #conditions: readonly { readonly expression: string; readonly program: Program }[]

  /** Throws for what does not compile, which validation has refused. */
  constructor(expressions: readonly string[]) {
    this.#conditions = expressions.map((expression) => {
      const compiled = compileMatchCondition(expression)
      if (!compiled.ok) throw new Error(compiled.problem)
      return { expression, program: compiled.program }
    })
  }

  get none(): boolean {
    return this.#conditions.length === 0
  }

  /** One that is false settles it; else what fails makes all fail. */
  match(review: ReviewSpec): Matched {
    const request = jsonValue(completed(review))
    const problems: string[] = []
    for (const { expression, program } of this.#conditions) {
      const { value } = program.evaluate({ request })
      if (isError(value))
        problems.push(`cel evaluation error: expression '${expression}' resulted in error: ${value.message}`)
      else if (value === false) return { matches: false }
    }
    return problems.length > 0 ? { problem: aggregateMessage(problems) } : { matches: true }
  }
}

/** Conditions see every text and the lists of the user, empty ones too. */
function completed({
  resourceAttributes,
  nonResourceAttributes,
  user = '',
  groups = [],
  extra = {},
  uid = '',
}: ReviewSpec): object {
  return {
    user,
    groups,
    uid,
    extra,
    ...(resourceAttributes && {
      resourceAttributes: { ...Object.fromEntries(NAMES.map((name) => [name, ''])), ...resourceAttributes },
    }),
    ...(nonResourceAttributes && { nonResourceAttributes: { verb: '', path: '', ...nonResourceAttributes } }),
  }
}
