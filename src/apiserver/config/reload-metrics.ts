import { equalBytes } from '../registry/equal.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { ConfigurationFile } from './configuration-file.ts'

/** What is counted of a configuration that changes while the server runs, under upstream's names. */
export class ReloadMetrics {
  readonly #file: Pick<ConfigurationFile, 'sha256'>
  readonly #clock: Clock
  readonly #id: string
  readonly #total: ReturnType<Metrics['counter']>
  readonly #last: ReturnType<Metrics['gauge']>
  readonly #info: ReturnType<Metrics['gauge']>
  #seen: Uint8Array

  constructor(
    metrics: Metrics,
    file: Pick<ConfigurationFile, 'sha256' | 'serverId' | 'bytes'>,
    clock: Clock,
    subject: 'authorization' | 'authentication' = 'authorization',
  ) {
    const prefix = `apiserver_${subject}_config_controller`
    this.#file = file
    this.#clock = clock
    this.#seen = file.bytes
    this.#id = this.#hash(new TextEncoder().encode(file.serverId))
    const labels = ['status', 'apiserver_id_hash']
    this.#total = metrics.counter({
      name: `${prefix}_automatic_reloads_total`,
      help: `Total number of automatic reloads of ${subject} configuration split by status and apiserver identity.`,
      stability: 'BETA',
      labels,
    })
    this.#last = metrics.gauge({
      name: `${prefix}_automatic_reload_last_timestamp_seconds`,
      help: `Timestamp of the last automatic reload of ${subject} configuration split by status and apiserver identity.`,
      stability: 'BETA',
      labels,
    })
    this.#info = metrics.gauge({
      name: `${prefix}_last_config_info`,
      help: `Information about the last applied ${subject} configuration with hash as label, split by apiserver identity.`,
      labels: ['apiserver_id_hash', 'hash'],
    })
    this.#applied(file.bytes)
  }

  /** Whether this was looked at the last time, for good or bad; if not, it has been now. */
  isKnown(content: Uint8Array | Error): boolean {
    if (content instanceof Error) return false
    if (equalBytes(content, this.#seen)) return true
    this.#seen = content
    return false
  }

  succeeded(bytes: Uint8Array): void {
    this.#count('success')
    this.#applied(bytes)
  }

  failed(): void {
    this.#count('failure')
  }

  #count(status: 'success' | 'failure'): void {
    this.#total.of(status, this.#id).inc()
    this.#last.of(status, this.#id).set(this.#clock.now() / 1000)
  }

  #applied(bytes: Uint8Array): void {
    this.#info.clear()
    this.#info.of(this.#id, this.#hash(bytes)).set(1)
  }

  #hash(bytes: Uint8Array): string {
    return bytes.length === 0 ? '' : `sha256:${this.#file.sha256(bytes)}`
  }
}
