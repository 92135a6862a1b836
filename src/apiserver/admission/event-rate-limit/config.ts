import { type FieldError, invalid, notSupported } from '../../../apimachinery/status.ts'

const TYPES = ['Server', 'Namespace', 'User', 'SourceAndObject'] as const

/** One limit of eventratelimit.admission.k8s.io Configuration. */
export interface EventLimit {
  readonly type: (typeof TYPES)[number]
  readonly qps: number
  readonly burst: number
  /** How many buckets are kept; 4096 when absent or 0. */
  readonly cacheSize?: number
}

/** What is wrong with the limits as they were decoded. */
export function* validateEventLimits(limits: readonly Partial<EventLimit>[]): Iterable<FieldError> {
  if (limits.length === 0) yield invalid('limits', null, 'must not be empty')
  for (const [index, { type = '', qps = 0, burst = 0, cacheSize = 0 }] of limits.entries()) {
    const at = `limits[${index}]`
    if (!(TYPES as readonly string[]).includes(type)) yield notSupported(`${at}.type`, type, TYPES)
    if (burst <= 0) yield invalid(`${at}.burst`, burst, 'must be positive')
    if (qps <= 0) yield invalid(`${at}.qps`, qps, 'must be positive')
    if (type !== 'Server' && cacheSize < 0) yield invalid(`${at}.cacheSize`, cacheSize, 'must not be negative')
  }
}
