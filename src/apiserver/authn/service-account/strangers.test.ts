import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serviceAccounts } from '../../../api/core/v1/serviceaccount.ts'
import { systemClock } from '../../../lib/clock.ts'
import { nextTurn } from '../../../lib/turn.ts'
import { MemoryStore } from '../../../store/memory/store.ts'
import { Slices } from '../../flow-control/slices.ts'
import { Metrics } from '../../metrics/metrics.ts'
import { accountTokens } from './authenticator.ts'
import { TokenKeys } from './keys.ts'
import { TokenUses } from './use.ts'

const ISSUER = 'https://issuer'
const AUDIENCES = [ISSUER]
const SENDER = { peer: { remote: '10.0.0.1' } }

/** Keys that count what they are asked, and take the thread's time for it. */
class CountingKeys extends TokenKeys {
  asked = 0
  #ms = 0
  readonly clock = { ...systemClock, monotonic: () => this.#ms }

  override verify(token: string): Promise<Readonly<Record<string, unknown>>> {
    this.asked++
    this.#ms += 0.25
    return super.verify(token)
  }
}

const base64 = (value: object): string => btoa(JSON.stringify(value)).replaceAll('=', '')
const forged = (n: number): string => `${base64({ alg: 'ES256' })}.${base64({ iss: ISSUER, n })}.${'A'.repeat(86)}`

test('forged tokens are looked at in slices, and those that are known do not wait for them', async () => {
  const keys = new CountingKeys()
  const { clock } = keys
  const store = new MemoryStore({ clock })
  const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'a', namespace: 'n', uid: 'u' } }
  const value = new TextEncoder().encode(JSON.stringify(account))
  await store.write({ key: `${serviceAccounts.storagePrefix}/n/a`, value })
  const seconds = clock.now() / 1000
  const times = { iat: seconds, nbf: seconds, exp: seconds + 3600 }
  const who = { namespace: 'n', serviceaccount: { name: 'a', uid: 'u' } }
  const token = await keys.sign({ iss: ISSUER, aud: AUDIENCES, ...times, 'kubernetes.io': who })
  const tokens = accountTokens({
    keys,
    store,
    clock,
    slices: new Slices(clock),
    issuers: AUDIENCES,
    apiAudiences: AUDIENCES,
    uses: new TokenUses(new Metrics()),
    usedSecret: async () => {},
  })
  await tokens.authenticateToken(token, AUDIENCES, SENDER)
  await nextTurn()
  await nextTurn()
  keys.asked = 0
  const refused = Array.from({ length: 100 }, (_, i) =>
    assert.rejects(async () => tokens.authenticateToken(forged(i), AUDIENCES, SENDER), /failed to verify signature/),
  )
  assert.ok(keys.asked <= 5, `${keys.asked} at once`)
  // At once, and not later.
  assert.ok(!(tokens.authenticateToken(token, AUDIENCES, SENDER) instanceof Promise))
  await Promise.all(refused)
  assert.equal(keys.asked, 100)
})

test('a forged token is not looked at twice', async () => {
  const keys = new TokenKeys()
  await assert.rejects(keys.verify(forged(1)), /failed to verify signature/)
  const verified = test.mock.method(crypto.subtle, 'verify')
  await assert.rejects(keys.verify(forged(1)), /failed to verify signature/)
  assert.equal(verified.mock.callCount(), 0)
  await assert.rejects(keys.verify(forged(2)), /failed to verify signature/)
  assert.equal(verified.mock.callCount(), 1)
})
