import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import type {
  CustomResourceDefinition,
  CustomResourceDefinitionSpec,
} from '../../api/generated/types/apiextensions/v1.ts'
import type { KubeObject } from '../../apimachinery/meta.ts'
import type { Status } from '../../apimachinery/status.ts'
import { systemClock } from '../../lib/clock.ts'
import { MemoryStore } from '../../store/memory/store.ts'
import type { Write, WriteResult } from '../../store/store.ts'
import { TestServer } from '../test-server.ts'
import { CustomResources } from './custom-resources.ts'

const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
const BOATS = '/apis/sea.example.com/v1/namespaces/default/boats'
type Boat = KubeObject & { spec?: Record<string, unknown>; status?: Record<string, unknown> }

const schema = {
  type: 'object',
  required: ['spec'],
  properties: {
    spec: {
      type: 'object',
      required: ['oars'],
      properties: {
        oars: { type: 'integer', minimum: 0 },
        sail: { type: 'string', enum: ['main', 'jib'], default: 'main' },
        replicas: { type: 'integer' },
        crew: {
          type: 'array',
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['name'],
          items: {
            type: 'object',
            required: ['name'],
            properties: { name: { type: 'string' }, rank: { type: 'string' } },
          },
        },
        depth: { 'x-kubernetes-int-or-string': true },
      },
    },
    status: { type: 'object', properties: { replicas: { type: 'integer' }, afloat: { type: 'boolean' } } },
  },
}

const definition = (more: Partial<CustomResourceDefinitionSpec['versions'][number]> = {}): unknown => ({
  metadata: { name: 'boats.sea.example.com' },
  spec: {
    group: 'sea.example.com',
    scope: 'Namespaced',
    names: { plural: 'boats', kind: 'Boat', shortNames: ['bt'] },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: { openAPIV3Schema: schema },
        subresources: {
          status: {},
          scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' },
        },
        additionalPrinterColumns: [{ name: 'Oars', type: 'integer', jsonPath: '.spec.oars' }],
        ...more,
      },
    ],
  },
})

async function harbour(t: TestContext, more?: Parameters<typeof definition>[0]): Promise<TestServer> {
  const server = new TestServer()
  const custom = new CustomResources(server.server)
  await custom.start()
  t.after(() => custom.stop())
  await server.create(CRDS, definition(more))
  await established(server)
  return server
}

async function established(server: TestServer, name = 'boats.sea.example.com'): Promise<void> {
  const { metadata } = await server.get(`${CRDS}/${name}`)
  const path = `${CRDS}?watch=true&fieldSelector=metadata.name%3D${name}`
  void metadata
  await server.until<CustomResourceDefinition>(path, ({ status }) =>
    (status?.conditions ?? []).some(({ type, status: is }) => type === 'Established' && is === 'True'),
  )
}

const boat = (name: string, spec: Record<string, unknown>): unknown => ({
  apiVersion: 'sea.example.com/v1',
  kind: 'Boat',
  metadata: { name },
  spec,
})

test('a new kind is not found before its definition is settled, so that who finds it may change that', async (t) => {
  const store = new MemoryStore({ clock: systemClock })
  const settling = Promise.withResolvers<void>()
  const settled = Promise.withResolvers<void>()
  const write = store.write.bind(store)
  t.mock.method(store, 'write', async (what: Write): Promise<WriteResult> => {
    if (what.expect !== 0) {
      settling.resolve()
      await settled.promise
    }
    return write(what)
  })
  const server = new TestServer({ store })
  const custom = new CustomResources(server.server)
  await custom.start()
  t.after(() => (settled.resolve(), custom.stop()))
  await server.create(CRDS, definition())
  await settling.promise
  await server.expect(404, 'GET', '/apis/sea.example.com/v1')
  await server.expect(404, 'GET', BOATS)
  settled.resolve()
  await established(server)
  await server.expect(200, 'GET', BOATS)
})

