import assert from 'node:assert/strict'
import type { TLSSocket } from 'node:tls'

/** A client that sends what it likes. */
export class RawConnection {
  readonly socket: TLSSocket
  received = ''
  readonly #closed: Promise<unknown>
  #heard: () => void = () => {}

  constructor(socket: TLSSocket) {
    this.socket = socket
    socket.on('error', () => socket.destroy())
    socket.on('data', (data: Buffer) => {
      this.received += data.toString('latin1')
      this.#heard()
    })
    this.#closed = new Promise((resolve) => socket.once('close', resolve))
    socket.once('close', () => this.#heard())
  }

  send(text: string): this {
    this.socket.write(text, 'latin1')
    return this
  }

  /** Waits until the answers have something, or the server closes. */
  async until(wanted: RegExp): Promise<string> {
    while (!wanted.test(this.received) && !this.socket.closed)
      await new Promise<void>((resolve) => (this.#heard = resolve))
    assert.match(this.received, wanted)
    return this.received
  }

  /** All that came until the server closed. */
  async closed(): Promise<string> {
    await this.#closed
    return this.received
  }
}
