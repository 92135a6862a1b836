import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Readable } from 'node:stream'
import { systemClock } from '../../lib/clock.ts'
import { silentLogger } from '../../lib/log.ts'
import { seededRandom } from '../../lib/random.ts'
import { nextTurn } from '../../lib/turn.ts'
import { MemoryStore } from '../../store/memory/store.ts'
import { alwaysAllow } from '../authz/types.ts'
import { createApiServer } from '../server.ts'
import { answerHttp } from './answer.ts'
import type { Exchange } from './exchange.ts'
import { limitsOf } from './limits.ts'

let ms = 0
const clock = { ...systemClock, monotonic: () => ms }
const server = createApiServer({
  store: new MemoryStore({ clock }),
  env: { clock, random: seededRandom(1), log: silentLogger },
  resources: [],
  // To find out that a token is bad takes a quarter of a millisecond of the thread.
  authenticator: {
    authenticate({ headers }) {
      if (headers.authorization === 'Bearer good') return { user: { name: 'known', groups: [] } }
      ms += 0.25
      throw new Error('invalid bearer token')
    },
  },
  authorizer: alwaysAllow,
  admission: [],
})
const limits = limitsOf(clock)

/** A request as it would come over a connection. */
class FakeExchange implements Exchange {
  readonly method = 'GET'
  readonly url = '/version'
  readonly headers
  readonly certificate = undefined
  readonly remote: string
  readonly incoming = Readable.from([])
  status = 0
  cut = false

  constructor(token: string, remote: string) {
    this.headers = { authorization: `Bearer ${token}`, accept: 'application/json' }
    this.remote = remote
  }

  send(status: number): void {
    this.status = status
  }

  begin(): never {
    throw new Error('nothing here is sent in parts')
  }

  get begun(): boolean {
    return this.status > 0
  }

  destroy(): void {
    this.cut = true
  }

  onClose(): void {}
}

function ask(token: string, remote: string): FakeExchange {
  const exchange = new FakeExchange(token, remote)
  void answerHttp(server, exchange, limits)
  return exchange
}

const answered = (all: readonly FakeExchange[]): number => all.filter(({ begun }) => begun).length

test('bad tokens by the hundred are refused a few at a time, addresses by turns', async () => {
  const flood = Array.from({ length: 400 }, () => ask('bad', '10.0.0.1'))
  assert.ok(answered(flood) <= 5, `${answered(flood)} at once`)
  const other = ask('bad', '10.0.0.2')
  const good = ask('good', '10.0.0.1')
  // Known users' requests wait for no stranger.
  for (let i = 0; i < 3 && !good.begun; i++) await nextTurn()
  assert.equal(good.status, 200)
  while (!other.begun) await nextTurn()
  assert.equal(other.status, 401)
  assert.ok(answered(flood) < 100, `${answered(flood)} before the other address`)
  while (answered(flood) < flood.length) await nextTurn()
  assert.deepEqual([...new Set(flood.map(({ status }) => status))], [401])
})

test('strangers for whom there is no room at all are cut off', async () => {
  const flood = Array.from({ length: 3000 }, () => ask('bad', '10.0.0.1'))
  while (flood.some(({ begun, cut }) => !begun && !cut)) await nextTurn()
  const cut = flood.filter((one) => one.cut)
  assert.ok(cut.length > 900 && cut.length < 1000, `${cut.length}`)
  assert.ok(cut.every(({ begun }) => !begun))
})
