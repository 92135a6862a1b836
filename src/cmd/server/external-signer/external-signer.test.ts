import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test, type TestContext } from 'node:test'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { secrets, serviceAccounts, tokenReviews } from '../../../api/index.ts'
import type { AccountTokenConfig } from '../../../apiserver/guard.ts'
import { Metrics } from '../../../apiserver/metrics/metrics.ts'
import { systemClock, VirtualClock } from '../../../lib/clock.ts'
import { silentLogger } from '../../../lib/log.ts'
import { systemRandom } from '../../../lib/random.ts'
import { nextTurn } from '../../../lib/turn.ts'
import { MemoryStore } from '../../../store/memory/store.ts'
import { startGuardedApi } from '../guarded-api.ts'
import { openExternalSigner } from './open.ts'
import { signerKey, startFakeSigner, type FakeSigner } from './testing/fake-signer.ts'

const folder = mkdtempSync(join(tmpdir(), 'skiff-signer-'))
after(() => rmSync(folder, { recursive: true }))
let sockets = 0

const ISSUER = 'https://kubernetes.default.svc.cluster.local'
const ADMIN = { name: 'admin', groups: ['system:masters', 'system:authenticated'] }

async function started(t: TestContext, accountTokens: AccountTokenConfig = {}, keys = [signerKey('one')]) {
  const endpoint = join(folder, `${sockets++}.sock`)
  const fake = await startFakeSigner(endpoint, keys)
  t.after(() => fake.close())
  const [clock, metrics] = [new VirtualClock(systemClock.now()), new Metrics()]
  const env = { clock, random: systemRandom, log: silentLogger }
  const signer = await openExternalSigner({ endpoint, env, accountTokens, metrics })
  t.after(() => signer.close())
  return { fake, clock, metrics, env, signer, endpoint }
}

async function cluster(t: TestContext, accountTokens: AccountTokenConfig = {}, keys = [signerKey('one')]) {
  const at = await started(t, accountTokens, keys)
  const { clock, env, signer, metrics } = at
  const api = await startGuardedApi({
    store: new MemoryStore({ clock }),
    env,
    metrics,
    rootCa: '',
    serviceCidr: '10.96.0.0/16',
    clusterDomain: 'cluster.local',
    accountKeys: signer.keys,
    accountTokens: signer.accountTokens,
  })
  t.after(() => api.stop())
  await api.bootstrap()
  const admin = api.clientFor(ADMIN, 'test')
  await admin(serviceAccounts).create({ metadata: { namespace: 'default', name: 'app' } })
  const transport = api.transportFor(ADMIN)
  const token = async (spec: object = {}): Promise<string> => {
    const { status, body } = await transport.request({
      method: 'POST',
      path: '/api/v1/namespaces/default/serviceaccounts/app/token',
      headers: { 'content-type': 'application/json' },
      body: { spec },
    })
    if (status !== 201) throw new Error((body as { message: string }).message)
    return (body as { status: { token: string } }).status.token
  }
  const holder = async (shown: string): Promise<string | undefined> => {
    const { status } = await admin(tokenReviews).create({ metadata: {}, spec: { token: shown } })
    return status?.user?.username
  }
  const keySet = async (): Promise<readonly { readonly kid: string }[]> => {
    const { body } = await transport.request({ method: 'GET', path: '/openid/v1/jwks', headers: {} })
    const value = typeof body === 'string' ? (JSON.parse(body) as unknown) : body
    return (value as { keys: { kid: string }[] }).keys
  }
  return { ...at, api, admin, token, holder, keySet }
}

test('a token is signed by the signer, says what others say, and is known by its keys', async (t) => {
  const { token, holder, fake, api } = await cluster(t)
  const made = await token()
  assert.deepEqual(decodeProtectedHeader(made), { alg: 'ES256', kid: 'one', typ: 'JWT' })
  const { iss, sub, exp = 0, iat = 0 } = decodeJwt(made)
  assert.deepEqual([iss, sub, exp - iat], [ISSUER, 'system:serviceaccount:default:app', 3600])
  assert.equal(await holder(made), 'system:serviceaccount:default:app')
  const [header, payload] = made.split('.')
  assert.equal(await holder(`${header}.${payload}.${'A'.repeat(86)}`), undefined)
  assert.deepEqual(fake.calls, ['FetchKeys', 'Metadata', 'Sign'])
  // Its key would have to be here.
  assert.equal(api.signServiceAccountToken, undefined)
})

