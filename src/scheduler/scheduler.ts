import type { Frozen, KubeObject } from '../apimachinery/meta.ts'
import { hasReason } from '../apimachinery/status.ts'
import { setPodCondition } from '../api/core/v1/pod-conditions.ts'
import { pods } from '../api/core/v1/pod.ts'
import type { Pod, PodCondition, PodStatus } from '../api/generated/types/core/v1.ts'
import { podDisruptionBudgets } from '../api/policy/v1/poddisruptionbudget.ts'
import type { Client, EventRecorder, InformerFactory } from '../client/index.ts'
import type { Env } from '../lib/env.ts'
import { nextTurn } from '../lib/turn.ts'
import type { Cache } from './cache/cache.ts'
import { fitMessage, type Unfit } from './cycle/fit-error.ts'
import { bestNode, findNodes } from './cycle/select-node.ts'
import { feed } from './feed.ts'
import type { NodeInfo } from './framework/node-info.ts'
import type { PodInfo } from './framework/pod-info.ts'
import { Cycle, type ClusterEvent, type Plugin } from './framework/plugin.ts'
import { preempt, type PreemptionOutcome } from './plugins/default-preemption/post-filter.ts'
import { defaultPlugins, type PluginListers } from './plugins/index.ts'
import { groupResources } from './plugins/pod-topology-spread/default-constraints.ts'
import { goesBefore } from './plugins/priority-sort/compare.ts'
import { volumeResources } from './plugins/volume-binding/plugin.ts'
import { SchedulingQueue, type QueuedPod } from './queue/queue.ts'

export interface SchedulerOptions {
  readonly client: Client
  readonly informers: InformerFactory
  readonly events: EventRecorder
  readonly env: Env
  readonly signal: AbortSignal
  /** Pods of other scheduler names are left alone. */
  readonly schedulerName?: string
  /** In place of the default ones. */
  readonly plugins?: readonly Plugin[]
}

/** What follows from a failed try: where room is made for the pod (empty: nowhere any more), who goes, and whose room it was. */
interface Plan {
  readonly nodeName?: string
  readonly evict: readonly PodInfo[]
  readonly denominate: readonly PodInfo[]
}

export const DEFAULT_SCHEDULER_NAME = 'default-scheduler'

/** Bindings under way at the same time. */
const MAX_BINDINGS = 100
/** Cycles in a row before other work of the process gets its turn. */
const CYCLES_PER_TURN = 64

/** Assigns pods to nodes: one synchronous cycle per pod against the cache, then the binding in the background. */
export class Scheduler {
  readonly #options: SchedulerOptions
  readonly #plugins: readonly Plugin[]
  readonly #cache: Cache
  readonly #queue: SchedulingQueue
  #start = 0
  #bindings = 0
  #wake: (() => void) | undefined

