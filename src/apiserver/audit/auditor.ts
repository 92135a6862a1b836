import type { Clock } from '../../lib/clock.ts'
import type { RequestHeaders, UserInfo } from '../authn/types.ts'
import { header } from '../request/call.ts'
import type { RequestInfo } from '../request/info.ts'
import type { Latencies } from '../request/latencies.ts'
import type { AuditSink } from './backends/sink.ts'
import type { AuditMetrics } from './metrics.ts'
import type { PolicyEvaluator } from './policy.ts'
import { RequestAudit } from './request-audit.ts'
import { sourceIPs } from './source-ips.ts'

/** What the audit is made of. */
export interface AuditorOptions {
  readonly policy: PolicyEvaluator
  readonly sink: AuditSink
  readonly clock: Clock
  readonly metrics: AuditMetrics
}

/** A request as it comes in. */
export interface Incoming {
  readonly info: RequestInfo
  /** Absent when nobody knows who it is. */
  readonly user: UserInfo | undefined
  readonly headers: RequestHeaders
  /** Path with query, as it was sent. */
  readonly url: string
  readonly auditID: string
  readonly receivedMs: number
  /** The other end of its connection. */
  readonly remote: string | undefined
  /** What the request spends its time in. */
  readonly latencies?: Latencies | undefined
}

const MOST_USER_AGENT = 1024

/** Decides what is told of a request. */
export class Auditor {
  readonly sink: AuditSink
  readonly clock: Clock
  readonly metrics: AuditMetrics
  readonly #policy: PolicyEvaluator

  constructor({ policy, sink, clock, metrics }: AuditorOptions) {
    this.sink = sink
    this.clock = clock
    this.metrics = metrics
    this.#policy = policy
  }

  /** What is to be told of a request; undefined for nothing at all. */
  begin({ info, user, headers, url, auditID, receivedMs, remote, latencies }: Incoming): RequestAudit | undefined {
    const config = this.#policy.evaluate(info, user)
    this.metrics.level(config.level)
    if (config.level === 'None') return undefined
    const facts = {
      level: config.level,
      auditID,
      requestURI: url,
      verb: info.verb,
      user,
      sourceIPs: sourceIPs(headers, remote),
      userAgent: textOf(truncated(header(headers, 'user-agent'))),
      receivedMs,
    }
    return new RequestAudit(this, config, facts, { info, latencies })
  }

  /** The time with fractions of a millisecond, which the clock of the day does not have. */
  now(): number {
    return this.clock.now() + (this.clock.monotonic() % 1)
  }
}

function truncated(userAgent: string): string {
  return userAgent.length > MOST_USER_AGENT ? `${userAgent.slice(0, MOST_USER_AGENT)}...TRUNCATED` : userAgent
}

const NOT_ASCII = /[\u0080-\u00ff]/
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/** A header comes as its bytes, a character each; what they say is UTF-8. */
function textOf(bytes: string): string {
  if (!NOT_ASCII.test(bytes)) return bytes
  return decoder.decode(Uint8Array.from(bytes, (byte) => byte.charCodeAt(0)))
}
