import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CompactSign, type CryptoKey, exportJWK, generateKeyPair, type JWK } from 'jose'
import { nextTurn } from '../../../lib/turn.ts'
import { Metrics } from '../../metrics/metrics.ts'
import type { JwtAuthenticatorConfig } from '../configuration/schema.ts'
import { JwtAuthenticator } from './authenticator.ts'
import { JwtAuthenticators } from './jwt-authenticators.ts'
import { SIGNING_ALGORITHMS } from './jws.ts'
import { JwtMetrics } from './metrics.ts'
import { fakeIssuer, type FakeIssuer, testEnv } from './test-issuer.ts'

const ISSUER_URL = 'https://i.example'
const CONFIG: JwtAuthenticatorConfig = {
  issuer: { url: ISSUER_URL, audiences: ['a'] },
  claimMappings: { username: { claim: 'sub', prefix: '' }, groups: { claim: 'groups', prefix: 'o:' } },
}
const CLAIMS = { iss: ISSUER_URL, aud: 'a', sub: 'jane', exp: 4_102_444_800 }

interface Signer {
  readonly jwk: JWK
  sign(claims?: object): Promise<string>
}

async function signer(kid: string): Promise<Signer> {
  const { privateKey, publicKey } = await generateKeyPair('ES256')
  const sign = (claims: object = {}): Promise<string> => signed({ ...CLAIMS, ...claims }, privateKey, kid)
  return { jwk: { ...(await exportJWK(publicKey)), kid }, sign }
}

function signed(claims: object, key: CryptoKey, kid: string): Promise<string> {
  const payload = new TextEncoder().encode(JSON.stringify(claims))
  return new CompactSign(payload).setProtectedHeader({ alg: 'ES256', kid }).sign(key)
}

function started(state: FakeIssuer, config = CONFIG) {
  const { fetch, asked } = fakeIssuer(state)
  const env = testEnv()
  const { signal } = new AbortController()
  const options = { env, fetch, algorithms: SIGNING_ALGORITHMS, signal }
  const authenticator = new JwtAuthenticator(config, options)
  const nameOf = async (token: string): Promise<string | undefined> =>
    (await authenticator.authenticateToken(token))?.user.name
  return { env, asked, authenticator, nameOf, options }
}

test('an issuer that is not there yet is asked again, and refuses its tokens until then', async () => {
  const key = await signer('1')
  const state: FakeIssuer = {
    issuer: ISSUER_URL,
    jwks: { keys: [key.jwk] },
    at: { '/.well-known/openid-configuration': new Error('connection refused') },
  }
  const { env, nameOf, authenticator } = started(state)
  await nextTurn()
  await assert.rejects(nameOf(await key.sign()), /^Error: oidc: authenticator not initialized$/)
  assert.match(
    authenticator.problem?.message ?? '',
    /^oidc: authenticator for issuer "https:\/\/i.example" is not healthy: connection refused$/,
  )
  delete state.at
  await env.clock.advance(10_000)
  assert.equal(await nameOf(await key.sign()), 'jane')
  assert.equal(authenticator.problem, undefined)
})

const LIES: readonly (readonly [string, Partial<FakeIssuer>, RegExp])[] = [
  [
    'another issuer',
    { issuer: 'https://j.example' },
    /issuer did not match the issuer returned by provider, expected "https:\/\/i.example" got "https:\/\/j.example"/,
  ],
  [
    'no document',
    { at: { '/.well-known/openid-configuration': { body: '<html>' } } },
    /failed to decode provider discovery object/,
  ],
  [
    '404',
    { at: { '/.well-known/openid-configuration': { status: 404, statusText: 'Not Found', body: 'no' } } },
    /404 Not Found: no/,
  ],
  [
    'no keys',
    { at: { '/.well-known/openid-configuration': { body: JSON.stringify({ issuer: ISSUER_URL }) } } },
    /provider did not return JWKS URL/,
  ],
]
for (const [name, lie, problem] of LIES) {
  test(`an issuer that answers with ${name} is not believed`, async () => {
    const key = await signer('1')
    const { authenticator, nameOf } = started({ issuer: ISSUER_URL, jwks: { keys: [key.jwk] }, ...lie })
    await nextTurn()
    assert.match(authenticator.problem?.message ?? '', problem)
    await assert.rejects(nameOf(await key.sign()), /not initialized/)
  })
}

