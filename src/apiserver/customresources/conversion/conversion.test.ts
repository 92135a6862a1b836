import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import type { CustomResourceDefinition } from '../../../api/generated/types/apiextensions/v1.ts'
import type { KubeObject } from '../../../apimachinery/meta.ts'
import type { Status } from '../../../apimachinery/status.ts'
import type { CallWebhook } from '../../admission/webhooks/types.ts'
import type { LocalResponse } from '../../inprocess/handle.ts'
import { TestServer } from '../../test-server.ts'
import { CustomResources } from '../custom-resources.ts'

const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
const NAME = 'boats.sea.example.com'
const path = (version: string): string => `/apis/sea.example.com/${version}/namespaces/default/boats`
const [V1, V2] = [path('v1'), path('v2')]

type Boat = KubeObject & { apiVersion: string; spec: Record<string, unknown> }
interface Review {
  readonly request: { readonly uid: string; readonly desiredAPIVersion: string; readonly objects: Boat[] }
}

/** v1 has oars, v2 calls them paddles. */
function convert(boat: Boat, apiVersion: string): Boat {
  const { oars, paddles = oars, ...spec } = boat.spec
  return { ...boat, apiVersion, spec: { ...spec, [apiVersion.endsWith('v2') ? 'paddles' : 'oars']: paddles } }
}

class Webhook {
  readonly reviews: Review[] = []
  /** What to answer in place of the right conversion. */
  answer: ((review: Review, right: Boat[]) => object) | undefined

  readonly call: CallWebhook = ({ body }) => {
    const review = JSON.parse(new TextDecoder().decode(body)) as Review
    this.reviews.push(review)
    const { uid, desiredAPIVersion, objects } = review.request
    const convertedObjects = objects.map((object) => convert(object, desiredAPIVersion))
    const response = { uid, result: { status: 'Success' }, convertedObjects }
    const answer = this.answer?.(review, convertedObjects) ?? {}
    const text = JSON.stringify({
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'ConversionReview',
      response: { ...response, ...answer },
    })
    return Promise.resolve({ status: 200, contentType: 'application/json', body: new TextEncoder().encode(text) })
  }
}

const version = (name: string, field: string, storage: boolean): object => ({
  name,
  served: true,
  storage,
  subresources: { status: {}, scale: { specReplicasPath: `.spec.${field}`, statusReplicasPath: '.status.r' } },
  schema: {
    openAPIV3Schema: {
      type: 'object',
      properties: {
        spec: {
          type: 'object',
          properties: { [field]: { type: 'integer' }, name: { type: 'string' }, size: { type: 'integer' } },
        },
        status: { type: 'object', properties: { r: { type: 'integer' } } },
      },
    },
  },
})

const definition = (storage: string, conversion: object = WEBHOOK): CustomResourceDefinition =>
  ({
    metadata: { name: NAME },
    spec: {
      group: 'sea.example.com',
      scope: 'Namespaced',
      names: { plural: 'boats', kind: 'Boat' },
      conversion,
      versions: [version('v1', 'oars', storage === 'v1'), version('v2', 'paddles', storage === 'v2')],
    },
  }) as unknown as CustomResourceDefinition

const WEBHOOK = {
  strategy: 'Webhook',
  webhook: { conversionReviewVersions: ['v1'], clientConfig: { url: 'https://converter.example/convert' } },
}

async function harbour(t: TestContext, conversion?: object): Promise<{ server: TestServer; webhook: Webhook }> {
  const webhook = new Webhook()
  const server = new TestServer()
  const custom = new CustomResources(server.server, { callWebhook: webhook.call })
  await custom.start()
  t.after(() => custom.stop())
  await server.create(CRDS, definition('v1', conversion))
  await server.eventually(async () => (await server.send('GET', V2)).status === 200)
  return { server, webhook }
}

const boat = (version: string, name: string, spec: object): object => ({
  apiVersion: `sea.example.com/${version}`,
  kind: 'Boat',
  metadata: { name },
  spec,
})

