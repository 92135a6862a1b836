import type { Pod, Secret, ServiceAccount } from '../../api/generated/types/core/v1.ts'
import { podReferences } from '../../api/core/v1/pod-references.ts'
import type { Frozen } from '../../apimachinery/meta.ts'

export const TOKEN_TYPE = 'kubernetes.io/service-account-token'
export const INVALID_SINCE = 'kubernetes.io/legacy-token-invalid-since'
const LAST_USED = 'kubernetes.io/legacy-token-last-used'
const DAY_MS = 86_400_000

export interface Period {
  readonly nowMs: number
  /** How long a token stays that is not used. */
  readonly periodMs: number
}

/** Whether the use of tokens was tracked for a whole period; `since` is the day on which it began. Throws for what is no day. */
export function isTracked(since: string | undefined, { nowMs, periodMs }: Period): boolean {
  if (since === undefined) throw new Error('configMap does not have since label')
  const began = dayMs(since)
  if (began === undefined) throw new Error(`error parsing trackedSince time: ${JSON.stringify(since)} is no day`)
  return nowMs >= began + DAY_MS + periodMs
}

/** Whether a Secret's token was made, and used last, longer ago than a period. A day that cannot be read may be any. */
export function isUnused({ type, metadata }: Frozen<Secret>, { nowMs, periodMs }: Period): boolean {
  if (type !== TOKEN_TYPE || metadata.deletionTimestamp) return false
  if (Date.parse(metadata.creationTimestamp ?? '') >= nowMs - periodMs) return false
  const used = metadata.labels?.[LAST_USED]
  return used === undefined || (dayMs(used) !== undefined && used < dayOf(nowMs - periodMs))
}

/** Whether the Secret was made for the account by itself: those that somebody made are their business. */
export function isGeneratedFor({ metadata }: Frozen<Secret>, account: Frozen<ServiceAccount> | undefined): boolean {
  const uid = metadata.annotations?.['kubernetes.io/service-account.uid']
  if (!account || (uid && uid !== account.metadata.uid)) return false
  return (account.secrets ?? []).some(({ name }) => name === metadata.name)
}

/** Whether a pod of its namespace names the Secret. */
export function isMounted({ metadata }: Frozen<Secret>, pods: readonly Frozen<Pod>[]): boolean {
  const reference = `secrets ${metadata.namespace}/${metadata.name}` as const
  return pods.some((pod) => podReferences(pod).has(reference))
}

/** What becomes of a token that is not used: refused from today on, later deleted. */
export function nextStep({ metadata }: Frozen<Secret>, { nowMs, periodMs }: Period): 'invalidate' | 'delete' | 'wait' {
  const since = metadata.labels?.[INVALID_SINCE]
  if (since === undefined || dayMs(since) === undefined) return 'invalidate'
  return since < dayOf(nowMs - periodMs) ? 'delete' : 'wait'
}

/** The day of a moment, in UTC. */
export function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10)
}

/** When a day begins; undefined for what is none. */
function dayMs(day: string): number | undefined {
  const ms = /^\d{4}-\d{2}-\d{2}$/.test(day) ? Date.parse(`${day}T00:00:00Z`) : Number.NaN
  return Number.isNaN(ms) ? undefined : ms
}
