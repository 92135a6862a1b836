import { sleep } from '../../lib/clock.ts'
import type { ApiServer } from '../server.ts'
import { livingAddresses, type PeerAddress, publishEndpoints, removeAddress, renewAddress } from './endpoints.ts'
import { type PeerIdentity, removeExpired, renewIdentity } from './identity.ts'
import { sendAsServer } from './send.ts'

export interface PresenceOptions {
  readonly server: ApiServer
  readonly at: PeerAddress
  readonly identity: PeerIdentity
}

/** Upstream's: the endpoints are reconciled and the identity is renewed so often. */
const RENEW_MS = 10_000
/** Whose Lease has expired is looked for once in so many renewals: an hour, as upstream. */
const COLLECT_EVERY = 360

/** Tells the other API servers and the clients of this one, until `stop`. */
export class Presence {
  readonly #options: PresenceOptions
  readonly #ended = new AbortController()
  #running: Promise<void> | undefined

  constructor(options: PresenceOptions) {
    this.#options = options
  }

  /** Resolves when it was told for the first time. */
  async start(): Promise<void> {
    await this.#tell(0)
    this.#running = this.#run()
  }

  /** Takes this server's address back, so that nobody is led here any more. */
  async stop(): Promise<void> {
    const { server, at } = this.#options
    this.#ended.abort()
    await this.#running
    try {
      await removeAddress(server.registry.store, at)
      await this.#publish()
    } catch (err) {
      server.env.log.warn('cannot take back where this server was; that expires', { err })
    }
  }

  async #run(): Promise<void> {
    const { clock, log } = this.#options.server.env
    const { signal } = this.#ended
    for (let round = 1; !signal.aborted; round++) {
      await sleep(clock, RENEW_MS, signal).catch(() => undefined)
      if (signal.aborted) return
      try {
        await this.#tell(round)
      } catch (err) {
        log.warn('cannot say that this server lives', { err })
      }
    }
  }

  async #tell(round: number): Promise<void> {
    const { server, at, identity } = this.#options
    const send = sendAsServer(server)
    const nowMs = server.env.clock.now()
    await renewAddress(server.registry.store, at)
    await this.#publish()
    await renewIdentity(send, identity, nowMs)
    if (round % COLLECT_EVERY === 0) await removeExpired(send, nowMs)
  }

  async #publish(): Promise<void> {
    const { server, at } = this.#options
    await publishEndpoints(sendAsServer(server), await livingAddresses(server.registry.store), at.port)
  }
}