test('objects are written and read in every version, and kept in one', async (t) => {
  const { server } = await harbour(t)
  const made = await server.create<Boat>(V2, boat('v2', 'a', { paddles: 4 }))
  assert.deepEqual([made.apiVersion, made.spec], ['sea.example.com/v2', { paddles: 4 }])
  assert.deepEqual((await server.get<Boat>(`${V1}/a`)).spec, { oars: 4 })
  const patched = await server.patch<Boat>(200, 'merge', `${V2}/a`, { spec: { paddles: 6 } })
  assert.deepEqual([patched.spec, patched.metadata.generation], [{ paddles: 6 }, 2])
  await server.patch(200, 'merge', `${V2}/a/scale`, { spec: { replicas: 8 } })
  assert.deepEqual((await server.get<Boat>(`${V1}/a`)).spec, { oars: 8 })
  const { value } = (await server.server.registry.store.get('/registry/sea.example.com/boats/default/a')) ?? {}
  assert.match(new TextDecoder().decode(value), /^\{"kind":"Boat","apiVersion":"sea.example.com\/v1"/)
})

test('a list asks the webhook once, and not for what is in the version already', async (t) => {
  const { server, webhook } = await harbour(t)
  for (const name of ['a', 'b', 'c']) await server.create(V1, boat('v1', name, { oars: 1 }))
  assert.equal(webhook.reviews.length, 0)
  const { items } = await server.list(V2)
  assert.deepEqual(
    items.map((item) => (item as Boat).spec),
    [{ paddles: 1 }, { paddles: 1 }, { paddles: 1 }],
  )
  assert.deepEqual(
    webhook.reviews.map(({ request }) => request.objects.length),
    [3],
  )
})

test('watches of every version see each change in it, in order', async (t) => {
  const { server } = await harbour(t)
  const seen: unknown[] = []
  const events = server.watch(`${V2}?watch=true`, 3, async () => {
    await server.create(V1, boat('v1', 'a', { oars: 1 }))
    await server.patch(200, 'merge', `${V1}/a`, { spec: { oars: 2 } })
    seen.push((await server.get<Boat>(`${V2}/a`)).spec)
    await server.expect(200, 'DELETE', `${V1}/a`)
  })
  assert.deepEqual(await events, ['ADDED a', 'MODIFIED a', 'DELETED a'])
  assert.deepEqual(seen, [{ paddles: 2 }])
})

test('what was kept in the old storage version is kept in the new one when it is written again', async (t) => {
  const { server } = await harbour(t)
  await server.create(V1, boat('v1', 'a', { oars: 3 }))
  const crd = await server.get<CustomResourceDefinition>(`${CRDS}/${NAME}`)
  const next = { ...definition('v2'), metadata: crd.metadata, status: crd.status }
  const updated = await server.expect<CustomResourceDefinition>(200, 'PUT', `${CRDS}/${NAME}`, next)
  assert.deepEqual(updated.status?.storedVersions, ['v1', 'v2'])
  const kept = async (): Promise<string> => {
    const entry = await server.server.registry.store.get('/registry/sea.example.com/boats/default/a')
    return /"apiVersion":"sea.example.com\/(\w+)"/.exec(new TextDecoder().decode(entry?.value))?.[1] ?? ''
  }
  assert.equal(await kept(), 'v1')
  // Changes nothing but where it is kept.
  await server.eventually(async () => {
    await server.patch(200, 'merge', `${V2}/a`, {})
    return (await kept()) === 'v2'
  })
  assert.deepEqual((await server.get<Boat>(`${V1}/a`)).spec, { oars: 3 })
})

test('a converter may change labels and annotations, and nothing else of metadata', async (t) => {
  const { server, webhook } = await harbour(t)
  await server.create(V1, boat('v1', 'a', { oars: 1 }))
  webhook.answer = (_review, [right]) => ({
    convertedObjects: [
      { ...right, metadata: { ...right?.metadata, labels: { x: 'y' }, generation: 77, finalizers: ['a/b'] } },
    ],
  })
  const { metadata } = await server.get<Boat>(`${V2}/a`)
  assert.deepEqual([metadata.labels, metadata.generation, metadata.finalizers], [{ x: 'y' }, 1, undefined])
})

const KIND = 'sea.example.com/v1, Kind=Boat'
const WRONG: readonly (readonly [string, NonNullable<Webhook['answer']>, string])[] = [
  ['a refusal', () => ({ result: { status: 'Failed', message: 'no' } }), `conversion webhook for ${KIND} failed: no`],
  [
    'no status',
    () => ({ result: {} }),
    `conversion webhook for ${KIND} failed: response.result.status was '', not 'Success'`,
  ],
  ['too few', () => ({ convertedObjects: [] }), `conversion webhook for ${KIND} returned 0 objects, expected 1`],
  [
    'another version',
    (_review, [right]) => ({ convertedObjects: [{ ...right, apiVersion: 'sea.example.com/v9' }] }),
    `conversion webhook for ${KIND} returned invalid object at index 0: invalid groupVersion (expected sea.example.com/v2, received sea.example.com/v9)`,
  ],
  [
    'another kind',
    (_review, [right]) => ({ convertedObjects: [{ ...right, kind: 'Ship' }] }),
    `conversion webhook for ${KIND} returned invalid object at index 0: invalid kind (expected Boat, received Ship)`,
  ],
  [
    'another name',
    (_review, [right]) => ({ convertedObjects: [{ ...right, metadata: { ...right?.metadata, name: 'b' } }] }),
    `conversion webhook for ${KIND} returned invalid object: must have the same name: a != b`,
  ],
  [
    'labels that are none',
    (_review, [right]) => ({ convertedObjects: [{ ...right, metadata: { ...right?.metadata, labels: { a: 1 } } }] }),
    `conversion webhook for ${KIND} returned invalid metadata: metadata.labels[a] must be a string, but is int64 in converted object`,
  ],
]

for (const [name, answer, message] of WRONG) {
  test(`a wrong answer is told: ${name}`, async (t) => {
    const { server, webhook } = await harbour(t)
    await server.create(V1, boat('v1', 'a', { oars: 1 }))
    webhook.answer = answer
    const status = await server.expect<Status>(500, 'GET', `${V2}/a`)
    assert.deepEqual([status.message, status.reason], [message, undefined])
  })
}

test('without a webhook versions differ by name alone, and each keeps the fields that it knows', async (t) => {
  const { server, webhook } = await harbour(t, { strategy: 'None' })
  await server.create(V1, boat('v1', 'a', { oars: 1, name: 'x' }))
  assert.deepEqual((await server.get<Boat>(`${V2}/a`)).spec, { name: 'x' })
  assert.equal(webhook.reviews.length, 0)
})

test('who owns a field in one version owns it in all', async (t) => {
  const { server } = await harbour(t)
  const apply = (version: string, manager: string, spec: object, more = ''): Promise<LocalResponse> =>
    server.send('PATCH', `${path(version)}/a?fieldManager=${manager}${more}`, boat(version, 'a', spec), {
      'content-type': 'application/apply-patch+yaml',
    })
  assert.equal((await apply('v1', 'm', { oars: 2 })).status, 201)
  const moved = await apply('v2', 'm', { paddles: 3 })
  assert.deepEqual((moved.body as Boat).spec, { paddles: 3 })
  const refused = await apply('v1', 'n', { oars: 5 })
  assert.equal(refused.status, 409)
  assert.equal((refused.body as Status).message, 'Apply failed with 1 conflict: conflict with "m": .spec.paddles')
  const forced = await apply('v1', 'n', { oars: 5 }, '&force=true')
  assert.deepEqual((forced.body as Boat).spec, { oars: 5 })
  assert.deepEqual(
    (forced.body as Boat).metadata.managedFields?.map(({ manager, apiVersion }) => `${manager} ${apiVersion}`),
    ['n sea.example.com/v1'],
  )
})

test('what a converter makes is not validated, and breaks nothing', async (t) => {
  const { server, webhook } = await harbour(t)
  await server.create(V1, boat('v1', 'a', { oars: 1 }))
  webhook.answer = (_review, [right]) => ({ convertedObjects: [{ ...right, spec: { paddles: 'many', other: 1 } }] })
  assert.deepEqual((await server.get<Boat>(`${V2}/a`)).spec, { paddles: 'many' })
  webhook.answer = undefined
  assert.deepEqual((await server.get<Boat>(`${V2}/a`)).spec, { paddles: 1 })
})

test('whole numbers past 2^53 are kept through conversion, patches and watches', async (t) => {
  const { server } = await harbour(t, { strategy: 'None' })
  const big = 9007199254740993n
  await server.create(V1, boat('v1', 'a', { size: big }))
  await server.patch(200, 'merge', `${V1}/a`, { spec: { name: 'x' } })
  const { spec } = await server.get<Boat>(`${V1}/a`)
  assert.deepEqual(spec, { name: 'x', size: big })
  const { items } = await server.list(V1)
  assert.equal((items[0] as Boat).spec['size'], big)
  const seen = await server.until<Boat>(`${V1}?watch=true`, () => true)
  assert.equal(seen.spec['size'], big)
})
