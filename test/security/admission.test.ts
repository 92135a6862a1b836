import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { testCertificate } from '../../src/apiserver/http/test-certificate.ts'
import { type Received, SecureServer } from './server.ts'

const ADMISSION = '/apis/admissionregistration.k8s.io/v1'
const PODS = '/api/v1/namespaces/default/pods'
const DEPLOYMENTS = '/apis/apps/v1/namespaces/default/deployments'

interface Review {
  readonly kind: string
  readonly spec: { readonly containers: readonly { readonly image: string }[]; readonly namespace: string }
  readonly request: {
    readonly uid: string
    readonly subResource?: string
    readonly kind: { readonly kind: string }
    readonly object: { readonly spec: { readonly replicas: number } }
  }
}

/** A service that is asked about images at one path, and about objects at the others. */
const asked: Review[] = []
const service = createServer(testCertificate, (request, response) => {
  void request.toArray().then((chunks) => {
    const review = JSON.parse(Buffer.concat(chunks as Buffer[]).toString()) as Review
    asked.push(review)
    const answer = review.kind === 'ImageReview' ? imageAnswer(review) : objectAnswer(review, request.url ?? '')
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ ...review, ...answer }))
  })
})

function imageAnswer({ spec }: Review): object {
  const allowed = spec.containers.every(({ image }) => image.startsWith('good'))
  return { status: { allowed, ...(!allowed && { reason: 'not scanned' }), auditAnnotations: { scanned: 'today' } } }
}

function objectAnswer({ request: { uid, subResource, object } }: Review, path: string): object {
  if (path.startsWith('/label')) {
    const patch = btoa(JSON.stringify([{ op: 'add', path: '/metadata/labels', value: { seen: 'yes' } }]))
    return { response: { uid, allowed: true, patchType: 'JSONPatch', patch, auditAnnotations: { labelled: 'yes' } } }
  }
  const allowed = subResource !== 'scale' || object.spec.replicas < 100
  return { response: { uid, allowed, status: { message: 'too many' } } }
}

const folder = mkdtempSync(join(tmpdir(), 'skiff-admission-'))
const auditLog = join(folder, 'audit.log')
let server: SecureServer

function file(name: string, content: unknown): string {
  writeFileSync(join(folder, name), JSON.stringify(content))
  return join(folder, name)
}

