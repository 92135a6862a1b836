import type { Env } from '../../lib/env.ts'
import type { Counter, Metric, Metrics } from '../metrics/metrics.ts'
import type { AuditEvent } from './event.ts'
import { type Level, LEVELS } from './policy.ts'

/** How often losses are told of in the log. */
const TELL_MS = 10_000

/** Counts what the audit does, under upstream's names, and tells in the log of what it lost. */
export class AuditMetrics {
  readonly #env: Pick<Env, 'log' | 'clock'>
  readonly #levels: Readonly<Record<Level, () => Counter>>
  readonly #errors: Metric<Counter>
  /** By plugin: how many were lost since it was told of, and when it may be told of again. */
  readonly #untold = new Map<string, { count: number; quietUntil: number }>()
  readonly events: Counter
  readonly rejected: Counter

  constructor(metrics: Metrics, env: Pick<Env, 'log' | 'clock'>) {
    this.#env = env
    const name = (of: string): string => `apiserver_audit_${of}`
    const [events, rejected] = [
      metrics.counter({ name: name('event_total'), help: EVENTS }),
      metrics.counter({ name: name('requests_rejected_total'), help: REJECTED }),
    ]
    this.events = events.of()
    this.rejected = rejected.of()
    this.#errors = metrics.counter({ name: name('error_total'), help: ERRORS, labels: ['plugin'] })
    const levels = metrics.counter({ name: name('level_total'), help: LEVEL, labels: ['level'] })
    const of = (level: Level): (() => Counter) => {
      let counter: Counter | undefined
      return () => (counter ??= levels.of(level))
    }
    this.#levels = Object.fromEntries(LEVELS.map((level) => [level, of(level)])) as Record<Level, () => Counter>
  }

  level(level: Level): void {
    this.#levels[level]().inc()
  }

  /**
   * Notes that events are lost. The log has a line about one of them, without its objects; not for each, as where all are lost there are
   * many.
   */
  lost(plugin: string, error: unknown, events: readonly AuditEvent[]): void {
    this.#errors.of(plugin).inc(events.length)
    const now = this.#env.clock.monotonic()
    const before = this.#untold.get(plugin) ?? { count: 0, quietUntil: 0 }
    const count = before.count + events.length
    const tells = now >= before.quietUntil
    this.#untold.set(plugin, { count: tells ? 0 : count, quietUntil: tells ? now + TELL_MS : before.quietUntil })
    if (!tells) return
    this.#env.log.error(`Error in audit plugin '${plugin}'`, { err: error, events: count, one: events[0]?.line() })
  }
}

const EVENTS = 'Counter of audit events generated and sent to the audit backend.'
const ERRORS =
  'Counter of audit events that failed to be audited properly. Plugin identifies the plugin affected by the error.'
const LEVEL = 'Counter of policy levels for audit events (1 per request).'
const REJECTED = 'Counter of apiserver requests rejected due to an error in audit logging backend.'