test('a new kind is served, found, printed, and patched like any other', async (t) => {
  const server = await harbour(t)
  const made = await server.create<Boat>(BOATS, boat('a', { oars: 2, unknown: true, depth: '3m' }))
  assert.deepEqual(made.spec, { oars: 2, sail: 'main', depth: '3m' })
  assert.equal(made.metadata.generation, 1)
  const { resources } = await server.get<{ resources: { name: string }[] }>('/apis/sea.example.com/v1')
  assert.deepEqual(
    resources.map(({ name }) => name),
    ['boats', 'boats/status', 'boats/scale'],
  )
  const table = await server.send('GET', BOATS, undefined, { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' })
  assert.deepEqual((table.body as { rows: { cells: unknown[] }[] }).rows[0]?.cells, ['a', 2])
  const patched = await server.patch<Boat>(200, 'merge', `${BOATS}/a`, { spec: { oars: 4 }, status: { afloat: true } })
  assert.deepEqual([patched.spec?.['oars'], patched.status, patched.metadata.generation], [4, undefined, 2])
  const floating = await server.patch<Boat>(200, 'merge', `${BOATS}/a/status`, { status: { afloat: true } })
  assert.deepEqual([floating.status, floating.metadata.generation], [{ afloat: true }, 2])
  await server.patch(415, 'strategic', `${BOATS}/a`, {})
  await server.patch(200, 'merge', `${BOATS}/a/scale`, { spec: { replicas: 3 } })
  assert.equal((await server.get<Boat>(`${BOATS}/a`)).spec?.['replicas'], 3)
})

test('objects are held to the schema, in upstream words', async (t) => {
  const server = await harbour(t)
  const refused = async (spec: unknown): Promise<string | undefined> => {
    const status = await server.expect<Status>(422, 'POST', BOATS, boat('a', spec as Record<string, unknown>))
    return status.details?.causes?.map(({ field, message }) => `${field}: ${message}`).join('; ')
  }
  assert.equal(await refused({}), 'spec.oars: Required value')
  assert.equal(
    await refused({ oars: 'two' }),
    'spec.oars: Invalid value: "string": spec.oars in body must be of type integer: "string"',
  )
  assert.equal(
    await refused({ oars: -1 }),
    'spec.oars: Invalid value: -1: spec.oars in body should be greater than or equal to 0',
  )
  assert.equal(
    await refused({ oars: 1, sail: 'none' }),
    'spec.sail: Unsupported value: "none": supported values: "main", "jib"',
  )
  assert.equal(
    await refused({ oars: 1, crew: [{ name: 'x' }, { name: 'x' }] }),
    'spec.crew[1]: Duplicate value: {"name":"x"}',
  )
  const strict = await server.expect<Status>(
    400,
    'POST',
    `${BOATS}?fieldValidation=Strict`,
    boat('a', { oars: 1, foo: 2 }),
  )
  assert.match(strict.message ?? '', /unknown field "spec.foo"/)
})

test('defaults that come later show in what was stored before', async (t) => {
  const server = await harbour(t)
  await server.create(BOATS, boat('a', { oars: 1 }))
  const crd = await server.get<CustomResourceDefinition>(`${CRDS}/boats.sea.example.com`)
  const next = structuredClone(crd)
  const properties = (next.spec.versions[0]!.schema!.openAPIV3Schema as typeof schema).properties.spec.properties
  Object.assign(properties, { colour: { type: 'string', default: 'blue' } })
  await server.expect(200, 'PUT', `${CRDS}/boats.sea.example.com`, next)
  await server.eventually(async () => (await server.get<Boat>(`${BOATS}/a`)).spec?.['colour'] === 'blue')
})

test('every served version shows the same objects', async (t) => {
  const server = await harbour(t)
  await server.create(BOATS, boat('a', { oars: 1 }))
  const crd = structuredClone(await server.get<CustomResourceDefinition>(`${CRDS}/boats.sea.example.com`))
  const [v1] = crd.spec.versions
  assert.ok(v1)
  crd.spec.versions = [
    { ...v1, storage: false },
    { ...v1, name: 'v2', storage: true },
  ]
  await server.expect(200, 'PUT', `${CRDS}/boats.sea.example.com`, crd)
  const inV2 = '/apis/sea.example.com/v2/namespaces/default/boats/a'
  await server.eventually(async () => (await server.send('GET', inV2)).status === 200)
  assert.equal((await server.get(inV2)).apiVersion, 'sea.example.com/v2')
  await server.patch(200, 'merge', inV2, { spec: { oars: 9 } })
  const asV1 = await server.get<Boat>(`${BOATS}/a`)
  assert.deepEqual([asV1.apiVersion, asV1.spec?.['oars']], ['sea.example.com/v1', 9])
})

test('a definition goes with all its objects', async (t) => {
  const server = await harbour(t)
  await server.create(BOATS, boat('a', { oars: 1 }))
  await server.expect(200, 'DELETE', `${CRDS}/boats.sea.example.com`)
  await server.eventually(async () => (await server.send('GET', `${CRDS}/boats.sea.example.com`)).status === 404)
  assert.equal((await server.send('GET', BOATS)).status, 404)
  assert.equal(await server.server.registry.store.count('/registry/sea.example.com/'), 0)
})

test('a name that is taken is not given twice', async (t) => {
  const server = await harbour(t)
  const other = structuredClone(definition()) as CustomResourceDefinition
  other.metadata.name = 'ships.sea.example.com'
  other.spec.names = { plural: 'ships', kind: 'Boat' }
  await server.create(CRDS, other)
  await server.eventually(async () => {
    const { status } = await server.get<CustomResourceDefinition>(`${CRDS}/ships.sea.example.com`)
    const found = status?.conditions?.find(({ type }) => type === 'NamesAccepted')
    return found?.reason === 'ListKindConflict' || found?.reason === 'KindConflict'
  })
})

test('what is stored is served after a restart', async (t) => {
  const first = await harbour(t)
  await first.create(BOATS, boat('a', { oars: 1 }))
  const second = new TestServer({ store: first.server.registry.store })
  const custom = new CustomResources(second.server)
  await custom.start()
  t.after(() => custom.stop())
  assert.equal((await second.get<Boat>(`${BOATS}/a`)).spec?.['oars'], 1)
})

const conditions = async (server: TestServer, name: string): Promise<Record<string, string>> => {
  const { status } = await server.get<CustomResourceDefinition>(`${CRDS}/${name}`)
  return Object.fromEntries((status?.conditions ?? []).map(({ type, status: is, reason }) => [type, `${is} ${reason}`]))
}

test('a name that gets free goes to who asked for it before', async (t) => {
  const server = await harbour(t)
  const other = structuredClone(definition()) as CustomResourceDefinition
  other.metadata.name = 'ships.sea.example.com'
  other.spec.names = { plural: 'ships', kind: 'Boat' }
  await server.create(CRDS, other)
  const name = 'ships.sea.example.com'
  await server.eventually(async () => (await conditions(server, name))['NamesAccepted'] === 'False ListKindConflict')
  assert.equal((await conditions(server, name))['Established'], 'False NotAccepted')
  assert.equal((await server.send('GET', '/apis/sea.example.com/v1/ships')).status, 404)
  await server.expect(200, 'DELETE', `${CRDS}/boats.sea.example.com`)
  await established(server, name)
  assert.equal((await conditions(server, name))['NamesAccepted'], 'True NoConflicts')
  assert.equal((await server.send('GET', '/apis/sea.example.com/v1/ships')).status, 200)
})

test('while a definition waits for finalizers of its objects, others come and go, and nothing is created', async (t) => {
  const server = await harbour(t)
  await server.create(BOATS, {
    ...(boat('a', { oars: 1 }) as Boat),
    metadata: { name: 'a', finalizers: ['x.example/hold'] },
  })
  await server.create(BOATS, boat('b', { oars: 1 }))
  const deleted = await server.expect<CustomResourceDefinition>(200, 'DELETE', `${CRDS}/boats.sea.example.com`)
  assert.deepEqual(deleted.metadata.finalizers, ['customresourcecleanup.apiextensions.k8s.io'])
  await server.eventually(async () => {
    const { Terminating } = await conditions(server, 'boats.sea.example.com')
    return Terminating === 'True InstanceDeletionInProgress' && (await server.list(BOATS)).items.length === 1
  })
  const refused = await server.expect<Status>(403, 'POST', BOATS, boat('c', { oars: 1 }))
  assert.equal(
    refused.message,
    'boats.sea.example.com "c" is forbidden: create not allowed while custom resource definition is terminating',
  )
  const other = structuredClone(definition()) as CustomResourceDefinition
  other.metadata.name = 'rafts.sea.example.com'
  other.spec.names = { plural: 'rafts', kind: 'Raft' }
  await server.create(CRDS, other)
  await established(server, 'rafts.sea.example.com')
  await server.patch(200, 'merge', `${BOATS}/a`, { metadata: { finalizers: null } })
  await server.eventually(async () => (await server.send('GET', `${CRDS}/boats.sea.example.com`)).status === 404)
  await server.create(CRDS, definition())
  await server.eventually(async () => (await server.send('GET', BOATS)).status === 200)
  assert.equal((await server.create(BOATS, boat('a', { oars: 1 }))).metadata.generation, 1)
})

test('watches end with the definition, after they have told of what went', async (t) => {
  const server = await harbour(t)
  await server.create(BOATS, boat('a', { oars: 1 }))
  const seen = await server.watch(`${BOATS}?watch=true`, 9, () =>
    server.expect(200, 'DELETE', `${CRDS}/boats.sea.example.com`),
  )
  assert.deepEqual(seen, ['ADDED a', 'DELETED a'])
})

test('watches end when the schema changes, for what they show has changed', async (t) => {
  const server = await harbour(t)
  const seen = await server.watch(`${BOATS}?watch=true`, 9, () =>
    server.patch(200, 'merge', `${CRDS}/boats.sea.example.com`, { spec: { names: { shortNames: ['bo'] } } }),
  )
  assert.deepEqual(seen, [])
})

test('groups of the Kubernetes community say whether they are approved', async (t) => {
  const server = await harbour(t)
  const crd = structuredClone(definition()) as CustomResourceDefinition
  crd.metadata = { name: 'boats.sea.k8s.io', annotations: { 'api-approved.kubernetes.io': 'unapproved, a try' } }
  crd.spec.group = 'sea.k8s.io'
  await server.create(CRDS, crd)
  await established(server, 'boats.sea.k8s.io')
  const type = 'KubernetesAPIApprovalPolicyConformant'
  assert.equal((await conditions(server, 'boats.sea.k8s.io'))[type], 'False UnapprovedAnnotation')
  await server.patch(200, 'merge', `${CRDS}/boats.sea.k8s.io`, {
    metadata: { annotations: { 'api-approved.kubernetes.io': 'https://example.com/1' } },
  })
  await server.eventually(
    async () => (await conditions(server, 'boats.sea.k8s.io'))[type] === 'True ApprovedAnnotation',
  )
})

test('who manages the status of a definition is told', async (t) => {
  const server = await harbour(t)
  const { metadata } = await server.get(`${CRDS}/boats.sea.example.com`)
  const status = metadata.managedFields?.find(({ subresource }) => subresource === 'status')
  assert.deepEqual([status?.manager, status?.operation], ['kube-apiserver', 'Update'])
})

test('a status write changes nothing of metadata; paths that lead nowhere say so', async (t) => {
  const server = await harbour(t)
  await server.create(BOATS, boat('a', { oars: 1 }))
  const body = { metadata: { labels: { x: 'y' } }, status: { afloat: true } }
  const { metadata, status } = await server.patch<Boat>(200, 'merge', `${BOATS}/a/status`, body)
  assert.deepEqual([metadata.labels, status], [undefined, { afloat: true }])
  const unknown = await server.expect<Status>(404, 'GET', `${BOATS}/a/sails`)
  assert.equal(unknown.message, 'boats.sea.example.com "a" not found')
  assert.equal((await server.send('GET', '/apis/sea.example.com/v1/boats/a')).body, '404 page not found\n')
  assert.equal(
    (await server.send('GET', '/apis/sea.example.com/v1/namespaces/default/rafts')).body,
    '404 page not found\n',
  )
})

test('an object says of which kind it is; nothing is made up for it', async (t) => {
  const server = await harbour(t)
  const { kind: _kind, ...nameless } = boat('a', { oars: 1 }) as Record<string, unknown>
  const missing = await server.expect<Status>(400, 'POST', BOATS, nameless)
  assert.match(
    missing.message ?? '',
    /^the object provided is unrecognized \(must be of type Boat\): Object 'Kind' is missing in /,
  )
  const other = await server.expect<Status>(422, 'POST', BOATS, { ...nameless, kind: 'Ship' })
  assert.equal(other.message, 'Ship.sea.example.com "a" is invalid: kind: Invalid value: "Ship": must be Boat')
})

test('what a schema stops to know is gone from what was stored before', async (t) => {
  const server = await harbour(t)
  await server.create(BOATS, boat('a', { oars: 1, depth: 3 }))
  const crd = structuredClone(await server.get<CustomResourceDefinition>(`${CRDS}/boats.sea.example.com`))
  const root = crd.spec.versions[0]?.schema?.openAPIV3Schema as {
    properties: { spec: { properties: Record<string, unknown> } }
  }
  delete root.properties.spec.properties['depth']
  await server.expect(200, 'PUT', `${CRDS}/boats.sea.example.com`, crd)
  await server.eventually(async () => !('depth' in ((await server.get<Boat>(`${BOATS}/a`)).spec ?? {})))
})

test('discovery in one document names the group of custom resources and what their subresources are', async (t) => {
  const server = await harbour(t)
  const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'
  const { body } = await server.send('GET', '/apis', undefined, { accept })
  const { items } = (typeof body === 'string' ? JSON.parse(body) : body) as {
    items: { metadata: { name: string }; versions: { resources: Record<string, unknown>[] }[] }[]
  }
  const [boats] = items.find(({ metadata }) => metadata.name === 'sea.example.com')?.versions[0]?.resources ?? []
  const kind = { group: 'sea.example.com', version: 'v1', kind: 'Boat' }
  assert.deepEqual(boats?.['responseKind'], kind)
  const subresources = boats?.['subresources'] ?? []
  assert.deepEqual(
    (subresources as { subresource: string; responseKind: unknown }[]).map((one) => [
      one.subresource,
      one.responseKind,
    ]),
    [
      ['status', kind],
      ['scale', { group: 'autoscaling', version: 'v1', kind: 'Scale' }],
    ],
  )
})
