import { concatenated } from '../../../lib/bytes.ts'
import type { Env } from '../../../lib/env.ts'
import { RemoteError, type RemoteService } from '../../remote/service.ts'
import { withRetries } from '../../remote/retry.ts'
import type { AuditEvent } from '../event.ts'
import type { AuditBackend, LostEvents } from './sink.ts'

const encoder = new TextEncoder()
const HEAD = encoder.encode('{"kind":"EventList","apiVersion":"audit.k8s.io/v1","metadata":{},"items":[')
const COMMA = encoder.encode(',')
const TAIL = encoder.encode(']}')

/** Posts events to a service, which is asked again whatever it says: there is no good reason to lose one. */
export function webhookBackend(
  service: RemoteService,
  initialBackoffMs: number,
  env: Pick<Env, 'clock' | 'random'>,
  lost: LostEvents,
): AuditBackend {
  const backoff = { firstMs: initialBackoffMs, factor: 1.5, jitter: 0.2, steps: 5 }
  return {
    async process(events) {
      const body = listOf(events)
      try {
        await withRetries(env, backoff, () => service.post(body).catch(unlessTaken))
        return true
      } catch (error) {
        lost('webhook', error, events)
        return false
      }
    },
    async shutdown() {
      service.close()
    },
  }
}

/** Whoever says that all is well has them, whatever else there is in its answer: mostly nothing. */
function unlessTaken(error: unknown): void {
  if (!(error instanceof RemoteError)) throw error
  const { message, status, timedOut } = error
  if (status >= 200 && status <= 206) return
  throw new RemoteError(message, { status, timedOut, retry: true }, error)
}

/** audit.k8s.io/v1 EventList. */
function listOf(events: readonly AuditEvent[]): Uint8Array {
  const items = events.flatMap((event, index) => (index === 0 ? [event.json()] : [COMMA, event.json()]))
  return concatenated([HEAD, ...items, TAIL])
}
