import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { suite, test } from 'node:test'
import {
  type Activation,
  type CelSchema,
  declTypeOf,
  DYN,
  Environment,
  isError,
  jsonValue,
  NONE,
  optionalType,
  readerOf,
  sizesUnder,
  structsOf,
  typeString,
} from './index.ts'
import { show } from './testdata/show.ts'

interface Fact {
  readonly env: string
  readonly expr: string
  readonly issue?: string
  readonly plan?: string
  readonly type?: string
  readonly min?: string
  readonly max?: string
  readonly value?: string
  readonly error?: string
  readonly cost?: number
}

interface Data {
  readonly schema?: CelSchema
  readonly object?: unknown
  readonly root?: boolean
  readonly dyn?: boolean
}

const facts: { envs: Record<string, Data>; facts: Fact[] } = JSON.parse(
  readFileSync(new URL('testdata/facts.json', import.meta.url), 'utf8'),
)

interface Setting {
  readonly environment: Environment
  readonly variables: Activation
}

/** An environment as the facts were recorded in: `self` of no type, or of the schema's. */
function setting({ schema, object, root = false, dyn }: Data): Setting {
  if (schema === undefined) return { environment: new Environment(), variables: {} }
  if (dyn) return { environment: new Environment({ variables: { self: DYN } }), variables: { self: jsonValue(object) } }
  const decl = declTypeOf(schema, root, 'selfType')
  assert.ok(decl)
  const environment = new Environment({
    variables: { self: decl.type, oldSelf: optionalType(decl.type) },
    structs: structsOf(decl),
    sizes: sizesUnder(decl),
  })
  return { environment, variables: { self: readerOf(schema)(object), oldSelf: NONE } }
}

const settings = new Map(Object.entries(facts.envs).map(([name, data]) => [name, setting(data)]))

/** What this implementation gives for a fact's expression, in the fact's form. */
function factOf({ env, expr }: Fact): Fact {
  const { environment, variables } = settings.get(env) ?? setting({})
  const compiled = environment.compile(expr)
  if (!compiled.ok) return { env, expr, [compiled.stage === 'plan' ? 'plan' : 'issue']: compiled.message }
  const { value, cost } = compiled.program.evaluate(variables)
  return {
    env,
    expr,
    type: typeString(compiled.type),
    min: String(compiled.cost.min),
    max: String(compiled.cost.max),
    cost,
    ...(isError(value) ? { error: value.message } : { value: show(value) }),
  }
}

suite('what upstream gives for the same expressions', () => {
  for (const fact of facts.facts) {
    test(`${fact.env}: ${fact.expr}`, () => assert.deepEqual(factOf(fact), fact))
  }
})
