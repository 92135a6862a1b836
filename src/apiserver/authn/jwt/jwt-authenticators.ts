import { sleep } from '../../../lib/clock.ts'
import { aggregateMessage } from '../../../apimachinery/aggregate.ts'
import type { Authentication } from '../types.ts'
import type { TokenAuthenticator } from '../tokens.ts'
import type { AuthenticationConfiguration } from '../configuration/schema.ts'
import { JwtAuthenticator, type JwtOptions } from './authenticator.ts'

/** One configuration's issuers while it is in force. */
interface InForce {
  readonly authenticators: readonly JwtAuthenticator[]
  readonly issuers: readonly string[]
  end(): void
}

/** How long a new configuration's issuers may take until they are found. */
const PATIENCE_MS = 60_000
/** How long the issuers of before stay of use to requests that began with them. */
const LINGER_MS = 60_000

/** The issuers of an AuthenticationConfiguration, which may be exchanged for others while tokens come. */
export class JwtAuthenticators implements TokenAuthenticator {
  readonly #options: JwtOptions
  #inForce: InForce

  /** Throws an Error for a configuration that is not valid. Its issuers need not be there yet. */
  constructor(config: AuthenticationConfiguration, options: JwtOptions) {
    this.#options = options
    this.#inForce = this.#made(config)
  }

  /** The first issuer that knows the token decides; it is refused when that one refuses it. */
  authenticateToken(token: string): Promise<Authentication> | undefined {
    for (const one of this.#inForce.authenticators) {
      const found = one.authenticateToken(token)
      if (found) return found
    }
    return undefined
  }

  /**
   * Puts another configuration in the place of this one as soon as all of its issuers were found. Rejects when that takes too long;
   * the old one then stays.
   */
  async replace(config: AuthenticationConfiguration): Promise<void> {
    const { env, signal, metrics } = this.#options
    const next = this.#made(config)
    try {
      await this.#ready(next)
    } catch (error) {
      next.end()
      throw error
    }
    const before = this.#inForce
    this.#inForce = next
    const gone = before.issuers.filter((issuer) => !next.issuers.includes(issuer))
    void sleep(env.clock, LINGER_MS, signal)
      .catch(() => undefined)
      .then(async () => {
        before.end()
        for (const issuer of gone) await metrics?.forget(issuer)
      })
  }

  async #ready({ authenticators }: InForce): Promise<void> {
    const { env, signal } = this.#options
    const found = new AbortController()
    const patience = sleep(env.clock, PATIENCE_MS, AbortSignal.any([signal, found.signal])).catch(() => undefined)
    await Promise.race([Promise.all(authenticators.map((one) => one.found)), patience])
    found.abort(new Error('all are found'))
    const problems = authenticators.flatMap(({ problem }) => problem ?? [])
    if (problems.length > 0) throw new Error(aggregateMessage(problems))
  }

  #made({ jwt = [] }: AuthenticationConfiguration): InForce {
    const ending = new AbortController()
    const signal = AbortSignal.any([this.#options.signal, ending.signal])
    const issuers = jwt.map(({ issuer }) => issuer?.url ?? '')
    try {
      const authenticators = jwt.map((one) => new JwtAuthenticator(one, { ...this.#options, signal }))
      return { authenticators, issuers, end: () => ending.abort(new Error('another configuration is in force')) }
    } catch (error) {
      ending.abort(new Error('the configuration is not valid'))
      throw error
    }
  }
}
