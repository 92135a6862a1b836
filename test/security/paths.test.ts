import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { SecureServer } from './server.ts'

/** Paths as an attacker writes them, with kube-apiserver's answers to a user who may do all with ConfigMaps in `a`, and read the Secret `mine` there. */
const PATHS: readonly (readonly [path: string, status: number])[] = [
  ['/api/v1/namespaces/a/configmaps', 200],
  ['/api/v1/namespaces/b/configmaps', 403],
  ['/api/v1/namespaces/a/%2e%2e/b/configmaps', 403],
  ['/api/v1/namespaces/a/../b/configmaps', 403],
  ['/api/v1/namespaces/a/..%2fb/configmaps', 403],
  ['/api/v1/namespaces/a%2f..%2fb/configmaps', 403],
  ['/api/v1/namespaces/a/configmaps/../secrets', 403],
  ['/api/v1/namespaces/a/configmaps/%2e%2e/secrets', 403],
  ['/api/v1/namespaces/a/configmaps/..%2fsecrets', 403],
  ['/api/v1//namespaces/a/secrets', 403],
  ['//api/v1/namespaces/a/secrets', 403],
  ['/api/v1/namespaces//configmaps', 403],
  ['/api/v1/namespaces/a//configmaps', 403],
  ['/api/v1/namespaces/a/configmaps//x', 403],
  ['/api/v1/namespaces/a;x=y/configmaps', 403],
  ['/api/v1/namespaces/a/configmaps;x/secrets', 403],
  ['/api/v1/namespaces/a/configmaps%00/x', 403],
  ['/api/v1/namespaces/a/configmaps/x%00', 404],
  ['/api/v1/namespaces/a/ConfigMaps', 403],
  ['/API/v1/namespaces/a/configmaps', 403],
  ['/Api/v1/namespaces/a/secrets', 403],
  ['/api/V1/namespaces/a/configmaps', 404],
  ['/api/v1/Namespaces/a/configmaps', 403],
  ['/api/v1/namespaces/a/configmaps/x/status', 403],
  ['/api/v1/namespaces/a/configmaps/x%2fstatus', 403],
  ['/api/v1/namespaces/a%2fconfigmaps', 200],
  ['/api/v1/namespaces/a/configmaps%2fx', 200],
  ['/api/v1/namespaces%2fa%2fconfigmaps', 200],
  ['/api/v1%2fnamespaces/a/configmaps', 200],
  ['/api%2fv1/namespaces/a/configmaps', 200],
  ['/%61pi/v1/namespaces/a/secrets', 403],
  ['/%2fapi/v1/namespaces/a/secrets', 403],
  ['/api/v1/namespaces/a/%73ecrets', 403],
  ['/api/v1/namespaces/a/secrets%20', 403],
  ['/api/v1/namespaces/a/%20secrets', 403],
  ['/api/v1/namespaces/a/configmaps/', 200],
  ['/api/v1/namespaces/a/configmaps/x/', 200],
  ['/api/v1/namespaces/a/configmaps/.', 400],
  ['/api/v1/namespaces/a/configmaps/..', 400],
  ['/api/v1/namespaces/a/configmaps/%2e', 400],
  ['/api/v1/namespaces/a/configmaps/%252e%252e%252fsecrets', 400],
  ['/api/v1/namespaces/a/configmaps\\..\\secrets', 403],
  ['/api/v1/namespaces/a/configmaps%5c..%5csecrets', 403],
  ['/api/v1/namespaces/a/nodes', 403],
  ['/api/v1/namespaces/a/namespaces', 403],
  ['/api/v1/namespaces/a/namespaces/b', 403],
  ['/api/v1/nodes/x', 403],
  ['/api/v1/configmaps', 403],
  ['/api/v1/secrets', 403],
  ['/api/v1/watch/namespaces/a/secrets', 403],
  ['/api/v1/watch/secrets', 403],
  ['/api/v1/proxy/namespaces/a/pods/x', 403],
  ['/version/../api/v1/secrets', 403],
  ['/healthz/../api/v1/secrets', 403],
  ['/version%2f..%2fapi/v1/secrets', 403],
  ['/apis/apps/v1/namespaces/a/../../../../../api/v1/secrets', 403],
  ['/apis/rbac.authorization.k8s.io/v1/namespaces/a/clusterroles', 403],
  ['/apis/rbac.authorization.k8s.io/v1/namespaces/a/clusterroles/cluster-admin', 403],
  ['/apis/x.example/v1/namespaces/a/wides', 404],
  ['/apis/x.example/v1/namespaces/a/wides/one', 404],
  ['/apis/x.example/v1/wides', 403],
  ['/apis/x.example/v1/narrows', 403],
  ['/apis/x.example/v1/narrows/one', 403],
  ['/api/v1/namespaces/a/status', 403],
  ['/api/v1/namespaces/a/finalize', 403],
  ['/api/v1/namespaces/a/configmaps?fieldSelector=metadata.name=x', 200],
  ['/api/v1/secrets?fieldSelector=metadata.namespace=a', 403],
  ['/api/v1/namespaces/a/secrets?fieldSelector=metadata.name=mine', 200],
  ['/api/v1/namespaces/a/secrets?fieldSelector=metadata.name=other', 403],
  ['/api/v1/namespaces/a/secrets?fieldSelector=metadata.name!=mine', 403],
  ['/api/v1/namespaces/a/secrets?fieldSelector=metadata.name=mine,metadata.name=other', 200],
  ['/api/v1/namespaces/a/secrets?watch=1&fieldSelector=metadata.name=other', 403],
  ['/api/v1/namespaces/a/secrets?fieldSelector=metadata.name=mine&watch=1&timeoutSeconds=1', 200],
  ['/api/v1/namespaces/a/secrets?fieldSelector=metadata.name%3Dmine%2F..%2Fother', 403],
  ['/api/v1/namespaces/a/secrets/mine', 200],
  ['/api/v1/namespaces/a/secrets/other', 403],
  ['/api/v1/namespaces/a/secrets/missing', 403],
  ['/api/v1/namespaces/a/secrets/mine?watch=true&timeoutSeconds=1', 200],
]

