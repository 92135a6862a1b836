import { sleep, type Clock } from '../../lib/clock.ts'
import { Connection, type EtcdTls } from './connection.ts'
import { isMembersFault } from './error.ts'
import type { Method } from './messages.ts'

export interface ClusterOptions {
  /** `http://host:port` or `https://host:port` of each member. */
  readonly endpoints: readonly string[]
  readonly tls?: EtcdTls
  readonly clock: Clock
  readonly patience?: Patience
}

/** How long etcd is waited for. */
export interface Patience {
  /** For one member's answer to one call. */
  readonly callMs: number
  /** For any member's. */
  readonly allMs: number
}

/** An election takes etcd a second or two; itself it waits for five and more. */
export const PATIENCE: Patience = { callMs: 6000, allMs: 12_000 }
const PAUSE_MS = 100

/** The members of an etcd cluster. One is spoken to until it fails; then the next. */
export class Cluster {
  readonly #connections: readonly Connection[]
  readonly #clock: Clock
  readonly patience: Patience
  #at = 0

  constructor({ endpoints, tls, clock, patience = PATIENCE }: ClusterOptions) {
    this.patience = patience
    this.#connections = endpoints.map((endpoint) => new Connection(endpoint, tls))
    this.#clock = clock
  }

  get size(): number {
    return this.#connections.length
  }

  /** The member in use. */
  get current(): Connection {
    const connection = this.#connections[this.#at]
    if (!connection) throw new RangeError('an etcd cluster has at least one member')
    return connection
  }

  get endpoints(): readonly string[] {
    return this.#connections.map(({ endpoint }) => endpoint)
  }

  /** This member did not do what it should: another one is used from now on. */
  failed(connection: Connection): void {
    if (connection === this.current) this.#at = (this.#at + 1) % this.#connections.length
  }

  /** Calls what may be called twice: the members in turn, until one answers or patience ends. */
  read<Q extends object, R>(method: Method<Q, R>, request: Q): Promise<R> {
    return this.#try(method, request, isMembersFault)
  }

  /** Calls once; again only where no member can have seen it. */
  write<Q extends object, R>(method: Method<Q, R>, request: Q): Promise<R> {
    return this.#try(
      method,
      request,
      (error) => isMembersFault(error) && (error as { unsent?: boolean }).unsent === true,
    )
  }

  async #try<Q extends object, R>(method: Method<Q, R>, request: Q, mayRetry: (error: unknown) => boolean): Promise<R> {
    const startedMs = this.#clock.monotonic()
    for (let attempt = 1; ; attempt++) {
      const connection = this.current
      try {
        return await connection.call(method, request, this.patience.callMs)
      } catch (error) {
        if (isMembersFault(error)) this.failed(connection)
        if (!mayRetry(error) || this.#clock.monotonic() - startedMs >= this.patience.allMs) throw error
        if (attempt % this.size === 0) await sleep(this.#clock, PAUSE_MS)
      }
    }
  }

  close(): void {
    for (const connection of this.#connections) connection.close()
  }
}
