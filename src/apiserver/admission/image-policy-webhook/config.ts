import { formatDuration } from '../../../apimachinery/duration/duration.ts'

/** What ImagePolicyWebhook is told. */
export interface ImagePolicyConfig {
  /** How to reach the service. */
  readonly kubeConfigFile: string
  readonly allowTtlMs: number
  readonly denyTtlMs: number
  readonly retryBackoffMs: number
  /** Whether pods may run while the service does not answer. */
  readonly defaultAllow: boolean
}

/** As it stands in the file; TTLs in s, the backoff in ms. 0 is the default, -1 turns a TTL off. */
export interface ImagePolicyFields {
  readonly kubeConfigFile?: string
  readonly allowTTL?: number
  readonly denyTTL?: number
  readonly retryBackoff?: number
  readonly defaultAllow?: boolean
}

const MINUTE_MS = 60_000

/** Throws an Error in upstream's words. */
export function imagePolicyConfig(fields: ImagePolicyFields): ImagePolicyConfig {
  const { kubeConfigFile = '', allowTTL = 0, denyTTL = 0, retryBackoff = 0, defaultAllow = false } = fields
  const ttl = { unitMs: 1000, leastMs: 1000, mostMs: 30 * MINUTE_MS }
  return {
    kubeConfigFile,
    retryBackoffMs: within(retryBackoff, { unitMs: 1, leastMs: 1e-6, mostMs: 5 * MINUTE_MS, otherwiseMs: 500 }),
    allowTtlMs: within(allowTTL, { ...ttl, otherwiseMs: 5 * MINUTE_MS }),
    denyTtlMs: within(denyTTL, { ...ttl, otherwiseMs: 30_000 }),
    defaultAllow,
  }
}

interface Bounds {
  readonly unitMs: number
  readonly leastMs: number
  readonly mostMs: number
  readonly otherwiseMs: number
}

function within(value: number, { unitMs, leastMs, mostMs, otherwiseMs }: Bounds): number {
  if (value === -1) return 0
  if (value === 0) return otherwiseMs
  const ms = value * unitMs
  if (ms >= leastMs && ms <= mostMs) return ms
  const least = leastMs < 1 ? '1ns' : formatDuration(leastMs)
  throw new Error(`valid value is between ${least} and ${formatDuration(mostMs)}, got ${formatDuration(ms)}`)
}
