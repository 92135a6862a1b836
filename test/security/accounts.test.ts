import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { KubeObject } from '../../src/apimachinery/meta.ts'
import { makePod, PODS } from './objects.ts'
import { SecureServer, type Sent } from './server.ts'

let server: SecureServer

const ACCOUNTS = '/api/v1/namespaces/default/serviceaccounts'
const SECRETS = '/api/v1/namespaces/default/secrets'
const NODES = '/api/v1/nodes'
const REVIEW: Sent = { method: 'POST', body: { kind: 'SelfSubjectReview', apiVersion: 'authentication.k8s.io/v1' } }

before(async () => {
  server = await SecureServer.start()
  await server.create(ACCOUNTS, { metadata: { name: 'default' } })
})
after(() => server[Symbol.asyncDispose]())

async function tokenFor(account: string, spec: object): Promise<string> {
  const { status } = await server.create<{ status: { token: string } }>(`${ACCOUNTS}/${account}/token`, { spec })
  return status.token
}

/** 201 when the token stands for somebody, 401 when for nobody. */
async function demand(status: 201 | 401, token: string): Promise<void> {
  await server.expect(status, '/apis/authentication.k8s.io/v1/selfsubjectreviews', { ...REVIEW, token })
}

/** What a token can be bound to, and how that is made anew under its name. */
const BOUND: Readonly<Record<string, { readonly path: string; make(): Promise<KubeObject> }>> = {
  Pod: { path: `${PODS}/bound`, make: () => makePod(server, 'bound', '', 'node') },
  Node: { path: `${NODES}/bound`, make: () => server.create(NODES, { metadata: { name: 'bound' } }) },
  Secret: { path: `${SECRETS}/bound`, make: () => server.create(SECRETS, { metadata: { name: 'bound' } }) },
}

describe('a bound token lives as long as what it is bound to', () => {
  for (const [kind, { path, make }] of Object.entries(BOUND)) {
    test(`${kind}: deleted, and made anew under the same name`, async () => {
      const { metadata } = await make()
      const token = await tokenFor('default', {
        boundObjectRef: { kind, apiVersion: 'v1', name: 'bound', uid: metadata.uid },
      })
      await demand(201, token)
      await server.expect(200, `${path}?gracePeriodSeconds=0`, { method: 'DELETE' })
      await demand(401, token)
      await make()
      await demand(401, token)
    })

    test(`${kind}: none is given for another's uid, or for what is not there`, async () => {
      const ref = (name: string, uid: string) => ({ spec: { boundObjectRef: { kind, apiVersion: 'v1', name, uid } } })
      const body = (name: string, uid: string): Sent => ({ method: 'POST', body: ref(name, uid) })
      assert.match(await server.refused(409, `${ACCOUNTS}/default/token`, body('bound', 'wrong')), /does not match/)
      await server.expect(404, `${ACCOUNTS}/default/token`, body('missing', 'wrong'))
    })
  }

  test('the account: deleted, and made anew', async () => {
    await server.create(ACCOUNTS, { metadata: { name: 'gone' } })
    const token = await tokenFor('gone', {})
    await demand(201, token)
    await server.expect(200, `${ACCOUNTS}/gone`, { method: 'DELETE' })
    await demand(401, token)
    await server.create(ACCOUNTS, { metadata: { name: 'gone' } })
    await demand(401, token)
  })

  test('a token for others is none for the API', async () => {
    await demand(401, await tokenFor('default', { audiences: ['https://vault.example'] }))
    await demand(201, await tokenFor('default', { audiences: ['https://kubernetes.default.svc.cluster.local'] }))
  })

  test('a token that was changed, or whose header says it needs no signature', async () => {
    const [head = '', claims = '', signature = ''] = (await tokenFor('default', {})).split('.')
    const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const decoded = JSON.parse(Buffer.from(claims, 'base64url').toString()) as Record<string, unknown>
    const forged = encoded({ ...decoded, sub: 'system:serviceaccount:kube-system:clusterrole-aggregation-controller' })
    const key = encoded({ alg: 'HS256', typ: 'JWT' })
    for (const token of [
      `${head}.${forged}.${signature}`,
      `${encoded({ alg: 'none' })}.${forged}.`,
      `${encoded({ alg: 'none' })}.${claims}.${signature}`,
      `${key}.${forged}.${signature}`,
      `${head}.${claims}.`,
      `${head}.${claims}`,
      `${head}.${claims}.${signature}.x`,
    ])
      await demand(401, token)
  })
})

