import assert from 'node:assert/strict'
import { test } from 'node:test'
import { requestHeaders, valuesOf } from './request-header.ts'
import { parseTokenFile, staticTokens } from './static-tokens.ts'
import { audienceAgnostic, bearerTokens } from './tokens.ts'
import { type Authenticator, firstOf, withAuthenticatedGroup } from './types.ts'

const FILE = `
secret1,alice,1,"dev, ops"
secret2,bob,2
,nobody,3
"se""cret",carol,4,"x"
`

test('a token file gives users, their uid and groups', () => {
  const users = parseTokenFile(FILE)
  assert.deepEqual(users.get('secret1'), { name: 'alice', uid: '1', groups: ['dev', 'ops'] })
  assert.deepEqual(users.get('secret2'), { name: 'bob', uid: '2', groups: [] })
  assert.deepEqual(users.get('se"cret'), { name: 'carol', uid: '4', groups: ['x'] })
  assert.equal(users.size, 3)
  assert.throws(() => parseTokenFile('only,two'), /line 1 .* at least 3 columns/)
})

test('a bearer token is known, bad, or not there', async () => {
  const tokens = audienceAgnostic(staticTokens(parseTokenFile(FILE)), ['api'])
  const authenticator = withAuthenticatedGroup(bearerTokens([tokens], ['api']))
  const ask = (authorization?: string, audiences?: string[]): ReturnType<Authenticator['authenticate']> =>
    authenticator.authenticate({
      path: '/',
      headers: { ...(authorization !== undefined && { authorization }) },
      ...(audiences && { audiences }),
    })
  const found = await ask('bearer secret1')
  assert.deepEqual(found?.user.groups, ['dev', 'ops', 'system:authenticated'])
  assert.equal(await ask(), undefined)
  assert.equal(await ask('Basic abc'), undefined)
  await assert.rejects(async () => ask('Bearer wrong'), /invalid bearer token/)
  await assert.rejects(async () => ask('Bearer secret1', ['other']), /invalid bearer token/)
})

test('bad credentials fail only when nobody accepts others of the request', async () => {
  const bad: Authenticator = { authenticate: () => Promise.reject(new Error('bad')) }
  const good: Authenticator = { authenticate: () => ({ user: { name: 'x', groups: [] } }) }
  const none: Authenticator = { authenticate: () => undefined }
  const request = { path: '/', headers: {} }
  assert.equal((await firstOf([bad, good]).authenticate(request))?.user.name, 'x')
  await assert.rejects(async () => firstOf([bad, none]).authenticate(request), /bad/)
})

test('a front proxy is believed by its certificate, and nobody else', () => {
  const proxy = new Uint8Array([1])
  const stranger = new Uint8Array([2])
  const authenticator = requestHeaders({
    proxyName: (certificate) => (certificate === proxy ? 'front' : certificate === stranger ? 'other' : undefined),
    allowedNames: ['front'],
  })
  const headers = {
    'x-remote-user': 'alice',
    'x-remote-group': ['a', 'b'],
    'x-remote-extra-scopes%2fx': 'one',
  }
  const found = authenticator.authenticate({ path: '/', headers, clientCertificate: proxy })
  assert.deepEqual(found, { user: { name: 'alice', groups: ['a', 'b'], extra: { 'scopes/x': ['one'] } } })
  assert.equal(authenticator.authenticate({ path: '/', headers }), undefined)
  assert.throws(
    () => authenticator.authenticate({ path: '/', headers, clientCertificate: stranger }),
    /cn=other is not in the allowed list/,
  )
})

test('values of headers are told as they came: empty ones of extras and of groups to be, bytes as UTF-8', () => {
  const authenticator = requestHeaders({ proxyName: () => 'front', allowedNames: [] })
  const headers = { 'x-remote-user': 'b\u00c3\u00b8b', 'x-remote-group': ['', 'a, b'], 'x-remote-extra-k': ['', 'v'] }
  const found = authenticator.authenticate({ path: '/', headers, clientCertificate: new Uint8Array([1]) })
  assert.deepEqual(found, { user: { name: 'b\u00f8b', groups: ['a, b'], extra: { k: ['', 'v'] } } })
  assert.deepEqual(valuesOf({ 'impersonate-group': ['', 'g'] }, 'impersonate-group'), ['', 'g'])
})

const SHOWN = 'base64url.bearer.authorization.k8s.io.c2VjcmV0MQ'
const SOCKETS: readonly (readonly [protocols: string, wanted: string, upgrade?: string])[] = [
  [`${SHOWN}, v5.channel.k8s.io`, 'alice'],
  [`v5.channel.k8s.io,${SHOWN}`, 'alice'],
  ['v5.channel.k8s.io', 'nobody'],
  [`${SHOWN}, v5.channel.k8s.io`, 'nobody', 'SPDY/3.1'],
  [SHOWN, 'missing additional subprotocol'],
  [`${SHOWN}, ${SHOWN}, v5.channel.k8s.io`, 'multiple base64.bearer.authorization tokens specified'],
  [`${SHOWN}!, v5.channel.k8s.io`, 'invalid base64.bearer.authorization token encoding'],
  ['base64url.bearer.authorization.k8s.io.d3Jvbmc, v5.channel.k8s.io', 'invalid bearer token'],
]
for (const [protocols, wanted, upgrade = 'websocket'] of SOCKETS) {
  test(`a ${upgrade} with the protocols ${protocols}: ${wanted}`, async () => {
    const tokens = bearerTokens([staticTokens(parseTokenFile(FILE))], ['api'])
    const headers = { upgrade, connection: 'Upgrade', 'sec-websocket-protocol': protocols }
    const ask = async (): Promise<string> => (await tokens.authenticate({ path: '/', headers }))?.user.name ?? 'nobody'
    assert.equal(await ask().catch((error: Error) => error.message), wanted)
  })
}
