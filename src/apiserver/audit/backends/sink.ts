import { nextTurn } from '../../../lib/turn.ts'
import type { MaybePromise } from '../../../store/store.ts'
import type { AuditEvent } from '../event.ts'

/** Where audit events go. */
export interface AuditSink {
  /** Takes events. False, or later so: they are lost, and the request is not to go on. Never throws or rejects. */
  process(events: readonly AuditEvent[]): MaybePromise<boolean>
}

/** A sink with an end. */
export interface AuditBackend extends AuditSink {
  /** Resolves when all that was taken is where it belongs. What comes afterwards is lost. */
  shutdown(): Promise<void>
}

/** Tells of events that a backend, by its name, lost. */
export type LostEvents = (plugin: string, error: unknown, events: readonly AuditEvent[]) => void

/** Every backend gets everything; all have to succeed. */
export function unionOf(backends: readonly AuditBackend[]): AuditBackend {
  const [first, second] = backends
  if (first && !second) return first
  return {
    process(events) {
      return allOf(backends.map((backend) => backend.process(events)))
    },
    async shutdown() {
      for (const backend of backends) await backend.shutdown()
    },
  }
}

/**
 * Passes on together what comes in one turn of the event loop, for a backend that takes as long for one event as for many. An event is
 * where it belongs before the server begins anything else.
 */
export function gathering(backend: AuditBackend): AuditBackend {
  let waiting: AuditEvent[] = []
  const pass = (): MaybePromise<boolean> => {
    const events = waiting
    waiting = []
    return events.length === 0 || backend.process(events)
  }
  return {
    process(events) {
      if (waiting.push(...events) === events.length) void nextTurn().then(pass)
      return true
    },
    async shutdown() {
      await pass()
      await backend.shutdown()
    },
  }
}

/** A backend whose failures hold nobody up (upstream's mode "blocking"). */
export function ignoringErrors(backend: AuditBackend): AuditBackend {
  return {
    process(events) {
      const answer = backend.process(events)
      return answer instanceof Promise ? answer.then(() => true) : true
    },
    shutdown: () => backend.shutdown(),
  }
}

/** Whether all are true. Waits only where that has to be. */
export function allOf(answers: readonly MaybePromise<boolean>[]): MaybePromise<boolean> {
  if (!answers.some((answer) => answer instanceof Promise)) return !answers.includes(false)
  return Promise.all(answers.map((answer) => Promise.resolve(answer))).then((all) => !all.includes(false))
}