test('no token lasts longer than the signer supports, nor one that is extended', async (t) => {
  const { token, signer } = await cluster(t)
  assert.deepEqual(signer.accountTokens, { maxExpirationSeconds: 7200, maxExtendedSeconds: 7200 })
  const lasts = async (spec: object): Promise<number> => {
    const { exp = 0, iat = 0 } = decodeJwt(await token(spec))
    return exp - iat
  }
  assert.equal(await lasts({ expirationSeconds: 86_400 }), 7200)
  assert.equal(await lasts({ expirationSeconds: 1200 }), 1200)
  const { signer: shorter } = await started(t, { maxExpirationSeconds: 3600 })
  assert.equal(shorter.accountTokens.maxExpirationSeconds, 3600)
})

test('a key that is gone verifies nothing any more once the keys are asked for again, and one that comes does', async (t) => {
  const { token, holder, keySet, fake, clock } = await cluster(t)
  const first = await token()
  assert.equal(await holder(first), 'system:serviceaccount:default:app')
  const [one] = fake.keys
  fake.keys = [signerKey('two')]
  // Of a key that is not known yet, the keys are asked for at once.
  const second = await token()
  assert.equal(await holder(second), 'system:serviceaccount:default:app')
  assert.deepEqual(
    (await keySet()).map(({ kid }) => kid),
    ['two'],
  )
  await clock.advance(11_000)
  assert.equal(await holder(first), undefined)
  if (one) fake.keys.push({ ...one, excluded: true })
  const asked = fake.calls.filter((name) => name === 'FetchKeys').length
  await clock.advance(60_000)
  while (fake.calls.filter((name) => name === 'FetchKeys').length === asked) await nextTurn()
  // What is not published still verifies.
  while ((await holder(first)) === undefined) await nextTurn()
  assert.deepEqual(
    (await keySet()).map(({ kid }) => kid),
    ['two'],
  )
})

test('keys stay when the signer is ill, and are asked for again after ten seconds', async (t) => {
  const { token, holder, fake, clock, metrics } = await cluster(t)
  const made = await token()
  fake.fails = true
  await clock.advance(60_000)
  const failed = async (): Promise<boolean> =>
    (await metrics.text()).includes('apiserver_externaljwt_fetch_keys_request_total{code="Unavailable"} 1')
  while (!(await failed())) await nextTurn()
  assert.equal(await holder(made), 'system:serviceaccount:default:app')
  await assert.rejects(token(), {
    message:
      'Internal error occurred: failed to generate token: while signing jwt: rpc error: code = Unavailable desc = the signer is ill',
  })
  fake.fails = false
  const asked = fake.calls.length
  await clock.advance(10_000)
  while (fake.calls.length === asked) await nextTurn()
  const text = await metrics.text()
  assert.match(text, /apiserver_externaljwt_sign_request_total\{code="OK"\} 1/)
  assert.match(text, /apiserver_externaljwt_sign_request_total\{code="Unavailable"\} 1/)
  assert.match(text, /apiserver_externaljwt_fetch_keys_data_timestamp 1700000000.5/)
  assert.match(
    text,
    /apiserver_externaljwt_request_duration_seconds_count\{code="OK",method="\/v1.ExternalJWTSigner\/Metadata"\} 1/,
  )
})

