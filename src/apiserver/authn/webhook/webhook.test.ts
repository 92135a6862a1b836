import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testEnv } from '../jwt/test-issuer.ts'
import { RemoteError, type RemoteService } from '../../remote/service.ts'
import { tokenWebhook } from './authenticator.ts'

/** A service that gives these answers in turn, the last one again and again. */
function serviceOf(...answers: readonly unknown[]): RemoteService & { readonly posted: unknown[] } {
  const posted: unknown[] = []
  return {
    url: 'https://service.example',
    posted,
    close() {},
    post(body) {
      const answer = answers[Math.min(posted.push(body), answers.length) - 1]
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer)
    },
  }
}

const review = (status: unknown, version = 'v1'): unknown => ({
  kind: 'TokenReview',
  apiVersion: `authentication.k8s.io/${version}`,
  status,
})

const JANE = { username: 'jane', uid: 'u', groups: ['g'], extra: { k: ['v'] } }
const JANE_KNOWN = { user: { name: 'jane', uid: 'u', groups: ['g'], extra: { k: ['v'] } }, audiences: ['api'] }
const CASES: readonly (readonly [name: string, answer: unknown, wanted: unknown, audiences?: readonly string[]])[] = [
  ['a user', review({ authenticated: true, user: JANE }), JANE_KNOWN],
  ['a user for an audience', review({ authenticated: true, user: JANE, audiences: ['api', 'x'] }), JANE_KNOWN],
  ['a user for another audience', review({ authenticated: true, user: JANE, audiences: ['x'] }), undefined],
  ['a user when another audience is asked for', review({ authenticated: true, user: JANE }), undefined, ['x']],
  ['nobody', review({ authenticated: false }), undefined],
  ['nobody, and why', review({ authenticated: false, error: 'it is too old' }), 'it is too old'],
  ['nothing', review(undefined), undefined],
  ['a user who may not be', review({ authenticated: 'true', user: JANE }), undefined],
  [
    'a user with a name that is none',
    review({ authenticated: true, user: { username: 7, groups: 'g', extra: { k: 'v' } } }),
    { user: { name: '', groups: [], extra: { k: [] } }, audiences: ['api'] },
  ],
  ['no kind at all', { status: { authenticated: true, user: JANE } }, JANE_KNOWN],
  [
    'another version',
    review({ authenticated: true, user: JANE }, 'v1beta1'),
    'converting (v1beta1.TokenReview) to (v1.TokenReview): unknown conversion',
  ],
  [
    'another kind',
    { kind: 'Pod', apiVersion: 'v1', status: { authenticated: true } },
    'converting (v1.Pod) to (v1.TokenReview): unknown conversion',
  ],
  ['a list', [], 'converting (v1.object) to (v1.TokenReview): unknown conversion'],
]
for (const [name, answer, wanted, audiences = ['api']] of CASES) {
  test(`the service answers with ${name}`, async () => {
    const service = serviceOf(answer)
    const tokens = tokenWebhook({ service, version: 'v1', env: testEnv(), apiAudiences: ['api'] })
    const found = Promise.resolve(tokens.authenticateToken('t', audiences))
    assert.deepEqual(await found.catch((error: Error) => error.message), wanted)
    const spec = { token: 't', audiences }
    assert.deepEqual(service.posted, [
      { kind: 'TokenReview', apiVersion: 'authentication.k8s.io/v1', metadata: {}, spec },
    ])
  })
}

test('a service that fails for now is asked again, five times at most', async () => {
  const away = new RemoteError('away', { status: 500, retry: true })
  const env = testEnv()
  const ask = (service: RemoteService): Promise<unknown> => {
    const tokens = tokenWebhook({ service, version: 'v1beta1', env, apiAudiences: ['api'] })
    return Promise.resolve(tokens.authenticateToken('t', ['api'])).catch((error: Error) => error.message)
  }
  const later = serviceOf(away, review({ authenticated: true, user: JANE }, 'v1beta1'))
  const found = ask(later)
  await env.clock.advance(1000)
  assert.deepEqual(await found, JANE_KNOWN)
  const never = serviceOf(away)
  const refused = ask(never)
  await env.clock.advance(60_000)
  assert.equal(await refused, 'away')
  assert.equal(never.posted.length, 5)
  const forbidden = serviceOf(new RemoteError('forbidden', { status: 403 }))
  assert.equal(await ask(forbidden), 'forbidden')
  assert.equal(forbidden.posted.length, 1)
})
