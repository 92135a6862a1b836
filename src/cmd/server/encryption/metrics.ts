import { createHash } from 'node:crypto'
import type { Metrics } from '../../../apiserver/metrics/metrics.ts'
import type { Clock } from '../../../lib/clock.ts'
import type { EnvelopeMeter } from '../../../store/encryption/kms/envelope.ts'
import type { KeyStateMeter } from '../../../store/encryption/kms/key-state.ts'
import type { TransformMeter } from '../../../store/encryption/transformer.ts'
import type { CallMeter } from '../../../store/unix-grpc/caller.ts'
import { codeOf } from '../../../store/unix-grpc/error.ts'

/** What is counted of encryption at rest, under upstream's names. */
export interface EncryptionMeters {
  readonly transforms: TransformMeter
  kms(name: string): EnvelopeMeter & KeyStateMeter & { readonly called: CallMeter }
  reloaded(status: 'success' | 'failure'): void
  configured(hash: string): void
}

/** Key ids that are remembered, each with series of its own; upstream's number. */
const MAX_KEY_IDS = 100

const doubling = (start: number, count: number): number[] => Array.from({ length: count }, (_, i) => start * 2 ** i)

/** Registers the metrics. `server` is the API server's name. */
export function encryptionMeters(metrics: Metrics, clock: Clock, server: string): EncryptionMeters {
  const self = sha256(server)
  const seconds = (): number => clock.now() / 1000
  return {
    transforms: transformMeter(metrics, clock),
    ...configMeter(metrics, seconds, self),
    kms: kmsMeters(metrics, seconds, self),
  }
}

function transformMeter(metrics: Metrics, clock: Clock): TransformMeter {
  const latencies = metrics.histogram({
    name: 'apiserver_storage_transformation_duration_seconds',
    help: 'Latencies in seconds of value transformation operations.',
    labels: ['transformation_type', 'transformer_prefix'],
    buckets: doubling(5e-6, 25),
  })
  const operations = metrics.counter({
    name: 'apiserver_storage_transformation_operations_total',
    help: 'Transformations of values by their outcome.',
    labels: ['resource', 'transformation_type', 'transformer_prefix', 'status'],
  })
  return {
    begin: () => clock.monotonic(),
    transformed({ resource, direction, prefix, begun, error }) {
      operations.of(resource, direction, prefix, codeOf(error)).inc()
      if (error === undefined) latencies.of(direction, prefix).observe((clock.monotonic() - begun) / 1000)
    },
  }
}

function configMeter(
  metrics: Metrics,
  seconds: () => number,
  self: string,
): Pick<EncryptionMeters, 'reloaded' | 'configured'> {
  const prefix = 'apiserver_encryption_config_controller'
  const reloads = metrics.counter({
    name: `${prefix}_automatic_reloads_total`,
    help: 'Reloads of the encryption configuration that succeeded, and that failed.',
    labels: ['status', 'apiserver_id_hash'],
  })
  const last = metrics.gauge({
    name: `${prefix}_automatic_reload_last_timestamp_seconds`,
    help: 'When the encryption configuration was last reloaded, or that last failed.',
    labels: ['status', 'apiserver_id_hash'],
  })
  const info = metrics.gauge({
    name: `${prefix}_last_config_info`,
    help: 'The hash of the encryption configuration in use.',
    labels: ['apiserver_id_hash', 'hash'],
  })
  return {
    reloaded(status) {
      reloads.of(status, self).inc()
      last.of(status, self).set(seconds())
    },
    configured(hash) {
      info.clear()
      info.of(self, hash).set(1)
    },
  }
}

function kmsMeters(metrics: Metrics, seconds: () => number, self: string): EncryptionMeters['kms'] {
  const prefix = 'apiserver_envelope_encryption'
  const calls = metrics.histogram({
    name: `${prefix}_kms_operations_latency_seconds`,
    help: 'How long calls of key services take, by their gRPC code.',
    labels: ['provider_name', 'method_name', 'grpc_status_code'],
    buckets: doubling(1e-4, 20),
  })
  const keyLabels = ['transformation_type', 'provider_name', 'key_id_hash', 'apiserver_id_hash']
  const used = metrics.counter({
    name: `${prefix}_key_id_hash_total`,
    help: 'How often a key of a key service was used.',
    labels: keyLabels,
  })
  const lastUsed = metrics.gauge({
    name: `${prefix}_key_id_hash_last_timestamp_seconds`,
    help: 'When a key of a key service was last used.',
    labels: keyLabels,
  })
  const seen = metrics.gauge({
    name: `${prefix}_key_id_hash_status_last_timestamp_seconds`,
    help: 'When a key service last named a key as the one in use.',
    labels: ['provider_name', 'key_id_hash', 'apiserver_id_hash'],
  })
  const bad = metrics.counter({
    name: `${prefix}_invalid_key_id_from_status_total`,
    help: 'Key ids that a key service must not have.',
    labels: ['provider_name', 'error'],
  })
  const kept = metrics.gauge({
    name: `${prefix}_dek_source_cache_size`,
    help: 'How many decrypted keys of values are kept in memory.',
    labels: ['provider_name'],
  })
  const missed = metrics
    .counter({
      name: 'apiserver_storage_envelope_transformation_cache_misses_total',
      help: 'How often a key had to be asked of a key service.',
    })
    .of()
  const made = metrics
    .histogram({
      name: 'apiserver_storage_data_key_generation_duration_seconds',
      help: 'How long making a data encryption key takes.',
      buckets: doubling(5e-6, 14),
    })
    .of()
  const usedIds = new Recent((labels) => {
    used.delete(...labels)
    lastUsed.delete(...labels)
  })
  const seenIds = new Recent((labels) => seen.delete(...labels))
  const hashed = new Map<string, string>()
  const idHash = (keyId: string): string => {
    const known = hashed.get(keyId)
    if (known !== undefined) return known
    if (hashed.size >= MAX_KEY_IDS) hashed.clear()
    const hash = sha256(keyId)
    hashed.set(keyId, hash)
    return hash
  }
  return (name) => ({
    called: (method, took, code) => calls.of(name, method, code).observe(took),
    keyUsed(direction, keyId) {
      const labels = [direction, name, idHash(keyId), self]
      usedIds.add(labels)
      used.of(...labels).inc()
      lastUsed.of(...labels).set(seconds())
    },
    keyIdSeen(keyId) {
      const labels = [name, idHash(keyId), self]
      seenIds.add(labels)
      seen.of(...labels).set(seconds())
    },
    badKeyId: (problem) => bad.of(name, problem).inc(),
    keyMissed: () => missed.inc(),
    keysKept: (count) => kept.of(name).set(count),
    seedMade: (took) => made.observe(took),
  })
}

/** Labels that were used lately; the oldest is dropped when there are too many. */
class Recent {
  readonly #labels = new Map<string, readonly string[]>()
  readonly #drop: (labels: readonly string[]) => void

  constructor(drop: (labels: readonly string[]) => void) {
    this.#drop = drop
  }

  add(labels: readonly string[]): void {
    const id = labels.join('\n')
    this.#labels.delete(id)
    this.#labels.set(id, labels)
    if (this.#labels.size <= MAX_KEY_IDS) return
    const [oldest] = this.#labels
    if (!oldest) return
    this.#labels.delete(oldest[0])
    this.#drop(oldest[1])
  }
}

function sha256(text: string): string {
  return text === '' ? '' : `sha256:${createHash('sha256').update(text).digest('hex')}`
}