  constructor(options: SchedulerOptions) {
    const { client, informers, env } = options
    this.#options = options
    this.#plugins = options.plugins ?? defaultPlugins(client, pluginListers(informers))
    const wakes = new Map(this.#plugins.map(({ name, wakes: events }) => [name, new Set<ClusterEvent>(events)]))
    this.#queue = new SchedulingQueue({ env, goesBefore, wakes })
    this.#cache = feed({
      informers,
      queue: this.#queue,
      schedulerName: options.schedulerName ?? DEFAULT_SCHEDULER_NAME,
      mayQueue: (pod) => this.#plugins.every((plugin) => !plugin.preEnqueue?.(pod)),
    })
    informers.informer(podDisruptionBudgets)
  }

  /** How many pods wait, by where they wait. */
  get pending(): ReturnType<SchedulingQueue['counts']> {
    return this.#queue.counts()
  }

  /** Runs until the signal aborts. */
  async run(): Promise<void> {
    const { informers, signal } = this.#options
    await informers.synced(signal)
    this.#queue.whenReady(() => this.#wake?.())
    signal.addEventListener('abort', () => this.#wake?.(), { once: true })
    while (!signal.aborted) {
      const cycles = this.#scheduleSome()
      if (signal.aborted) break
      if (cycles < CYCLES_PER_TURN) await new Promise<void>((resolve) => (this.#wake = resolve))
      else await nextTurn()
      this.#wake = undefined
    }
    this.#queue.close()
  }

  #scheduleSome(): number {
    let cycles = 0
    for (; cycles < CYCLES_PER_TURN && this.#bindings < MAX_BINDINGS; cycles++) {
      const next = this.#queue.pop()
      if (!next) break
      this.#scheduleOne(next)
    }
    return cycles
  }

  #scheduleOne(queued: QueuedPod): void {
    const cycle = new Cycle(queued.info, this.#cache)
    const found = findNodes(cycle, this.#plugins, this.#start)
    if (!('nodes' in found)) return this.#onUnfit(queued, cycle, found)
    this.#start = found.nextStart
    const node =
      this.#nominated(cycle, found.nodes) ?? bestNode(cycle, this.#plugins, found.nodes, this.#options.env.random)
    this.#cache.assume(queued.info, node.name)
    this.#bindings++
    void this.#bind(queued, cycle, node).finally(() => {
      this.#bindings--
      this.#wake?.()
    })
  }

  /** A pod for which others were removed takes the node that was freed, when it fits. */
  #nominated({ pod }: Cycle, nodes: readonly NodeInfo[]): NodeInfo | undefined {
    const name = pod.pod.status?.nominatedNodeName
    return name ? nodes.find((node) => node.name === name) : undefined
  }

  async #bind(queued: QueuedPod, cycle: Cycle, node: NodeInfo): Promise<void> {
    const { client, env, events } = this.#options
    const { pod, key } = queued.info
    const reserved: Plugin[] = []
    try {
      for (const plugin of this.#plugins) {
        if (!plugin.reserve && !plugin.permit && !plugin.preBind) continue
        reserved.push(plugin)
        const rejection =
          plugin.reserve?.(cycle, node) ?? (await plugin.permit?.(cycle, node)) ?? (await plugin.preBind?.(cycle, node))
        if (!rejection) continue
        this.#undo(queued, cycle, node, reserved)
        return this.#onFailure(queued, rejection.reasons.join(', '), new Set([plugin.name]))
      }
      await this.#plugins.find((plugin) => plugin.bind)?.bind?.(cycle, node, { client, env })
      events.event(pod, 'Normal', 'Scheduled', `Successfully assigned ${key} to ${node.name}`, { action: 'Binding' })
    } catch (error) {
      this.#undo(queued, cycle, node, reserved)
      if (hasReason(error, 'NotFound')) return this.#queue.remove(queued.info.uid)
      this.#onFailure(
        queued,
        `running Bind plugin "DefaultBinder": ${error instanceof Error ? error.message : String(error)}`,
        new Set(),
        'SchedulerError',
      )
    }
  }

  #undo(queued: QueuedPod, cycle: Cycle, node: NodeInfo, reserved: readonly Plugin[]): void {
    for (const plugin of reserved.toReversed()) plugin.unreserve?.(cycle, node)
    this.#cache.forget(queued.info.uid)
    this.#queue.onEvent('PodDelete')
  }

  #onUnfit(queued: QueuedPod, cycle: Cycle, unfit: Unfit): void {
    const plugins = new Set(
      [...unfit.byNode.values(), ...(unfit.preFilter ? [unfit.preFilter] : [])].map(({ plugin }) => plugin),
    )
    // Without any node, every new one may help.
    if (plugins.size === 0) for (const { name } of this.#plugins) plugins.add(name)
    const budgets = this.#options.informers.lister(podDisruptionBudgets).list()
    const outcome = preempt(cycle, unfit, this.#plugins, budgets)
    const said = 'message' in outcome ? `no new claims to deallocate, ${outcome.message}` : ''
    this.#onFailure(queued, fitMessage(unfit, said), plugins, 'Unschedulable', outcome)
  }

  #onFailure(
    queued: QueuedPod,
    message: string,
    rejectedBy: ReadonlySet<string>,
    reason: 'Unschedulable' | 'SchedulerError' = 'Unschedulable',
    outcome?: PreemptionOutcome,
  ): void {
    const { env, events } = this.#options
    const { pod } = queued.info
    const plan = this.#nominationAfter(queued.info, outcome)
    this.#queue.putBack(queued, rejectedBy)
    events.event(pod, 'Warning', 'FailedScheduling', message, { action: 'Scheduling' })
    const condition: PodCondition = { type: 'PodScheduled', status: 'False', reason, message }
    void this.#report(pod, condition, plan).catch((err: unknown) => {
      if (!hasReason(err, 'NotFound', 'Conflict'))
        env.log.warn('a pod could not be marked unschedulable', { pod: queued.info.key, err })
    })
  }

  /** Nominates the pod for the node that preemption has chosen; those nominated for it that matter less have to look for another. */
  #nominationAfter(info: PodInfo, outcome: PreemptionOutcome | undefined): Plan {
    if (!outcome) return { evict: [], denominate: [] }
    if ('message' in outcome) {
      if (outcome.staysNominated) return { evict: [], denominate: [] }
      this.#cache.denominate(info.uid)
      return { nodeName: '', evict: [], denominate: [] }
    }
    const { node, victims } = outcome.candidate
    const denominate = this.#cache.nominatedAfter(info, node.name)
    for (const { uid } of denominate) this.#cache.denominate(uid)
    this.#cache.nominate(info, node.name)
    return { nodeName: node.name, evict: victims, denominate }
  }

  async #report(pod: Frozen<Pod>, condition: PodCondition, { nodeName, evict, denominate }: Plan): Promise<void> {
    const { client, env } = this.#options
    const status: PodStatus = { conditions: (pod.status?.conditions ?? []).map((c) => ({ ...c })) }
    const changed = setPodCondition(
      status,
      { ...condition, observedGeneration: pod.metadata.generation ?? 0 },
      env.clock.now(),
    )
    if (changed || (nodeName !== undefined && nodeName !== (pod.status?.nominatedNodeName ?? ''))) {
      const nominatedNodeName = nodeName === '' ? null : nodeName
      const patch = {
        metadata: { uid: pod.metadata.uid },
        status: { ...status, ...(nodeName !== undefined && { nominatedNodeName }) },
      }
      await client(pods).patch(pod, 'strategic', patch, { subresource: 'status' })
    }
    for (const info of denominate) await this.#denominate(info)
    for (const victim of evict) await this.#evict(victim.pod, pod, nodeName ?? '')
  }

  async #denominate({ pod, key }: PodInfo): Promise<void> {
    const { client, env } = this.#options
    const patch = { metadata: { uid: pod.metadata.uid }, status: { nominatedNodeName: null } }
    await client(pods)
      .patch(pod, 'strategic', patch, { subresource: 'status' })
      .catch((err: unknown) => {
        if (!hasReason(err, 'NotFound', 'Conflict'))
          env.log.warn('a pod could not be told that its room was taken', { pod: key, err })
      })
  }

  async #evict(victim: Frozen<Pod>, preemptor: Frozen<Pod>, node: string): Promise<void> {
    if (victim.metadata.deletionTimestamp) return
    const { client, env, events, schedulerName = DEFAULT_SCHEDULER_NAME } = this.#options
    const status: PodStatus = { conditions: (victim.status?.conditions ?? []).map((c) => ({ ...c })) }
    const message = `${schedulerName}: preempting to accommodate a higher priority pod`
    setPodCondition(
      status,
      { type: 'DisruptionTarget', status: 'True', reason: 'PreemptionByScheduler', message },
      env.clock.now(),
    )
    try {
      await client(pods).patch(victim, 'strategic', { status }, { subresource: 'status' })
      await client(pods).delete(victim, { preconditions: { uid: victim.metadata.uid ?? '' } })
      const related: Frozen<KubeObject> = preemptor
      events.event(victim, 'Normal', 'Preempted', `Preempted by pod ${preemptor.metadata.uid} on node ${node}`, {
        related,
        action: 'Preempting',
      })
    } catch (error) {
      if (!hasReason(error, 'NotFound', 'Conflict')) throw error
    }
  }
}

function pluginListers(informers: InformerFactory): PluginListers {
  const [claims, volumes, classes] = volumeResources
  const { services, replicaSets, statefulSets, replicationControllers } = groupResources
  return {
    volumes: {
      claims: informers.lister(claims),
      volumes: informers.lister(volumes),
      classes: informers.lister(classes),
    },
    groups: {
      services: informers.lister(services),
      replicaSets: informers.lister(replicaSets),
      statefulSets: informers.lister(statefulSets),
      replicationControllers: informers.lister(replicationControllers),
    },
  }
}