before(async () => {
  service.listen(0, 'localhost')
  await once(service, 'listening')
  const kubeConfigFile = file('kubeconfig', {
    clusters: [
      { name: 'c', cluster: { server: `${url()}/images`, 'certificate-authority-data': btoa(testCertificate.cert) } },
    ],
    users: [{ name: 'u', user: {} }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  })
  const imagePolicy = { kubeConfigFile, allowTTL: 30, denyTTL: 30, retryBackoff: 500, defaultAllow: false }
  server = await SecureServer.start({
    'enable-admission-plugins': ['ImagePolicyWebhook'],
    'admission-control-config-file': [
      file('admission.yaml', {
        apiVersion: 'apiserver.config.k8s.io/v1',
        kind: 'AdmissionConfiguration',
        plugins: [{ name: 'ImagePolicyWebhook', configuration: { imagePolicy } }],
      }),
    ],
    'audit-policy-file': [
      file('policy.yaml', { apiVersion: 'audit.k8s.io/v1', kind: 'Policy', rules: [{ level: 'Request' }] }),
    ],
    'audit-log-path': [auditLog],
  })
  await server.create('/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'default' } })
})

after(async () => {
  await server[Symbol.asyncDispose]()
  service.close()
  service.closeAllConnections()
  rmSync(folder, { recursive: true })
})

const url = (): string => `https://localhost:${(service.address() as AddressInfo).port}`
const podOf = (name: string, image = 'good:1'): object => ({
  metadata: { name },
  spec: { containers: [{ name: 'c', image }], automountServiceAccountToken: false },
})

/** What the audit log says of a pod's creation, once it is written. */
async function annotationsOf(name: string): Promise<Readonly<Record<string, string>>> {
  for (;;) {
    const lines = readFileSync(auditLog, 'utf8').split('\n').slice(0, -1)
    const events = lines.map((line) => JSON.parse(line) as Told)
    const told = events.find((e) => e.stage === 'ResponseComplete' && e.requestObject?.metadata?.name === name)
    if (told) return told.annotations ?? {}
    await server.expect(200, '/livez')
  }
}

interface Told {
  readonly stage: string
  readonly annotations?: Readonly<Record<string, string>>
  readonly requestObject?: { readonly metadata?: { readonly name?: string } }
}

/** Sends until it is answered so: what admits knows of itself a moment later. */
async function until(status: number, send: () => Promise<Received>): Promise<Received> {
  for (;;) {
    const received = await send()
    if (received.status === status) return received
  }
}

const webhookOf = (name: string, path: string, resources: readonly string[], group: string): object => ({
  name,
  clientConfig: { url: `${url()}${path}`, caBundle: btoa(testCertificate.cert) },
  rules: [{ apiGroups: [group], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources }],
  sideEffects: 'None',
  admissionReviewVersions: ['v1'],
})

describe('a service that is asked which images run, over real HTTPS', () => {
  it('lets in and keeps out, and what it says is audited', async () => {
    await server.create(PODS, podOf('image-good'))
    assert.equal(
      await server.refused(403, PODS, { method: 'POST', body: podOf('image-bad', 'bad:1') }),
      'pods "image-bad" is forbidden: image policy webhook backend denied one or more images: not scanned',
    )
    const reviews = asked.filter(({ kind }) => kind === 'ImageReview')
    assert.deepEqual(
      reviews.map(({ spec }) => [spec.namespace, spec.containers]),
      [
        ['default', [{ image: 'good:1' }]],
        ['default', [{ image: 'bad:1' }]],
      ],
    )
    for (const name of ['image-good', 'image-bad']) {
      assert.equal((await annotationsOf(name))['imagepolicywebhook.image-policy.k8s.io/scanned'], 'today')
    }
  })
})

describe('what admits a request stands in the audit log of the server', () => {
  it('pod security: the level that holds, and what another one would say', async () => {
    await server.create('/api/v1/namespaces', {
      metadata: {
        name: 'strict',
        labels: {
          'pod-security.kubernetes.io/enforce': 'baseline',
          'pod-security.kubernetes.io/audit': 'restricted',
        },
      },
    })
    await server.create('/api/v1/namespaces/strict/serviceaccounts', { metadata: { name: 'default' } })
    await server.create('/api/v1/namespaces/strict/pods', podOf('secured'))
    const annotations = await annotationsOf('secured')
    assert.equal(annotations['pod-security.kubernetes.io/enforce-policy'], 'baseline:latest')
    assert.match(
      annotations['pod-security.kubernetes.io/audit-violations'] ?? '',
      /^would violate PodSecurity "restricted:latest": allowPrivilegeEscalation != false \(container "c" must set /,
    )
  })

  it('policies: what they note, and what failed without a refusal', async () => {
    const name = 'noted.example.com'
    await server.create(`${ADMISSION}/validatingadmissionpolicies`, {
      metadata: { name },
      spec: {
        matchConstraints: {
          resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['configmaps'] }],
        },
        validations: [{ expression: "object.metadata.name == 'x'", message: 'not x' }],
        auditAnnotations: [{ key: 'name', valueExpression: "'is ' + object.metadata.name" }],
      },
    })
    await server.create(`${ADMISSION}/validatingadmissionpolicybindings`, {
      metadata: { name: 'noting' },
      spec: { policyName: name, validationActions: ['Audit', 'Warn'] },
    })
    let last = ''
    for (let i = 0, warned = false; !warned; i++) {
      last = `noted-${i}`
      const body = { metadata: { name: last } }
      const { headers } = await server.expect(201, '/api/v1/namespaces/default/configmaps', { method: 'POST', body })
      warned = headers.warning !== undefined
    }
    const annotations = await annotationsOf(last)
    assert.equal(annotations['noted.example.com/name'], `is ${last}`)
    assert.deepEqual(JSON.parse(annotations['validation.policy.admission.k8s.io/validation_failure'] ?? ''), [
      { message: 'not x', policy: name, binding: 'noting', expressionIndex: 0, validationActions: ['Audit', 'Warn'] },
    ])
  })

  it('webhooks: what they say, and what they change', async () => {
    await server.create(`${ADMISSION}/mutatingwebhookconfigurations`, {
      metadata: { name: 'labels' },
      webhooks: [webhookOf('labels.example.com', '/label', ['pods'], '')],
    })
    let last = ''
    for (let i = 0, seen = false; !seen; i++) {
      last = `labelled-${i}`
      const { text } = await server.expect(201, PODS, { method: 'POST', body: podOf(last) })
      seen = text.includes('"seen":"yes"')
    }
    const annotations = await annotationsOf(last)
    assert.equal(annotations['labels.example.com/labelled'], 'yes')
    assert.deepEqual(JSON.parse(annotations['mutation.webhook.admission.k8s.io/round_0_index_0'] ?? ''), {
      configuration: 'labels',
      webhook: 'labels.example.com',
      mutated: true,
    })
    assert.deepEqual(JSON.parse(annotations['patch.webhook.admission.k8s.io/round_0_index_0'] ?? ''), {
      configuration: 'labels',
      webhook: 'labels.example.com',
      patch: [{ op: 'add', path: '/metadata/labels', value: { seen: 'yes' } }],
      patchType: 'JSONPatch',
    })
  })
})

describe('a scale is no way around what admits', () => {
  const scaleOf = (replicas: number): object => ({
    apiVersion: 'autoscaling/v1',
    kind: 'Scale',
    metadata: { name: 'web', namespace: 'default' },
    spec: { replicas },
  })
  /** Every way to write a scale. */
  const ways = (replicas: number): (() => Promise<Received>)[] => [
    () => server.send(`${DEPLOYMENTS}/web/scale`, { method: 'PUT', body: scaleOf(replicas) }),
    ...['merge-patch', 'strategic-merge-patch', 'apply-patch'].map((type) => () => {
      const headers = { 'content-type': `application/${type === 'apply-patch' ? 'apply-patch+yaml' : `${type}+json`}` }
      const query = type === 'apply-patch' ? '?fieldManager=me&force=true' : ''
      return server.send(`${DEPLOYMENTS}/web/scale${query}`, { method: 'PATCH', body: scaleOf(replicas), headers })
    }),
  ]

  before(async () => {
    const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'good' }] } }
    await server.create(DEPLOYMENTS, {
      metadata: { name: 'web' },
      spec: { replicas: 1, selector: { matchLabels: { a: 'b' } }, template },
    })
  })

  const policy = (name: string, resources: readonly string[], most: number): object => ({
    metadata: { name },
    spec: {
      matchConstraints: {
        resourceRules: [{ apiGroups: ['apps'], apiVersions: ['v1'], operations: ['UPDATE'], resources }],
      },
      validations: [{ expression: `object.spec.replicas <= ${most}`, message: `${name}: too many` }],
    },
  })
  const put = async (name: string, resources: readonly string[], most: number): Promise<void> => {
    await server.create(`${ADMISSION}/validatingadmissionpolicies`, policy(name, resources, most))
    const spec = { policyName: name, validationActions: ['Deny'] }
    await server.create(`${ADMISSION}/validatingadmissionpolicybindings`, { metadata: { name }, spec })
  }

  it('policies see it where their rules name it, in every way that it is written; and only there', async () => {
    await put('of-deployments', ['deployments'], 5)
    const body = { spec: { replicas: 6 } }
    const headers = { 'content-type': 'application/merge-patch+json' }
    await until(422, () => server.send(`${DEPLOYMENTS}/web?dryRun=All`, { method: 'PATCH', body, headers }))
    for (const way of ways(6)) assert.equal((await way()).status, 200)

    await put('of-scales', ['deployments/scale'], 10)
    await until(422, () => server.send(`${DEPLOYMENTS}/web/scale?dryRun=All`, { method: 'PUT', body: scaleOf(11) }))
    for (const way of ways(11)) {
      const { status, text } = await way()
      assert.equal(status, 422, text)
      assert.match(
        text,
        /ValidatingAdmissionPolicy 'of-scales' with binding 'of-scales' denied request: of-scales: too/,
      )
    }
    assert.equal((await server.get<{ spec: { replicas: number } }>(`${DEPLOYMENTS}/web`)).spec.replicas, 6)
  })

  it('webhooks see it as what it is: a Scale', async () => {
    for (const name of ['of-deployments', 'of-scales'])
      await server.expect(200, `${ADMISSION}/validatingadmissionpolicybindings/${name}`, { method: 'DELETE' })
    await server.create(`${ADMISSION}/validatingwebhookconfigurations`, {
      metadata: { name: 'scales' },
      webhooks: [webhookOf('scales.example.com', '/judge', ['*/scale'], '*')],
    })
    const refused = async (): Promise<Received> =>
      server.send(`${DEPLOYMENTS}/web/scale?dryRun=All`, { method: 'PUT', body: scaleOf(100) })
    await until(400, refused)
    for (const way of ways(100)) {
      const { text } = await way()
      assert.match(text, /admission webhook \\"scales.example.com\\" denied the request: too many/)
    }
    const { request } = asked.at(-1) ?? assert.fail('nobody was asked')
    assert.deepEqual([request.kind.kind, request.subResource], ['Scale', 'scale'])
    for (const way of ways(20)) assert.equal((await way()).status, 200)
  })

  it('a quota of Deployments counts none for it', async () => {
    const quotas = '/api/v1/namespaces/default/resourcequotas'
    const hard = { 'count/deployments.apps': '1' }
    const quota = await server.create(quotas, { metadata: { name: 'one' }, spec: { hard } })
    await server.status(`${quotas}/one`, quota, { hard, used: hard })
    const another = { ...(await server.get<object>(`${DEPLOYMENTS}/web`)), metadata: { name: 'other' } }
    const create = (): Promise<Received> => server.send(`${DEPLOYMENTS}?dryRun=All`, { method: 'POST', body: another })
    assert.match((await until(403, create)).text, /exceeded quota: one, requested: count\/deployments.apps=1/)
    for (const way of ways(21)) assert.equal((await way()).status, 200)
    const { status } = await server.get<{ status: { used: object } }>(`${quotas}/one`)
    assert.deepEqual(status.used, hard)
  })
})
