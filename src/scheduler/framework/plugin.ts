import type { Client } from '../../client/index.ts'
import type { Env } from '../../lib/env.ts'
import type { Cache } from '../cache/cache.ts'
import type { NodeInfo } from './node-info.ts'
import type { PodInfo } from './pod-info.ts'

/** Something that changed in the cluster and may let a waiting pod be scheduled (framework.ClusterEvent). */
export type ClusterEvent =
  | 'NodeAdd'
  | 'NodeUpdate'
  | 'PodAdd'
  | 'PodUpdate'
  | 'PodDelete'
  | 'PodLabelUpdate'
  | 'NamespaceUpdate'
  | 'StorageUpdate'

/** Why a pod cannot go to a node, or anywhere now. */
export interface Rejection {
  /** `unresolvable`: removing other pods would not help (UnschedulableAndUnresolvable). */
  readonly code: 'unschedulable' | 'unresolvable'
  /** Upstream's words; counted over nodes in the pod's condition. */
  readonly reasons: readonly string[]
}

export const unschedulable = (...reasons: string[]): Rejection => ({ code: 'unschedulable', reasons })
export const unresolvable = (...reasons: string[]): Rejection => ({ code: 'unresolvable', reasons })

/** Names a plugin's per-cycle state with its type. */
export interface StateKey<T> {
  readonly name: string
  /** Never there: holds the type. */
  readonly type?: T
}

/** What a cycle knows: the pod, the cluster as it stands, and what plugins worked out about them. */
export class Cycle {
  readonly pod: PodInfo
  readonly cache: Cache
  readonly #state = new Map<string, unknown>()

  constructor(pod: PodInfo, cache: Cache) {
    this.pod = pod
    this.cache = cache
  }

  write<T>(key: StateKey<T>, value: T): void {
    this.#state.set(key.name, value)
  }

  /** What the same plugin wrote earlier in the cycle. */
  read<T>(key: StateKey<T>): T {
    const value = this.#state.get(key.name)
    if (value === undefined) throw new Error(`${key.name} was read before it was written in this cycle`)
    return value as T
  }
}

/** A pre-filter's outcome: go on; never ask this plugin's filter in this cycle; look only at these nodes; or no node at all. */
export type PreFilterOutcome = undefined | 'skip' | { readonly nodeNames: ReadonlySet<string> } | Rejection

/**
 * A scheduler plugin. Everything up to the bind is synchronous and must not change anything but the cycle's state. The order of the
 * plugins is plugins/index.ts.
 */
export interface Plugin {
  /** As upstream names it. */
  readonly name: string
  /** Events after which a pod that this plugin turned away is tried again. */
  readonly wakes: readonly ClusterEvent[]
  /** How much its score counts. */
  readonly weight?: number
  /** The pod does not even enter the queue. */
  preEnqueue?(pod: PodInfo): Rejection | undefined
  preFilter?(cycle: Cycle): PreFilterOutcome
  filter?(cycle: Cycle, node: NodeInfo): Rejection | undefined
  /** Keeps the cycle's state right while preemption tries the cluster without, or with, a pod. */
  onPodRemoved?(cycle: Cycle, removed: PodInfo, node: NodeInfo): void
  onPodAdded?(cycle: Cycle, added: PodInfo, node: NodeInfo): void
  /** `skip`: this plugin scores no node in this cycle. */
  preScore?(cycle: Cycle, nodes: readonly NodeInfo[]): 'skip' | undefined
  /** Higher is better. 0 to 100 after `normalize`. */
  score?(cycle: Cycle, node: NodeInfo): number
  /** Brings the scores of all nodes to 0…100, in place. */
  normalize?(cycle: Cycle, nodes: readonly NodeInfo[], scores: number[]): void
  /** Takes what the pod needs on the node; undone by `unreserve` when anything later fails. */
  reserve?(cycle: Cycle, node: NodeInfo): Rejection | undefined
  unreserve?(cycle: Cycle, node: NodeInfo): void
  /** May hold the pod back before it is bound. Rejecting sends it back to the queue. */
  permit?(cycle: Cycle, node: NodeInfo): Promise<Rejection | undefined> | Rejection | undefined
  preBind?(cycle: Cycle, node: NodeInfo): Promise<Rejection | undefined>
  /** The first plugin with a bind binds. Throws when the API refuses. */
  bind?(cycle: Cycle, node: NodeInfo, context: BindContext): Promise<void>
}

export interface BindContext {
  readonly client: Client
  readonly env: Env
}

/** The most that a normalized score may be. */
export const MAX_SCORE = 100

/** Brings scores to 0…100 by their greatest; `reverse` makes the least the best (helper.DefaultNormalizeScore). */
export function normalizeByMax(scores: number[], reverse = false): void {
  let max = 0
  for (const score of scores) if (score > max) max = score
  for (let i = 0; i < scores.length; i++) {
    const share = max === 0 ? 0 : Math.floor(((scores[i] ?? 0) * MAX_SCORE) / max)
    scores[i] = reverse ? MAX_SCORE - share : share
  }
}