test('keys that change are fetched once for all who wait, and those at hand serve as long as they verify', async () => {
  const [old, fresh] = [await signer('1'), await signer('2')]
  const state: FakeIssuer = { issuer: ISSUER_URL, jwks: { keys: [old.jwk] } }
  const { asked, nameOf } = started(state)
  const fetches = (): number => asked.filter((url) => url.endsWith('/jwks')).length
  await nextTurn()
  assert.equal(await nameOf(await old.sign()), 'jane')
  assert.equal(await nameOf(await old.sign()), 'jane')
  assert.equal(fetches(), 1)
  state.jwks = { keys: [old.jwk, fresh.jwk] }
  const token = await fresh.sign()
  assert.deepEqual(await Promise.all([nameOf(token), nameOf(token), nameOf(token)]), ['jane', 'jane', 'jane'])
  assert.equal(fetches(), 2)
  state.jwks = { keys: [fresh.jwk] }
  await assert.rejects(nameOf(await (await signer('3')).sign()), /failed to verify id token signature/)
  await assert.rejects(nameOf(await old.sign()), /failed to verify id token signature/)
  assert.equal(await nameOf(token), 'jane')
})

test('an issuer is not asked for its keys while it says that they last', async () => {
  const [old, fresh] = [await signer('1'), await signer('2')]
  const state: FakeIssuer = {
    issuer: ISSUER_URL,
    jwks: { keys: [old.jwk] },
    headers: { 'cache-control': 'max-age=300' },
  }
  const { env, asked, nameOf } = started(state)
  await nextTurn()
  assert.equal(await nameOf(await old.sign()), 'jane')
  state.jwks = { keys: [fresh.jwk] }
  await assert.rejects(nameOf(await fresh.sign()), /failed to verify id token signature/)
  assert.equal(asked.filter((url) => url.endsWith('/jwks')).length, 1)
  await env.clock.advance(271_000)
  assert.equal(await nameOf(await fresh.sign()), 'jane')
})

test('keys that are not of use are passed over', async () => {
  const key = await signer('1')
  const keys = [
    { kty: 'oct', k: 'AAAA', kid: '1' },
    { kty: 'OKP', crv: 'Ed25519', x: 'AA', kid: '1' },
    { kty: 'RSA', n: '!', e: 'AQAB', kid: '1' },
    { kty: 'EC' },
    null,
    7,
    key.jwk,
  ]
  const { nameOf } = started({ issuer: ISSUER_URL, jwks: { keys } })
  await nextTurn()
  assert.equal(await nameOf(await key.sign()), 'jane')
})

for (const jwks of ['nothing', { keys: 7 }, [], null]) {
  test(`keys that are ${JSON.stringify(jwks)} verify nothing`, async () => {
    const key = await signer('1')
    const { nameOf } = started({ issuer: ISSUER_URL, jwks })
    await nextTurn()
    await assert.rejects(nameOf(await key.sign()), /failed to verify/)
  })
}

test('the discovery document may be elsewhere', async () => {
  const key = await signer('1')
  const issuer = { ...CONFIG.issuer, discoveryURL: 'https://d.example/found/here' }
  const { asked, nameOf } = started({ issuer: ISSUER_URL, jwks: { keys: [key.jwk] } }, { ...CONFIG, issuer })
  await nextTurn()
  assert.equal(await nameOf(await key.sign()), 'jane')
  assert.deepEqual(asked, ['https://d.example/found/here', `${ISSUER_URL}/jwks`])
})