describe('nobody gets a token of an account who may not', () => {
  test('reading the account is not enough; nor is a token for another', async () => {
    await server.allow('alice', [{ apiGroups: [''], resources: ['serviceaccounts'], verbs: ['*'] }])
    await server.allow('alice', [
      { apiGroups: [''], resources: ['serviceaccounts/token'], resourceNames: ['other'], verbs: ['create'] },
    ])
    const message = await server.refused(403, `${ACCOUNTS}/default/token`, {
      method: 'POST',
      as: 'alice',
      body: { spec: {} },
    })
    assert.match(message, /User "alice" cannot create resource "serviceaccounts\/token"/)
  })

  test('a Secret of a token needs an account that is there, and cannot be made out of another Secret', async () => {
    const type = 'kubernetes.io/service-account-token'
    const secret = (name: string, of?: string) => ({
      metadata: { name, ...(of !== undefined && { annotations: { 'kubernetes.io/service-account.name': of } }) },
      type,
    })
    await server.expect(422, SECRETS, { method: 'POST', body: secret('a') })
    const { metadata } = await server.create(SECRETS, { metadata: { name: 'plain' } })
    const changed = {
      ...secret('plain', 'default'),
      metadata: { ...secret('plain', 'default').metadata, resourceVersion: metadata.resourceVersion },
    }
    assert.match(
      await server.refused(422, `${SECRETS}/plain`, { method: 'PUT', body: changed }),
      /type: .*field is immutable/,
    )
  })
})

describe('commands in pods need both rights', () => {
  const query = { exec: 'container=main&command=id', attach: 'container=main', portforward: 'ports=80' }
  const UPGRADE = {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
  }
  const rights = (verb: string, name: string) => [{ apiGroups: [''], resources: [`pods/${name}`], verbs: [verb] }]

  before(() => makePod(server, 'web', ''))

  for (const [name, options] of Object.entries(query)) {
    test(`pods/${name}: to get is not to create, by a WebSocket either`, async () => {
      const path = `${PODS}/web/${name}?${options}`
      await server.allow('bob', rights('get', name))
      await server.allow('carol', rights('create', name))
      for (const headers of [{}, UPGRADE]) {
        const bobs = await server.refused(403, path, { as: 'bob', headers })
        assert.match(bobs, new RegExp(`User "bob" cannot create resource "pods/${name}"`))
        assert.match(
          await server.refused(403, path, { as: 'carol', headers }),
          new RegExp(`User "carol" cannot get resource "pods/${name}"`),
        )
        assert.match(await server.refused(403, path, { as: 'dave', headers }), /User "dave" cannot get/)
        assert.match(
          await server.refused(403, path, { as: 'dave', headers, method: 'POST' }),
          /User "dave" cannot create/,
        )
      }
      // Let in, and nobody is there.
      await server.allow('bob', rights('create', name))
      assert.match(await server.refused(404, path, { as: 'bob', headers: UPGRADE }), /pods "node" not found/)
    })
  }

  test('rights on pods are none on what is below them', async () => {
    await server.allow('dave', [{ apiGroups: [''], resources: ['pods'], verbs: ['*'] }])
    for (const name of [
      'log',
      'exec?container=main',
      'attach',
      'portforward',
      'proxy/',
      'status',
      'ephemeralcontainers',
      'resize',
    ])
      await server.expect(403, `${PODS}/web/${name}`, { as: 'dave' })
    for (const name of ['binding', 'eviction'])
      await server.expect(403, `${PODS}/web/${name}`, { as: 'dave', method: 'POST', body: {} })
  })
})

