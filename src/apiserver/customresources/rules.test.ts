import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { suite, test, type TestContext } from 'node:test'
import type { CustomResourceDefinition } from '../../api/generated/types/apiextensions/v1.ts'
import type { KubeObject } from '../../apimachinery/meta.ts'
import type { Status } from '../../apimachinery/status.ts'
import { TestServer } from '../test-server.ts'
import { CustomResources } from './custom-resources.ts'

/** What upstream answered: a code, and the causes of a refusal in order of their texts. */
interface Answer {
  readonly code: number
  readonly causes?: readonly string[]
}

interface Step extends Answer {
  readonly kind: 'create' | 'update' | 'status'
  readonly object: Record<string, unknown>
}

/** A definition with rules, and what was done with objects of it. */
interface Fact extends Partial<Answer> {
  readonly name: string
  readonly schema: unknown
  /** It has a status subresource. */
  readonly status?: boolean
  /** Another schema, under which an object was made first. */
  readonly before?: unknown
  readonly make?: Record<string, unknown>
  readonly steps: readonly Step[]
}

const facts: Fact[] = JSON.parse(readFileSync(new URL('testdata/rules.json', import.meta.url), 'utf8'))

const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
const FOOS = '/apis/ex.io/v1/namespaces/default/foos'

const definition = (schema: unknown, { status }: Fact): unknown => ({
  metadata: { name: 'foos.ex.io' },
  spec: {
    group: 'ex.io',
    scope: 'Namespaced',
    names: { plural: 'foos', kind: 'Foo' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: { openAPIV3Schema: schema },
        ...(status && { subresources: { status: {} } }),
      },
    ],
  },
})

const foo = (name: string, object: object = {}): object => ({
  apiVersion: 'ex.io/v1',
  kind: 'Foo',
  metadata: { name },
  ...object,
})

async function start(t: TestContext): Promise<TestServer> {
  const server = new TestServer()
  const custom = new CustomResources(server.server)
  await custom.start()
  t.after(() => custom.stop())
  return server
}

/** A path, and what is to be there. */
type Request = readonly [method: string, path: string, body: unknown]

async function answer(server: TestServer, request: Request): Promise<Answer> {
  const { status, body } = await server.send(...request)
  if ((body as KubeObject).kind !== 'Status') return { code: status }
  const causes = (body as Status).details?.causes ?? []
  const texts = causes.map(({ reason, field, message }) => `${reason} ${field} ${message}`)
  return { code: status, causes: texts.toSorted((a, b) => (a < b ? -1 : 1)) }
}

async function established(server: TestServer): Promise<void> {
  await server.until<CustomResourceDefinition>(`${CRDS}?watch=true`, ({ status }) =>
    (status?.conditions ?? []).some(({ type, status: state }) => type === 'Established' && state === 'True'),
  )
}

/** An object made under another schema, before the rules came. */
async function prepare(server: TestServer, fact: Fact): Promise<void> {
  await server.create(CRDS, definition(fact.before, fact))
  await established(server)
  await server.create(FOOS, foo('foo', fact.make))
  const crd = await server.get<CustomResourceDefinition>(`${CRDS}/foos.ex.io`)
  const spec = structuredClone(crd.spec)
  for (const version of spec.versions) version.schema = { openAPIV3Schema: fact.schema as never }
  await server.expect(200, 'PUT', `${CRDS}/foos.ex.io`, { ...crd, spec })
  const probe = foo('probe', fact.make)
  await server.eventually(async () => (await server.send('POST', `${FOOS}?dryRun=All`, probe)).status === 422)
}

async function requestOf(server: TestServer, { kind, object }: Step, name: string): Promise<Request> {
  if (kind === 'create') return ['POST', FOOS, foo(name, object)]
  const path = `${FOOS}/${name}`
  const { apiVersion, kind: ofKind, metadata, ...rest } = await server.get<KubeObject & Record<string, unknown>>(path)
  return [
    'PUT',
    kind === 'status' ? `${path}/status` : path,
    { apiVersion, kind: ofKind, metadata, ...rest, ...object },
  ]
}

suite('rules, as upstream applies them', () => {
  for (const fact of facts) {
    test(fact.name, async (t) => {
      const server = await start(t)
      if (fact.before === undefined) {
        const { code, causes } = fact
        const got = await answer(server, ['POST', CRDS, definition(fact.schema, fact)])
        assert.deepEqual(got, { code, ...(causes && { causes }) })
        if (code !== 201) return
        await established(server)
      } else {
        await prepare(server, fact)
      }
      let name = 'foo'
      for (const [index, step] of fact.steps.entries()) {
        const next = step.kind === 'create' ? `obj${index}` : name
        const { code, causes } = step
        const got = await answer(server, await requestOf(server, step, next))
        assert.deepEqual(got, { code, ...(causes && { causes }) }, `step ${index}`)
        if (code === 201) name = next
      }
    })
  }
})
