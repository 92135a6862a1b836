import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { GuardedServer } from '../../src/apiserver/guarded-server.suite.ts'
import type { KubeList, KubeObject } from '../../src/apimachinery/meta.ts'
import { encoded, served, startProgram, startServer } from './program.ts'

const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
const GROUP = '/apis/admissionregistration.k8s.io/v1'
const of = (version: string): string => `/apis/certs.example.com/${version}/namespaces/shop/certificates`
const [OLD, NEW] = [of('v1alpha2'), of('v1')]
const NAME = 'certificates.certs.example.com'

interface Certificate extends KubeObject {
  readonly apiVersion: string
  readonly spec: {
    readonly secretName: string
    readonly duration?: string
    readonly organization?: string[]
    readonly subject?: { readonly organizations: string[] }
  }
  readonly status?: { readonly conditions?: object[] }
}

const text = { type: 'string' }
const texts = { type: 'array', items: text }

/** A version of the definition; in the older one the organization stands elsewhere. */
const version = (name: string, fields: object, more: object): object => ({
  name,
  served: true,
  storage: false,
  subresources: { status: {} },
  additionalPrinterColumns: [
    { name: 'Ready', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
    { name: 'Secret', type: 'string', jsonPath: '.spec.secretName' },
  ],
  schema: {
    openAPIV3Schema: {
      type: 'object',
      required: ['spec'],
      properties: {
        spec: { type: 'object', required: ['secretName'], properties: { secretName: text, duration: text, ...fields } },
        status: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
      },
    },
  },
  ...more,
})

const definition = {
  metadata: { name: NAME, annotations: { 'cert-manager.io/inject-ca-from-secret': 'certs/webhook-ca' } },
  spec: {
    group: 'certs.example.com',
    scope: 'Namespaced',
    names: {
      plural: 'certificates',
      singular: 'certificate',
      kind: 'Certificate',
      shortNames: ['cert'],
      categories: ['certs'],
    },
    conversion: {
      strategy: 'Webhook',
      webhook: {
        conversionReviewVersions: ['v1'],
        clientConfig: { service: { namespace: 'certs', name: 'webhook', path: '/convert' } },
      },
    },
    versions: [
      version('v1alpha2', { organization: texts }, {}),
      version('v1', { subject: { type: 'object', properties: { organizations: texts } } }, { storage: true }),
    ],
  },
}

function converted(request: Record<string, unknown>): object {
  const { desiredAPIVersion, objects } = request as { desiredAPIVersion: string; objects: Certificate[] }
  const convertedObjects = objects.map((object) => {
    const { organization, subject, ...spec } = object.spec
    const organizations = organization ?? subject?.organizations
    const moved = desiredAPIVersion.endsWith('/v1') ? { subject: { organizations } } : { organization: organizations }
    return { ...object, apiVersion: desiredAPIVersion, spec: { ...spec, ...(organizations && moved) } }
  })
  return { result: { status: 'Success' }, convertedObjects }
}

/** Fills in who asked, and a duration; both in v1. */
function mutated(request: Record<string, unknown>): object {
  const { object, userInfo } = request as { object: Certificate; userInfo: { username: string } }
  const patch = [
    { op: 'add', path: '/metadata/annotations', value: { 'certs.example.com/by': userInfo.username } },
    ...(object.spec.duration ? [] : [{ op: 'add', path: '/spec/duration', value: '2160h' }]),
  ]
  return { allowed: true, patchType: 'JSONPatch', patch: encoded(patch) }
}

function validated(request: Record<string, unknown>): object {
  const { object } = request as { object: Certificate }
  const organizations = object.spec.subject?.organizations ?? []
  if (!organizations.includes('forbidden')) return { allowed: true, warnings: ['spec.duration is short'] }
  const message = 'spec.subject.organizations: Forbidden: not this one'
  return { allowed: false, status: { code: 406, reason: 'NotAcceptable', message } }
}

/** A webhook configuration as installed: without a CA, which is written into it later. */
const configuration = (path: string): object => ({
  metadata: { name: 'certs', annotations: { 'cert-manager.io/inject-ca-from-secret': 'certs/webhook-ca' } },
  webhooks: [
    {
      name: 'webhook.certs.example.com',
      admissionReviewVersions: ['v1'],
      sideEffects: 'None',
      failurePolicy: 'Fail',
      matchPolicy: 'Equivalent',
      timeoutSeconds: 10,
      clientConfig: { service: { namespace: 'certs', name: 'webhook', path } },
      namespaceSelector: {
        matchExpressions: [{ key: 'certs.example.com/disable', operator: 'NotIn', values: ['true'] }],
      },
      rules: [
        { apiGroups: ['certs.example.com'], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: ['*/*'] },
      ],
    },
  ],
})

/** What the injector does: writes the authority into whatever asks for it. */
async function injectAuthority(api: GuardedServer, caBundle: string): Promise<void> {
  const patch = (path: string, body: unknown): Promise<unknown> => {
    const headers = { 'content-type': 'application/apply-patch+yaml' }
    return api.send('PATCH', `${path}?fieldManager=cainjector&force=true`, body, headers)
  }
  for (const kind of ['Mutating', 'Validating']) {
    const path = `${GROUP}/${kind.toLowerCase()}webhookconfigurations/certs`
    const webhooks = [{ name: 'webhook.certs.example.com', clientConfig: { caBundle } }]
    const applied = { apiVersion: 'admissionregistration.k8s.io/v1', kind: `${kind}WebhookConfiguration`, webhooks }
    await patch(path, { ...applied, metadata: { name: 'certs' } })
  }
  const clientConfig = { caBundle }
  await api.send(
    'PATCH',
    `${CRDS}/${NAME}`,
    { spec: { conversion: { webhook: { clientConfig } } } },
    {
      'content-type': 'application/merge-patch+json',
    },
  )
}

const certificate = (apiVersion: string, name: string, spec: object): object => ({
  apiVersion: `certs.example.com/${apiVersion}`,
  kind: 'Certificate',
  metadata: { name },
  spec: { secretName: `${name}-tls`, ...spec },
})

test('certificates in two versions, defaulted, checked and converted by a program behind a Service', async (t) => {
  const api = await startServer(t)
  for (const name of ['certs', 'shop']) await api.create('/api/v1/namespaces', { metadata: { name } })
  const answers = { '/convert': converted, '/mutate': mutated, '/validate': validated }
  const program = await startProgram(t, api, { namespace: 'certs', name: 'webhook' }, answers)
  await api.create(CRDS, definition)
  await served(api, NEW)
  await api.create(`${GROUP}/mutatingwebhookconfigurations`, configuration('/mutate'))
  await api.create(`${GROUP}/validatingwebhookconfigurations`, configuration('/validate'))

  const early = await api.refused(500, 'POST', NEW, certificate('v1', 'early', {}))
  assert.match(early, /failed calling webhook "webhook.certs.example.com".*certificate signed by unknown authority/)
  await injectAuthority(api, program.caBundle)

  const made = await api.create<Certificate>(OLD, certificate('v1alpha2', 'web', { organization: ['acme'] }))
  assert.deepEqual(made.spec, { secretName: 'web-tls', organization: ['acme'], duration: '2160h' })
  assert.equal(made.metadata.annotations?.['certs.example.com/by'], 'admin')
  assert.ok(
    program.asked.includes('/mutate') && program.asked.includes('/validate') && program.asked.includes('/convert'),
  )
  assert.deepEqual((await api.get<Certificate>(`${NEW}/web`)).spec.subject, { organizations: ['acme'] })

  const { status, headers } = await api.send('PUT', `${NEW}/web`, {
    ...(await api.get<object>(`${NEW}/web`)),
    spec: { secretName: 'web-tls', duration: '1h', subject: { organizations: ['acme', 'more'] } },
  })
  assert.equal(status, 200)
  assert.match(JSON.stringify(headers), /spec.duration is short/)
  assert.equal(
    await api.refused(406, 'POST', OLD, certificate('v1alpha2', 'bad', { organization: ['forbidden'] })),
    'admission webhook "webhook.certs.example.com" denied the request: spec.subject.organizations: Forbidden: not this one',
  )

  const before = program.asked.length
  const condition = { type: 'Ready', status: 'True', reason: 'Ready', message: 'Certificate is up to date' }
  const current = await api.get<Certificate>(`${NEW}/web`)
  await api.expect(200, 'PUT', `${NEW}/web/status`, { ...current, status: { conditions: [condition] } })
  assert.ok(program.asked.length > before, 'the rule */* is for the status, too')
  const table = await api.send('GET', OLD, undefined, { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' })
  assert.deepEqual((table.body as { rows: { cells: unknown[] }[] }).rows[0]?.cells.slice(0, 3), [
    'web',
    'True',
    'web-tls',
  ])

  program.leave()
  assert.match(await api.refused(500, 'POST', NEW, certificate('v1', 'late', {})), /connection refused|EOF/)
  await api.create('/api/v1/namespaces', {
    metadata: { name: 'free', labels: { 'certs.example.com/disable': 'true' } },
  })
  await api.create(NEW.replace('shop', 'free'), certificate('v1', 'free', {}))
})

test('a request for a certificate is approved and signed by someone with a signer of their own', async (t) => {
  const api = await startServer(t)
  const CSRS = '/apis/certificates.k8s.io/v1/certificatesigningrequests'
  const request = btoa(REQUEST)
  const spec = {
    request,
    signerName: 'issuers.certs.example.com/shop.ca',
    usages: ['digital signature', 'server auth'],
  }
  await api.create(CSRS, { metadata: { name: 'web' }, spec })
  const roles = '/apis/rbac.authorization.k8s.io/v1/clusterroles'
  const names = ['issuers.certs.example.com/*']
  const groups = { apiGroups: ['certificates.k8s.io'] }
  await api.create(roles, {
    metadata: { name: 'controller' },
    rules: [
      { ...groups, resources: ['signers'], resourceNames: names, verbs: ['approve', 'sign'] },
      {
        ...groups,
        resources: [
          'certificatesigningrequests',
          'certificatesigningrequests/approval',
          'certificatesigningrequests/status',
        ],
        verbs: ['get', 'update'],
      },
    ],
  })
  await api.bind('controller', 'controller')
  const controller = api.as('controller')
  const approval = { type: 'Approved', status: 'True', reason: 'cert-manager.io', message: 'approved' }
  const found = await controller.get<KubeObject>(`${CSRS}/web`)
  await controller.expect(200, 'PUT', `${CSRS}/web/approval`, { ...found, status: { conditions: [approval] } })
  const approved = await controller.get<KubeObject & { status: object }>(`${CSRS}/web`)
  const signed = { ...approved, status: { ...approved.status, certificate: btoa(CERTIFICATE) } }
  const done = await controller.expect<{ status: { certificate: string } }>(200, 'PUT', `${CSRS}/web/status`, signed)
  assert.equal(atob(done.status.certificate), CERTIFICATE)
  assert.match(
    await api.as('stranger').refused(403, 'GET', `${CSRS}/web`),
    /User "stranger" cannot get resource "certificatesigningrequests"/,
  )
})

test('leaders are elected by a lease, and what they do is told by events', async (t) => {
  const api = await startServer(t)
  const LEASES = '/apis/coordination.k8s.io/v1/namespaces/default/leases'
  const lease = (holderIdentity: string, leaseTransitions: number): object => ({
    holderIdentity,
    leaseTransitions,
    leaseDurationSeconds: 60,
    acquireTime: '2026-01-01T00:00:00.000000Z',
    renewTime: '2026-01-01T00:00:00.000000Z',
  })
  const first = await api.create<KubeObject>(LEASES, { metadata: { name: 'controller' }, spec: lease('a', 0) })
  const taken = await api.expect<KubeObject>(200, 'PUT', `${LEASES}/controller`, { ...first, spec: lease('b', 1) })
  assert.equal((await api.send('PUT', `${LEASES}/controller`, { ...first, spec: lease('a', 1) })).status, 409)
  assert.notEqual(taken.metadata.resourceVersion, first.metadata.resourceVersion)
  const regarding = { kind: 'Certificate', namespace: 'default', name: 'web', apiVersion: 'certs.example.com/v1' }
  const event = {
    metadata: { name: 'web.1' },
    involvedObject: regarding,
    reason: 'Issuing',
    message: 'm',
    type: 'Normal',
  }
  await api.create('/api/v1/namespaces/default/events', event)
  const query = 'fieldSelector=involvedObject.name%3Dweb,reason%3DIssuing'
  const { items } = await api.get<KubeList<KubeObject>>(`/api/v1/namespaces/default/events?${query}`)
  assert.equal(items.length, 1)
})

const REQUEST = `-----BEGIN CERTIFICATE REQUEST-----
MIHYMH8CAQAwHTEMMAoGA1UEAwwDd2ViMQ0wCwYDVQQKDARhY21lMFkwEwYHKoZI
zj0CAQYIKoZIzj0DAQcDQgAEcL6u/rmW2A2O0CHVbwwpjkAoyrznO+o2CZhm3Qtw
lrUxQsG+hHPC08Ez+J+GM7SVHWmY/GbXD78uACBn/0KxTaAAMAoGCCqGSM49BAMC
A0kAMEYCIQC8s56goWR9qfPTg1N3L5Crv3VAszgr7elipwAhT0mbsQIhAI082gLr
mYgR07z02j+Qk7i73yas/mHCdK7hLN6TJWOL
-----END CERTIFICATE REQUEST-----
`
const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBczCCARmgAwIBAgIUZU5HLoTUZTyA4aC9/LyauTkOC9YwCgYIKoZIzj0EAwIw
DjEMMAoGA1UEAwwDd2ViMCAXDTI2MTEyMjIyMDg0M1oYDzIxMjYxMDI5MjIwODQz
WjAOMQwwCgYDVQQDDAN3ZWIwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAARwvq7+
uZbYDY7QIdVvDCmOQCjKvOc76jYJmGbdC3CWtTFCwb6Ec8LTwTP4n4YztJUdaZj8
ZtcPvy4AIGf/QrFNo1MwUTAdBgNVHQ4EFgQU/fcEvvjav+t29vSyLfvKSIqKKXsw
HwYDVR0jBBgwFoAU/fcEvvjav+t29vSyLfvKSIqKKXswDwYDVR0TAQH/BAUwAwEB
/zAKBggqhkjOPQQDAgNIADBFAiBArkllOd2jq10xd2FVC2CA1LbIc7OTNjNND9+M
D9F0dAIhAO8YNCb5+FtEhcE+xOv9aWkrFCPaYU2JTkwY6hYGOTtX
-----END CERTIFICATE-----
`
