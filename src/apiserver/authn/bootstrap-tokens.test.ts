import assert from 'node:assert/strict'
import { it } from 'node:test'
import { VirtualClock } from '../../lib/clock.ts'
import type { Store } from '../../store/store.ts'
import { bootstrapTokens } from './bootstrap-tokens.ts'

const GOOD = {
  'token-id': 'abcdef',
  'token-secret': '0123456789abcdef',
  'usage-bootstrap-authentication': 'true',
}
const KEY = '/registry/secrets/kube-system/bootstrap-token-abcdef'

interface Case {
  readonly token?: string
  readonly data?: Record<string, string>
  readonly type?: string
  readonly deleted?: boolean
}

/** Who comes in with a token; the clock stands at 2026-01-01. */
async function holder({ token = 'abcdef.0123456789abcdef', data = {}, type, deleted }: Case) {
  const secret = {
    metadata: { name: 'bootstrap-token-abcdef', ...(deleted && { deletionTimestamp: '2026-01-01T00:00:00Z' }) },
    type: type ?? 'bootstrap.kubernetes.io/token',
    data: Object.fromEntries(Object.entries({ ...GOOD, ...data }).map(([key, value]) => [key, btoa(value)])),
  }
  const value = new TextEncoder().encode(JSON.stringify(secret))
  const store = {
    get: (key: string) => Promise.resolve(key === KEY ? { key, value, modRevision: 1 } : undefined),
  } as unknown as Pick<Store, 'get'>
  return (await bootstrapTokens(store, new VirtualClock()).authenticateToken(token, []))?.user
}

it('a token of a Secret is a new node, in the groups that the Secret says', async () => {
  assert.deepEqual(await holder({}), { name: 'system:bootstrap:abcdef', groups: ['system:bootstrappers'] })
  const data = {
    'auth-extra-groups': 'system:bootstrappers:b,system:bootstrappers:a',
    expiration: '2026-01-01T00:00:01Z',
  }
  assert.deepEqual((await holder({ data }))?.groups, [
    'system:bootstrappers',
    'system:bootstrappers:a',
    'system:bootstrappers:b',
  ])
})

const REFUSED: readonly (readonly [what: string, Case])[] = [
  ['another secret', { token: 'abcdef.0123456789abcdee' }],
  ['another id', { token: 'abcdee.0123456789abcdef' }],
  ['not of the form', { token: 'abcdef.0123456789abcde' }],
  ['a path in the id', { token: '../../a.0123456789abcdef' }],
  ['a Secret of another type', { type: 'Opaque' }],
  ['a Secret that goes', { deleted: true }],
  ['a Secret that names another id', { data: { 'token-id': 'xxxxxx' } }],
  ['expired', { data: { expiration: '2026-01-01T00:00:00Z' } }],
  ['an expiry that cannot be read', { data: { expiration: 'tomorrow' } }],
  ['not for authentication', { data: { 'usage-bootstrap-authentication': 'false' } }],
  ['a group of others', { data: { 'auth-extra-groups': 'system:bootstrappers:a,system:masters' } }],
]
for (const [what, wrong] of REFUSED)
  it(`refused: ${what}`, async () => {
    assert.equal(await holder(wrong), undefined)
  })