let server: SecureServer

const NAMESPACES = '/api/v1/namespaces'
/** What nobody is to see who may not. */
const HIDDEN = 'aGlkZGVu'

before(async () => {
  server = await SecureServer.start()
  for (const name of ['a', 'b']) {
    await server.create(NAMESPACES, { metadata: { name } })
    await server.create(`${NAMESPACES}/${name}/configmaps`, {
      metadata: { name: 'x' },
      data: name === 'b' ? { x: HIDDEN } : {},
    })
  }
  await server.create(`${NAMESPACES}/a/secrets`, { metadata: { name: 'mine' } })
  await server.create(`${NAMESPACES}/a/secrets`, { metadata: { name: 'other' }, data: { x: HIDDEN } })
  for (const [plural, kind, scope] of [
    ['wides', 'Wide', 'Cluster'],
    ['narrows', 'Narrow', 'Namespaced'],
  ]) {
    await server.create('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
      metadata: { name: `${plural}.x.example` },
      spec: {
        group: 'x.example',
        scope,
        names: { plural, kind },
        versions: [
          {
            name: 'v1',
            served: true,
            storage: true,
            schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
          },
        ],
      },
    })
  }
  const wide = { apiVersion: 'x.example/v1', kind: 'Wide', metadata: { name: 'one' }, secret: HIDDEN }
  while ((await server.send('/apis/x.example/v1/wides', { method: 'POST', body: wide })).status !== 201)
    await new Promise((resolve) => setImmediate(resolve))
  const root = '/apis/rbac.authorization.k8s.io/v1/namespaces/a'
  await server.create(`${root}/roles`, {
    metadata: { name: 'r' },
    rules: [
      { apiGroups: [''], resources: ['configmaps'], verbs: ['*'] },
      { apiGroups: [''], resources: ['secrets'], resourceNames: ['mine'], verbs: ['get', 'list', 'watch'] },
      { apiGroups: ['x.example'], resources: ['*'], verbs: ['*'] },
    ],
  })
  await server.create(`${root}/rolebindings`, {
    metadata: { name: 'r' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'r' },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'alice' }],
  })
})

after(() => server[Symbol.asyncDispose]())

const head = (path: string): string =>
  `GET ${path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer alice-token\r\nConnection: close\r\n\r\n`

describe('what is authorized is what is served, however the path is written', () => {
  for (const [path, status] of PATHS) {
    test(path, async () => {
      const answer = await (await server.raw()).send(head(path)).closed()
      assert.equal(Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1]), status, answer)
      assert.doesNotMatch(answer, new RegExp(HIDDEN))
    })
  }
})

test('a cluster-scoped custom resource is not served through a namespace, by any verb (CVE-2019-11247)', async () => {
  const path = '/apis/x.example/v1/namespaces/a/wides'
  const headers = { 'content-type': 'application/merge-patch+json' }
  const body = { metadata: { labels: { got: 'you' } } }
  for (const [method, where] of [
    ['GET', path],
    ['GET', `${path}/one`],
    ['DELETE', `${path}/one`],
    ['DELETE', path],
    ['PATCH', `${path}/one`],
    ['PUT', `${path}/one`],
    ['POST', path],
  ] as const)
    for (const as of ['alice', 'admin'] as const)
      await server.expect(404, where, { method, as, headers, ...(method !== 'GET' && { body }) })
  assert.equal((await server.get('/apis/x.example/v1/wides/one')).metadata.labels, undefined)
})

test('who may not read does not learn what there is', async () => {
  const messages = new Set<string>()
  for (const name of ['other', 'missing']) {
    const message = await server.refused(403, `${NAMESPACES}/a/secrets/${name}`, { as: 'alice' })
    messages.add(message.replaceAll(name, 'NAME'))
    messages.add(
      (await server.refused(403, `${NAMESPACES}/nowhere/secrets/${name}`, { as: 'alice' }))
        .replaceAll(name, 'NAME')
        .replaceAll('nowhere', 'a'),
    )
  }
  assert.equal(messages.size, 1)
  const kinds = await Promise.all(
    ['/apis/x.example/v1/namespaces/b/narrows', '/apis/nothing.example/v1/namespaces/b/narrows'].map((path) =>
      server.refused(403, path, { as: 'alice' }),
    ),
  )
  assert.equal(kinds[0]?.replaceAll('x.example', 'G'), kinds[1]?.replaceAll('nothing.example', 'G'))
})

test('a method of old that proxies knew does not change what is asked', async () => {
  for (const name of [
    'x-http-method-override',
    'x-http-method',
    'x-method-override',
    'x-original-url',
    'x-rewrite-url',
  ]) {
    const headers = { [name]: name.includes('url') ? `${NAMESPACES}/a/secrets/other` : 'DELETE' }
    const { text } = await server.expect(200, `${NAMESPACES}/a/configmaps/x`, { as: 'alice', headers })
    assert.doesNotMatch(text, new RegExp(HIDDEN))
  }
  await server.expect(200, `${NAMESPACES}/a/configmaps/x`)
})