test('groups that are kept elsewhere are fetched, and verified as the token is', async () => {
  const [key, other] = [await signer('1'), await signer('1')]
  const state: FakeIssuer = {
    issuer: ISSUER_URL,
    jwks: { keys: [key.jwk] },
    at: { '/groups': { body: await key.sign({ groups: ['g'] }) } },
  }
  const { env, authenticator } = started(state)
  await nextTurn()
  const token = await key.sign({
    _claim_names: { groups: 's' },
    _claim_sources: { s: { endpoint: `${ISSUER_URL}/groups`, access_token: 't' } },
  })
  const ask = async (): Promise<readonly string[] | undefined> =>
    (await authenticator.authenticateToken(token))?.user.groups
  await assert.rejects(ask(), /verifier not initialized for issuer/)
  await env.clock.advance(0)
  assert.deepEqual(await ask(), ['o:g'])
  state.at = { '/groups': { body: await other.sign({ groups: ['admins'] }) } }
  await assert.rejects(ask(), /could not expand distributed claims: failed to verify signature/)
  state.at = { '/groups': { body: await key.sign({ aud: 'b', groups: ['admins'] }) } }
  await assert.rejects(ask(), /expected audience "a" got \["b"\]/)
  state.at = { '/groups': { status: 403, statusText: 'Forbidden', body: '' } }
  await assert.rejects(ask(), /error while getting distributed claim JWT: 403 Forbidden/)
  state.at = { '/groups': { body: await key.sign() } }
  await assert.rejects(ask(), /did not contain claim: groups/)
})

test('another configuration takes over when its issuers are found, and not before', async () => {
  const key = await signer('1')
  const state: FakeIssuer = { issuer: ISSUER_URL, jwks: { keys: [key.jwk] } }
  const { env, options } = started(state)
  const all = new JwtAuthenticators({ jwt: [CONFIG] }, options)
  await nextTurn()
  const token = await key.sign()
  const name = async (): Promise<string | undefined> => (await all.authenticateToken(token))?.user.name
  const prefixed = { jwt: [{ ...CONFIG, claimMappings: { username: { claim: 'sub', prefix: 'new:' } } }] }
  state.at = { '/.well-known/openid-configuration': new Error('away') }
  const late = all.replace(prefixed)
  const refused = assert.rejects(late, /is not healthy: away/)
  await env.clock.advance(70_000)
  await refused
  assert.equal(await name(), 'jane')
  delete state.at
  const done = all.replace(prefixed)
  await env.clock.advance(10_000)
  await done
  assert.equal(await name(), 'new:jane')
  await all.replace({})
  assert.equal(await name(), undefined)
})

test('what issuers do is counted under hashes of their names', async () => {
  const key = await signer('1')
  const state: FakeIssuer = { issuer: ISSUER_URL, jwks: { keys: [key.jwk] } }
  const { options, env } = started(state)
  const metrics = new Metrics()
  const counted = new JwtMetrics(metrics, env.clock, 'server')
  const authenticator = new JwtAuthenticator(CONFIG, { ...options, metrics: counted })
  await nextTurn()
  await authenticator.authenticateToken(await key.sign())
  await assert.rejects(async () => authenticator.authenticateToken(await key.sign({ exp: 5 })), /expired/)
  await nextTurn()
  await nextTurn()
  const text = await metrics.text()
  const hash = 'jwt_issuer_hash="sha256:[0-9a-f]{64}"'
  assert.match(text, new RegExp(`latency_seconds_count\\{${hash},result="success"\\} 1`))
  assert.match(text, new RegExp(`latency_seconds_count\\{${hash},result="failure"\\} 1`))
  assert.match(
    text,
    new RegExp(
      `last_timestamp_seconds\\{apiserver_id_hash="sha256:[0-9a-f]{64}",${hash},result="success"\\} ${env.clock.now() / 1000}`,
    ),
  )
  assert.match(text, new RegExp(`last_key_set_info\\{.*hash="sha256:[0-9a-f]{64}",${hash}\\} 1`))
  await counted.forget(ISSUER_URL)
  assert.doesNotMatch(await metrics.text(), /last_key_set_info\{/)
})