describe('admission sees what comes in by a side door', () => {
  const PRIVILEGED = { securityContext: { privileged: true } }
  const NAMESPACE = '/api/v1/namespaces/guarded'

  before(async () => {
    await server.create('/api/v1/namespaces', {
      metadata: { name: 'guarded', labels: { 'pod-security.kubernetes.io/enforce': 'baseline' } },
    })
    await server.create(`${NAMESPACE}/serviceaccounts`, { metadata: { name: 'default' } })
    await server.create(`${NAMESPACE}/pods`, {
      metadata: { name: 'plain' },
      spec: { containers: [{ name: 'main', image: 'app' }] },
    })
  })

  test('a privileged pod, plainly', async () => {
    const body = { metadata: { name: 'p' }, spec: { containers: [{ name: 'main', image: 'app', ...PRIVILEGED }] } }
    assert.match(
      await server.refused(403, `${NAMESPACE}/pods`, { method: 'POST', body }),
      /violates PodSecurity "baseline:latest": privileged/,
    )
  })

  test('a privileged container that is added to a pod that runs', async () => {
    const pod = await server.get<KubeObject & { spec: object }>(`${NAMESPACE}/pods/plain`)
    const ephemeralContainers = [{ name: 'debug', image: 'app', ...PRIVILEGED }]
    const body = { ...pod, spec: { ...pod.spec, ephemeralContainers } }
    const message = await server.refused(403, `${NAMESPACE}/pods/plain/ephemeralcontainers`, { method: 'PUT', body })
    assert.match(message, /violates PodSecurity "baseline:latest": privileged/)
    await server.expect(422, `${NAMESPACE}/pods/plain`, { method: 'PUT', body })
  })

  test('a pod cannot change into one that would have been refused', async () => {
    const pod = await server.get<KubeObject & { spec: object }>(`${NAMESPACE}/pods/plain`)
    for (const spec of [
      { hostNetwork: true },
      { hostPID: true },
      { nodeName: 'other' },
      { serviceAccountName: 'other' },
    ]) {
      const path = `${NAMESPACE}/pods/plain`
      await server.expect(422, path, { method: 'PUT', body: { ...pod, spec: { ...pod.spec, ...spec } } })
      // What the status subresource says of the spec does not count.
      await server.expect(200, `${path}/status`, { method: 'PUT', body: { ...pod, spec: { ...pod.spec, ...spec } } })
    }
    const now = await server.get<{ spec: Record<string, unknown> }>(`${NAMESPACE}/pods/plain`)
    assert.deepEqual([now.spec.hostNetwork, now.spec.hostPID, now.spec.nodeName], [undefined, undefined, undefined])
  })

  test('a host path, and a volume that would be one', async () => {
    const volumes = [{ name: 'v', hostPath: { path: '/' } }]
    const body = { metadata: { name: 'h' }, spec: { volumes, containers: [{ name: 'main', image: 'app' }] } }
    assert.match(await server.refused(403, `${NAMESPACE}/pods`, { method: 'POST', body }), /hostPath volumes/)
    const persistent = {
      metadata: { name: 'pv' },
      spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/a/../../etc' } },
    }
    assert.match(
      await server.refused(422, '/api/v1/persistentvolumes', { method: 'POST', body: persistent }),
      /must not contain '\.\.'/,
    )
    await server.expect(403, '/api/v1/persistentvolumes', { method: 'POST', body: persistent, as: 'dave' })
  })

  test('sub-paths and projected files name nothing above their volume', async () => {
    const pod = (volume: object, mount: object = {}) => ({
      metadata: { name: 's' },
      spec: {
        volumes: [{ name: 'v', ...volume }],
        containers: [{ name: 'main', image: 'app', volumeMounts: [{ name: 'v', mountPath: '/v', ...mount }] }],
      },
    })
    for (const body of [
      pod({ emptyDir: {} }, { subPath: '../x' }),
      pod({ emptyDir: {} }, { subPath: '/etc' }),
      pod({ emptyDir: {} }, { subPath: 'a/../../x' }),
      pod({ configMap: { name: 'c', items: [{ key: 'k', path: '../x' }] } }),
      pod({ secret: { secretName: 'c', items: [{ key: 'k', path: '/etc/x' }] } }),
      pod({ downwardAPI: { items: [{ path: '../x', fieldRef: { fieldPath: 'metadata.name' } }] } }),
    ]) {
      const message = await server.refused(422, `${NAMESPACE}/pods`, { method: 'POST', body })
      assert.match(message, /must be a relative path|must not contain '\.\.'|must not start with '\.\.'/)
    }
  })

  test('names that would be paths on the node', async () => {
    const spec = { containers: [{ name: 'main', image: 'app' }] }
    for (const name of ['..', '../../etc', 'a/b', 'a%2fb', '.', ''])
      await server.expect(422, `${NAMESPACE}/pods`, { method: 'POST', body: { metadata: { name }, spec } })
    for (const name of ['..', 'a/b', 'A', 'a.b'])
      await server.expect(422, `${NAMESPACE}/pods`, {
        method: 'POST',
        body: { metadata: { name: 'x' }, spec: { containers: [{ name, image: 'app' }] } },
      })
  })
})

