import type { MaybePromise } from '../../../store/store.ts'
import type { AuditEvent } from '../event.ts'
import { reaches } from '../policy.ts'
import { allOf, type AuditBackend, type LostEvents } from './sink.ts'

/** How large events and what is sent at once may be, in bytes of JSON. */
export interface TruncateLimits {
  readonly maxEventSize: number
  readonly maxBatchSize: number
}

/** Keeps events small: one that is too large loses its objects, and is lost if that does not help (upstream's truncate). */
export function truncating(
  delegate: AuditBackend,
  { maxEventSize, maxBatchSize }: TruncateLimits,
  lost: LostEvents,
): AuditBackend {
  return {
    process(events) {
      const answers: MaybePromise<boolean>[] = []
      const tooLarge: AuditEvent[] = []
      let batch: AuditEvent[] = []
      let batchSize = 0
      for (const whole of events) {
        const event = fitting(whole, maxEventSize)
        const size = sizeOf(event)
        if (size > maxEventSize) {
          tooLarge.push(event)
          continue
        }
        if (batch.length > 0 && batchSize + size > maxBatchSize) {
          answers.push(delegate.process(batch))
          batch = []
          batchSize = 0
        }
        batchSize += size
        batch.push(event)
      }
      if (batch.length > 0) answers.push(delegate.process(batch))
      if (tooLarge.length > 0) lost('truncate', new Error('event is too large even after truncating'), tooLarge)
      return allOf(answers)
    },
    shutdown: () => delegate.shutdown(),
  }
}

/** As upstream's encoder writes it. */
const sizeOf = (event: AuditEvent): number => event.jsonLine().length

function fitting(event: AuditEvent, maxEventSize: number): AuditEvent {
  if (!reaches(event.request.level, 'Request') || sizeOf(event) <= maxEventSize) return event
  return event.truncated('audit.k8s.io/truncated', 'true')
}
