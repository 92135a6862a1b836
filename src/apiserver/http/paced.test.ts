import assert from 'node:assert/strict'
import { Writable } from 'node:stream'
import { test } from 'node:test'
import { nextTurn } from '../../lib/turn.ts'
import { Paced, SLICE_BYTES } from './paced.ts'

/** A connection that takes what it is given when it is told to. */
class Connection extends Writable {
  readonly given: Uint8Array[] = []
  readonly #takes: ((error?: Error) => void)[] = []

  override _write(bytes: Uint8Array, _encoding: string, done: (error?: Error) => void): void {
    this.given.push(bytes)
    this.#takes.push(done)
  }

  override _writev(all: { readonly chunk: Uint8Array }[], done: (error?: Error) => void): void {
    this._write(Buffer.concat(all.map(({ chunk }) => chunk)), '', done)
  }

  override _destroy(_error: Error | null, done: () => void): void {
    for (const take of this.#takes) take(new Error('gone'))
    done()
  }

  /** Takes one write, as a client's reading lets it. */
  async take(): Promise<boolean> {
    const done = this.#takes.shift()
    done?.()
    await nextTurn()
    return done !== undefined
  }

  get text(): string {
    return Buffer.concat(this.given).toString()
  }
}

test('of a large event a connection is given little before its client reads; then all, in order', async () => {
  const connection = new Connection()
  const paced = new Paced(connection)
  const events = ['a', 'b', 'c'].map((letter) => Buffer.from(letter.repeat(10 * SLICE_BYTES + 7)))
  for (const event of events) paced.send(event)
  assert.ok(connection.writableLength <= 2 * SLICE_BYTES, String(connection.writableLength))
  assert.equal(paced.unread, 30 * SLICE_BYTES + 21)
  let ended = false
  paced.end(() => (ended = true))
  assert.equal(ended, false)
  while (await connection.take()) assert.ok(connection.writableLength <= 2 * SLICE_BYTES)
  assert.equal(connection.text, Buffer.concat(events).toString())
  assert.deepEqual([ended, paced.unread], [true, 0])
})

test('small events go at once, and those that wait go together', async () => {
  const connection = new Connection()
  const paced = new Paced(connection)
  const events = Array.from({ length: 5000 }, (_, i) => Buffer.from(`{"event":${i},"text":"${'x'.repeat(i % 50)}"}\n`))
  for (const event of events) paced.send(event)
  assert.deepEqual(connection.given, [events[0]])
  while (await connection.take()) assert.ok(connection.writableLength <= 2 * SLICE_BYTES)
  assert.equal(connection.text, Buffer.concat(events).toString())
  assert.ok(connection.given.length < 10, String(connection.given.length))
})

test('what waits for a client that has gone is forgotten', async () => {
  const connection = new Connection()
  const paced = new Paced(connection)
  paced.send(Buffer.alloc(10 * SLICE_BYTES))
  connection.on('error', () => {})
  connection.destroy()
  await nextTurn()
  assert.ok(paced.unread <= SLICE_BYTES, String(paced.unread))
})