const BAD: readonly (readonly [what: string, lie: Partial<FakeSigner>, why: string])[] = [
  ['of another type', { header: { alg: 'ES256', kid: 'one', typ: 'JOSE' } }, 'while validating header: bad type'],
  ['without a key id', { header: { alg: 'ES256', typ: 'JWT' } }, 'while validating header: key id missing'],
  [
    'with too long an id',
    { header: { alg: 'ES256', kid: 'x'.repeat(1025), typ: 'JWT' } },
    'while validating header: key id longer than 1 kb',
  ],
  [
    'of an algorithm that is not taken',
    { header: { alg: 'HS256', kid: 'one', typ: 'JWT' } },
    'while validating header: bad signing algorithm "HS256"',
  ],
  [
    'with a field too many',
    { header: { alg: 'ES256', kid: 'one', typ: 'JWT', jku: 'https://x' } },
    'while validating header: while parsing header JSON: json: unknown field "jku"',
  ],
  [
    'of a key that only verifies',
    { header: { alg: 'ES256', kid: 'old', typ: 'JWT' } },
    'while validating header: key used for signing JWT (kid: old) is excluded from OIDC discovery docs',
  ],
  [
    'of such a key by another name than ASCII has',
    { header: { alg: 'ES256', kid: 'früher', typ: 'JWT' } },
    'while validating header: key used for signing JWT (kid: früher) is excluded from OIDC discovery docs',
  ],
  ['without a signature', { signature: '' }, 'empty signature returned'],
  ['that is no base64', { header: '***' }, 'while validating header: while unwrapping header: illegal base64 data'],
]
for (const [what, lie, why] of BAD)
  test(`a header ${what} makes no token`, async (t) => {
    const { token, fake } = await cluster(t, {}, [
      signerKey('one'),
      signerKey('old', { excluded: true }),
      signerKey('früher', { excluded: true }),
    ])
    Object.assign(fake, lie)
    await assert.rejects(token(), { message: `Internal error occurred: failed to generate token: ${why}` })
  })

const REFUSED: readonly (readonly [
  what: string,
  said: Partial<FakeSigner>,
  why: RegExp,
  flags?: AccountTokenConfig,
])[] = [
  ['tells no keys', { keys: [] }, /: found no keys$/],
  ['is not to be asked again', { refreshHintSeconds: 0 }, /: found invalid refresh hint \(0s\)$/],
  ['has keys of no time', { dataTimestamp: undefined }, /: invalid data timestamp: proto: invalid nil Timestamp$/],
  ['has a key without an id', { keys: [signerKey('')] }, /: found invalid public key id ""$/],
  ['has a key with too long an id', { keys: [signerKey('x'.repeat(1025))] }, /: found invalid public key id "x+"$/],
  ['fails', { fails: true }, /rpc error: code = Unavailable desc = the signer is ill$/],
  [
    'supports hardly anything',
    { maxTokenExpirationSeconds: 599 },
    /^max token life supported by external-jwt-signer \(599s\) is less than acceptable \(min 600s\)$/,
  ],
  [
    'supports less than a flag says',
    {},
    /^service-account-max-token-expiration cannot be set longer than the token expiration supported by service-account-signing-endpoint: 3h0m0s > 2h0m0s$/,
    { maxExpirationSeconds: 10_800 },
  ],
]
for (const [what, said, why, accountTokens = {}] of REFUSED)
  test(`no server starts with a signer that ${what}`, async (t) => {
    const endpoint = join(folder, `${sockets++}.sock`)
    const fake = await startFakeSigner(endpoint, [signerKey('one')])
    t.after(() => fake.close())
    Object.assign(fake, said)
    const env = { clock: systemClock, random: systemRandom, log: silentLogger }
    const opened = openExternalSigner({ endpoint, env, accountTokens, metrics: new Metrics() })
    await assert.rejects(opened, { name: 'UserError', message: why })
  })

test('a signer on an abstract socket', async (t) => {
  const endpoint = `@skiff-test-signer-${process.pid}`
  const fake = await startFakeSigner(endpoint, [signerKey('one')])
  t.after(() => fake.close())
  const env = { clock: systemClock, random: systemRandom, log: silentLogger }
  const signer = await openExternalSigner({ endpoint, env, accountTokens: {}, metrics: new Metrics() })
  assert.equal((await signer.keys.keySet()).keys[0]?.kid, 'one')
  signer.close()
})

test('a Secret that asks for a token is left as it is', async (t) => {
  const { admin } = await cluster(t)
  const annotations = { 'kubernetes.io/service-account.name': 'app' }
  const metadata = { namespace: 'default', name: 't', annotations }
  const made = await admin(secrets).create({ metadata, type: 'kubernetes.io/service-account-token' })
  assert.equal(made.data?.['token'], undefined)
})
