import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import type { KubeObject } from '../../../apimachinery/meta.ts'
import { nextTurn } from '../../../lib/turn.ts'
import { CustomResources } from '../../customresources/custom-resources.ts'
import { GuardedServer } from '../../guarded-server.suite.ts'
import type { CallWebhook } from './types.ts'

const GROUP = '/apis/admissionregistration.k8s.io/v1'
const V1 = '/apis/sea.example.com/v1/namespaces/default/boats'

type Boat = KubeObject & { readonly apiVersion: string; readonly spec: Record<string, unknown> }
interface Review {
  readonly apiVersion: string
  readonly kind: string
  readonly request: {
    readonly uid: string
    readonly object: Boat
    readonly oldObject: Boat | null
    readonly desiredAPIVersion: string
    readonly objects: Boat[]
  }
}

/** v1 has oars, v2 calls them paddles. */
function convert(boat: Boat, apiVersion: string): Boat {
  const { oars, paddles = oars, ...spec } = boat.spec
  return { ...boat, apiVersion, spec: { ...spec, [apiVersion.endsWith('v2') ? 'paddles' : 'oars']: paddles } }
}

const version = (name: string, field: string): object => ({
  name,
  served: true,
  storage: name === 'v1',
  schema: {
    openAPIV3Schema: {
      type: 'object',
      properties: { spec: { type: 'object', properties: { [field]: { type: 'integer' }, name: { type: 'string' } } } },
    },
  },
})

const definition = {
  metadata: { name: 'boats.sea.example.com' },
  spec: {
    group: 'sea.example.com',
    scope: 'Namespaced',
    names: { plural: 'boats', kind: 'Boat' },
    versions: [version('v1', 'oars'), version('v2', 'paddles')],
    conversion: {
      strategy: 'Webhook',
      webhook: { conversionReviewVersions: ['v1'], clientConfig: { url: 'https://converter.example.com/convert' } },
    },
  },
}

const RULE = { operations: ['*'], apiGroups: ['sea.example.com'], apiVersions: ['v2'], resources: ['boats'] }

/** A server with boats; its webhooks convert, and answer reviews by `judge`. */
async function harbour(
  t: TestContext,
  judge: (review: Review['request']) => object,
): Promise<{ api: GuardedServer; seen: Review['request'][] }> {
  const seen: Review['request'][] = []
  const callWebhook: CallWebhook = ({ body, url }) => {
    const { apiVersion, kind, request } = JSON.parse(new TextDecoder().decode(body)) as Review
    const { uid, desiredAPIVersion, objects } = request
    let response: object
    if (url.includes('/convert')) {
      const convertedObjects = objects.map((boat) => convert(boat, desiredAPIVersion))
      response = { uid, result: { status: 'Success' }, convertedObjects }
    } else {
      seen.push(request)
      response = { uid, allowed: true, ...judge(request) }
    }
    const text = new TextEncoder().encode(JSON.stringify({ apiVersion, kind, response }))
    return Promise.resolve({ status: 200, contentType: 'application/json', body: text })
  }
  const api = await GuardedServer.start({ callWebhook })
  const custom = new CustomResources(api.server, { callWebhook })
  await custom.start()
  t.after(() => custom.stop())
  await api.create('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', definition)
  while ((await api.send('GET', V1)).status !== 200) await nextTurn()
  return { api, seen }
}

const hook = {
  name: 'v.example.com',
  clientConfig: { url: 'https://hooks.example.com/' },
  rules: [RULE],
  matchPolicy: 'Equivalent',
  sideEffects: 'None',
  admissionReviewVersions: ['v1'],
}
const boat = (spec: object): object => ({
  apiVersion: 'sea.example.com/v1',
  kind: 'Boat',
  metadata: { name: 'b' },
  spec,
})

test('webhooks for another version see objects as the definition converts them', async (t) => {
  const { api, seen } = await harbour(t, () => ({}))
  await api.create(`${GROUP}/validatingwebhookconfigurations`, { metadata: { name: 'c' }, webhooks: [hook] })
  await api.create(V1, boat({ oars: 2 }))
  const { metadata } = await api.get<Boat>(`${V1}/b`)
  await api.expect(200, 'PUT', `${V1}/b`, { ...boat({ oars: 4 }), metadata })
  assert.deepEqual(
    seen.map(({ object, oldObject }) => [object.apiVersion, object.spec, oldObject?.spec]),
    [
      ['sea.example.com/v2', { paddles: 2 }, undefined],
      ['sea.example.com/v2', { paddles: 4 }, { paddles: 2 }],
    ],
  )
})

test('a patch in another version is converted back', async (t) => {
  const patch = btoa(JSON.stringify([{ op: 'replace', path: '/spec/paddles', value: 8 }]))
  const { api } = await harbour(t, () => ({ patchType: 'JSONPatch', patch }))
  await api.create(`${GROUP}/mutatingwebhookconfigurations`, { metadata: { name: 'c' }, webhooks: [hook] })
  const made = await api.create<Boat>(V1, boat({ oars: 2 }))
  assert.deepEqual([made.apiVersion, made.spec], ['sea.example.com/v1', { oars: 8 }])
})

test('policies for another version see, and change, objects in it', async (t) => {
  const { api } = await harbour(t, () => ({}))
  const matchConstraints = { resourceRules: [RULE], matchPolicy: 'Equivalent' }
  const expression = 'Object{spec: Object.spec{paddles: object.spec.paddles + 1}}'
  await api.create(`${GROUP}/mutatingadmissionpolicies`, {
    metadata: { name: 'p' },
    spec: {
      matchConstraints,
      reinvocationPolicy: 'Never',
      mutations: [{ patchType: 'ApplyConfiguration', applyConfiguration: { expression } }],
    },
  })
  await api.create(`${GROUP}/mutatingadmissionpolicybindings`, { metadata: { name: 'p' }, spec: { policyName: 'p' } })
  await api.create(`${GROUP}/validatingadmissionpolicies`, {
    metadata: { name: 'p' },
    spec: { matchConstraints, validations: [{ expression: 'object.spec.paddles < 6', message: 'too many' }] },
  })
  await api.create(`${GROUP}/validatingadmissionpolicybindings`, {
    metadata: { name: 'p' },
    spec: { policyName: 'p', validationActions: ['Deny'] },
  })
  assert.deepEqual((await api.create<Boat>(V1, boat({ oars: 2 }))).spec, { oars: 3 })
  assert.match(await api.refused(422, 'POST', V1, boat({ oars: 5 })), /denied request: too many$/)
})
