import { PassThrough, Readable } from 'node:stream'
import { answerHttp } from '../../src/apiserver/http/answer.ts'
import type { Exchange, OutgoingHeaders } from '../../src/apiserver/http/exchange.ts'
import { limitsOf } from '../../src/apiserver/http/limits.ts'
import { StreamOutlet } from '../../src/apiserver/http/outlet.ts'
import type { ApiServer } from '../../src/apiserver/server.ts'
import type { VirtualClock } from '../../src/lib/clock.ts'
import { nextTurn } from '../../src/lib/turn.ts'

/** A request as its bytes would come over a connection. */
export interface WireRequest {
  readonly method: string
  /** Path with query. */
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array
}

export interface WireResponse {
  /** 0 when the server broke off before it answered. */
  readonly status: number
  readonly headers: OutgoingHeaders
  readonly body: Buffer
  /** The answer was begun and then broken off. */
  readonly broken: boolean
}

/** An answer may wait for so many turns of the event loop before time moves on. */
const PATIENT_TURNS = 20
const STEP_MS = 200

/**
 * Sends a request through all of the HTTP front but its sockets. Time passes while it waits for time to pass. A watch is cut
 * off as soon as it is silent.
 */
export async function sendOverWire(
  server: ApiServer,
  clock: VirtualClock,
  request: WireRequest,
): Promise<WireResponse> {
  const wire = new Wire(request)
  let waiting = true
  const answer = answerHttp(server, wire.exchange, limitsOf(clock))
  const answered = Promise.resolve(answer).finally(() => (waiting = false))
  for (let turns = 1; waiting; turns++) {
    await nextTurn()
    if (turns % PATIENT_TURNS === 0) await clock.advance(STEP_MS)
  }
  if (wire.isOpen) await nextTurn()
  wire.end()
  await answered
  return wire.response()
}

class Wire {
  readonly exchange: Exchange
  readonly #out = new PassThrough({ highWaterMark: 64 * 1024 * 1024 })
  readonly #chunks: Buffer[] = []
  #onClose: (() => void)[] = []
  #status = 0
  #headers: OutgoingHeaders = {}
  #done = false
  #broken = false

  constructor({ method, url, headers = {}, body }: WireRequest) {
    this.#out.on('data', (chunk: Buffer) => void this.#chunks.push(chunk))
    this.#out.on('finish', () => this.end())
    const begin = (status: number, outgoing: OutgoingHeaders): void => {
      this.#status = status
      this.#headers = { ...outgoing }
    }
    const isBegun = (): boolean => this.#status !== 0
    this.exchange = {
      method,
      url,
      headers: { authorization: 'Bearer admin', ...headers },
      certificate: undefined,
      remote: undefined,
      incoming: Readable.from(body ? [Buffer.from(body)] : []),
      send: (status, outgoing, bytes) => {
        begin(status, outgoing)
        this.#chunks.push(Buffer.from(bytes))
        this.end()
      },
      begin: (status, outgoing) => {
        begin(status, outgoing)
        return new StreamOutlet(this.#out)
      },
      get begun() {
        return isBegun()
      },
      destroy: () => {
        this.#broken = !this.#done
        this.end()
      },
      onClose: (callback) => void this.#onClose.push(callback),
    }
  }

  get isOpen(): boolean {
    return !this.#done
  }

  end(): void {
    this.#done = true
    const callbacks = this.#onClose
    this.#onClose = []
    for (const callback of callbacks) callback()
  }

  response(): WireResponse {
    return { status: this.#status, headers: this.#headers, body: Buffer.concat(this.#chunks), broken: this.#broken }
  }
}