describe('certificates are signed for whom they say, and nobody else', () => {
  const CSRS = '/apis/certificates.k8s.io/v1/certificatesigningrequests'

  test('nobody asks for system:masters (CertificateSubjectRestriction)', async () => {
    const { makeRequest } = await import('../../src/cmd/server/certificate-request.ts')
    const { request } = await makeRequest({ O: ['system:masters'], CN: 'root' })
    const spec = { request, signerName: 'kubernetes.io/kube-apiserver-client', usages: ['client auth'] }
    const message = await server.refused(403, CSRS, { method: 'POST', body: { metadata: { name: 'root' }, spec } })
    assert.match(
      message,
      /use of kubernetes\.io\/kube-apiserver-client signer with system:masters group is not allowed/,
    )
  })

  test('to approve takes the right to, for that signer', async () => {
    const { makeRequest } = await import('../../src/cmd/server/certificate-request.ts')
    const { request } = await makeRequest({ CN: 'eve' })
    const spec = { request, signerName: 'kubernetes.io/kube-apiserver-client', usages: ['client auth'] }
    await server.allow('alice', [
      {
        apiGroups: ['certificates.k8s.io'],
        resources: [
          'certificatesigningrequests',
          'certificatesigningrequests/approval',
          'certificatesigningrequests/status',
        ],
        verbs: ['*'],
      },
    ])
    const made = await server.create(CSRS, { metadata: { name: 'eve' }, spec }, 'alice')
    const approved = {
      ...made,
      status: { conditions: [{ type: 'Approved', status: 'True', reason: 'x', message: 'x' }] },
    }
    const path = `${CSRS}/eve/approval`
    const approve: Sent = { method: 'PUT', as: 'alice', body: approved }
    assert.match(
      await server.refused(403, path, approve),
      /user not permitted to approve requests with signerName "kubernetes\.io\/kube-apiserver-client"/,
    )
    const sign: Sent = {
      method: 'PUT',
      as: 'alice',
      body: { ...made, status: { certificate: Buffer.from(server.pki.ca.cert).toString('base64') } },
    }
    assert.match(
      await server.refused(403, `${CSRS}/eve/status`, sign),
      /user not permitted to sign requests with signerName/,
    )
    await server.allow('alice', [
      {
        apiGroups: ['certificates.k8s.io'],
        resources: ['signers'],
        resourceNames: ['other.example/*'],
        verbs: ['approve', 'sign'],
      },
    ])
    await server.expect(403, path, approve)
    await server.allow('alice', [
      {
        apiGroups: ['certificates.k8s.io'],
        resources: ['signers'],
        resourceNames: ['kubernetes.io/*'],
        verbs: ['approve'],
      },
    ])
    await server.expect(200, path, approve)
  })

  test('who asks cannot say who they are', async () => {
    const { makeRequest } = await import('../../src/cmd/server/certificate-request.ts')
    const { request } = await makeRequest({ CN: 'eve' })
    const spec = {
      request,
      signerName: 'a.example/b',
      usages: ['client auth'],
      username: 'admin',
      groups: ['system:masters'],
      uid: '0',
      extra: { a: ['b'] },
    }
    const made = await server.create<{ spec: Record<string, unknown> }>(
      CSRS,
      { metadata: { name: 'who' }, spec },
      'alice',
    )
    assert.deepEqual(
      [made.spec.username, made.spec.groups, made.spec.uid, made.spec.extra],
      ['alice', ['system:authenticated'], '1', undefined],
    )
  })
})
