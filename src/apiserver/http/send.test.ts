import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualClock } from '../../lib/clock.ts'
import type { EncodedWatch, EventSink } from '../encode/encoded.ts'
import type { Exchange } from './exchange.ts'
import { limitsOf, REQUEST_MS } from './limits.ts'
import type { Outlet } from './outlet.ts'
import { send } from './send.ts'

const KB = 1024

/** A client that begins to watch, and takes none of what is there. */
class Client {
  cut = false
  readonly sent: Uint8Array[] = []
  readonly #closed: (() => void)[] = []
  readonly exchange = {
    headers: {},
    begin: (): Outlet => ({
      unread: 0,
      send: (bytes) => void this.sent.push(bytes),
      write: () => new Promise((_, reject) => this.#closed.push(() => reject(new Error('the client has gone')))),
      end: () => {},
    }),
    destroy: () => {
      this.cut = true
      for (const closed of this.#closed) closed()
    },
    onClose: (callback: () => void) => void this.#closed.push(callback),
  } as unknown as Exchange
}

/** Begins a watch with so much. */
function begin(client: Client, limits: ReturnType<typeof limitsOf>, bytes: number): Promise<unknown> {
  let sink: EventSink | undefined
  const watch: EncodedWatch = {
    type: 'watch',
    headers: {},
    start(to) {
      sink = to
      return () => {}
    },
  }
  void send(watch, client.exchange, {}, { limits, events: () => () => {} })
  sink?.hold?.()
  sink?.send(new Uint8Array(bytes))
  return (sink?.taken?.(false) ?? Promise.resolve()).catch((error: unknown) => error)
}

test('who watches and does not take what is there already is cut in time', async () => {
  const clock = new VirtualClock()
  const client = new Client()
  const taken = begin(client, limitsOf(clock), 10)
  await clock.advance(REQUEST_MS - 1)
  assert.equal(client.cut, false)
  await clock.advance(REQUEST_MS / 4 + 1)
  assert.ok((await taken) instanceof Error)
  assert.equal(client.cut, true)
})

test('what is held for them is bounded, all together', async () => {
  const clock = new VirtualClock()
  const limits = limitsOf(clock, REQUEST_MS, 0)
  const clients = Array.from({ length: 100 }, () => new Client())
  for (const client of clients) {
    void begin(client, limits, 1000 * KB)
    await clock.advance(20)
  }
  const kept = clients.filter(({ cut }) => !cut).length
  assert.ok(kept > 20 && kept < 75, `${kept} are kept`)
})
