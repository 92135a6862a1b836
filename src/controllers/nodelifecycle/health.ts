import { conditionOf } from '../../api/core/v1/pod-conditions.ts'
import type { Lease } from '../../api/generated/types/coordination/v1.ts'
import type { Node, NodeCondition } from '../../api/generated/types/core/v1.ts'
import { timestamp, type Frozen } from '../../apimachinery/meta.ts'

/** Upstream's defaults: how long a node may be silent, and a new one that has said nothing yet. */
const GRACE_MS = 50_000
const STARTUP_GRACE_MS = 60_000
/** The conditions that nobody knows any more when the node is silent. */
const WATCHED = ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure']

/** A lease this long goes with upstream's default; a node whose lease is longer may be silent for longer in proportion. */
const LEASE_SECONDS = 40

/** How long a node may be silent. */
export function graceMs({ status }: Frozen<Node>, lease: Frozen<Lease> | undefined): number {
  if (!conditionOf(status?.conditions, 'Ready')) return STARTUP_GRACE_MS
  return GRACE_MS * Math.max(1, (lease?.spec?.leaseDurationSeconds ?? LEASE_SECONDS) / LEASE_SECONDS)
}

/** The node's conditions when it has been silent too long: all that are watched become Unknown. */
export function unknownConditions({ metadata, status }: Frozen<Node>, now: number): readonly Frozen<NodeCondition>[] {
  const before = status?.conditions ?? []
  const at = timestamp(now)
  const changed = before.map((condition) => {
    if (!WATCHED.includes(condition.type) || condition.status === 'Unknown') return condition
    const message = 'Kubelet stopped posting node status.'
    return { ...condition, status: 'Unknown' as const, lastTransitionTime: at, reason: 'NodeStatusUnknown', message }
  })
  const absent = WATCHED.filter((type) => !conditionOf(before, type))
  const never = { reason: 'NodeStatusNeverUpdated', message: 'Kubelet never posted node status.' }
  const heartbeat = metadata.creationTimestamp && { lastHeartbeatTime: metadata.creationTimestamp }
  return [
    ...changed,
    ...absent.map((type) => ({ type, status: 'Unknown' as const, ...heartbeat, lastTransitionTime: at, ...never })),
  ]
}

/** How a zone is doing. */
export type ZoneState = 'normal' | 'partial' | 'full'

const UNHEALTHY_SHARE = 0.55
const LARGE_ZONE = 50
const EVICTIONS_PER_SECOND = 0.1
const EVICTIONS_PER_SECOND_WHEN_PARTIAL = 0.01

export interface ZoneCount {
  readonly ready: number
  readonly notReady: number
}

export function zoneState({ ready, notReady }: ZoneCount): ZoneState {
  if (ready === 0 && notReady > 0) return 'full'
  return notReady > 2 && notReady / (ready + notReady) >= UNHEALTHY_SHARE ? 'partial' : 'normal'
}

/** How many nodes a second of a zone may be marked so that their pods are driven away. Where much fails at once, the fault may be ours. */
export function evictionRate(count: ZoneCount): number {
  if (zoneState(count) !== 'partial') return EVICTIONS_PER_SECOND
  return count.ready + count.notReady > LARGE_ZONE ? EVICTIONS_PER_SECOND_WHEN_PARTIAL : 0
}

/** The zone of a node, by its labels. */
export function zoneOf({ metadata }: Frozen<Node>): string {
  const { labels = {} } = metadata
  return `${labels['topology.kubernetes.io/region'] ?? ''}/${labels['topology.kubernetes.io/zone'] ?? ''}`
}

/** The labels that older clients look for, after those that replaced them. */
export function mirroredLabels({ metadata }: Frozen<Node>): Record<string, string> {
  const { labels = {} } = metadata
  const mirrored: Record<string, string> = {}
  for (const name of ['os', 'arch']) {
    const value = labels[`kubernetes.io/${name}`]
    if (value !== undefined && labels[`beta.kubernetes.io/${name}`] !== value)
      mirrored[`beta.kubernetes.io/${name}`] = value
  }
  return mirrored
}
