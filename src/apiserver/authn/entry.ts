import type { Clock } from '../../lib/clock.ts'
import type { AnonymousConfig } from './configuration/schema.ts'
import type { AuthenticationMetrics } from './metrics.ts'
import { ANONYMOUS, type Authentication, type Authenticator, type Credentials } from './types.ts'

export interface EntryOptions {
  /** Where strangers are let in. */
  readonly anonymous: AnonymousConfig
  readonly clock: Clock
  readonly metrics: AuthenticationMetrics
}

const STRANGER: Authentication = { user: ANONYMOUS }

/**
 * What every request passes: whom `authenticator` knows, or strangers where they are let in; a throw for all else. Bad credentials never make
 * a stranger.
 */
export function entry(authenticator: Authenticator, { anonymous, clock, metrics }: EntryOptions): Authenticator {
  const { enabled = false, conditions = [] } = anonymous
  const paths = new Set(conditions.map(({ path = '' }) => path))
  const isOpen = (path: string): boolean => enabled && (paths.size === 0 || paths.has(path))
  return {
    authenticate(credentials: Credentials) {
      const started = clock.monotonic()
      const passed = (found: Authentication | undefined): Authentication => {
        const known = found ?? (isOpen(credentials.path) ? STRANGER : undefined)
        const seconds = (clock.monotonic() - started) / 1000
        if (known) metrics.succeeded(known.user.name, seconds)
        else metrics.failed('failure', seconds)
        if (!known) throw new Error('nobody is known by these credentials')
        return known
      }
      const failed = (error: unknown): never => {
        metrics.failed('error', (clock.monotonic() - started) / 1000)
        throw error
      }
      let found: ReturnType<Authenticator['authenticate']>
      try {
        found = authenticator.authenticate(credentials)
      } catch (error) {
        return failed(error)
      }
      return found instanceof Promise ? found.then(passed, failed) : passed(found)
    },
  }
}
