import { timestamp } from '../../apimachinery/meta.ts'
import type { PodCondition, PodStatus } from '../../api/generated/types/core/v1.ts'
import { revisionOf } from '../../client/informer/revision.ts'
import { Backoff } from '../../lib/backoff.ts'
import type { Timer } from '../../lib/clock.ts'
import { semanticEqual } from '../../apimachinery/equality.ts'
import { podCgroupLimits, podCgroupPath } from '../container/resources.ts'
import type { CgroupLimits } from '../host/cgroups.ts'
import type { Allocation } from '../resize/allocation.ts'
import type { MountedVolume } from '../container/mounts.ts'
import { refsOf } from '../objects/refs.ts'
import { plan } from '../plan/plan.ts'
import { nothingObserved, type ObservedPod } from '../runtime/observed.ts'
import { isStatic } from '../static/manifest.ts'
import { StartError } from '../start-error.ts'
import { podStatus } from '../status/generate.ts'
import { VolumeError } from '../volumes/mounter.ts'
import { carryOut, type WaitingUntil } from './carry-out.ts'
import { cleanUp } from './clean-up.ts'
import { killPod } from './kill.ts'
import type { PodMeans } from './means.ts'
import { gracePeriodOf, isTerminal, uidOf, type Pod } from './spec.ts'

/** Why the node agent itself ends a pod. */
export interface Verdict {
  readonly reason: string
  readonly message: string
  readonly condition?: PodCondition
  /** In place of the pod's own. */
  readonly graceSeconds?: number
}

/** Where a pod is in its life here: it is kept going; it is being ended; nothing of it runs any more; nothing is left of it. */
type Stage = 'running' | 'ending' | 'ended' | 'gone'

const RETRY = { firstMs: 500, maxMs: 15_000, factor: 2, jitter: 0.1, resetAfterMs: 60_000 }

/**
 * Sees one pod through its life on this node: one pass at a time, each from the latest spec and what the runtime has. Woken by what
 * changes; at rest it holds no timer unless it knows when to look again.
 */
export class PodWorker {
  readonly #means: PodMeans
  readonly #waiting = new Map<string, WaitingUntil>()
  readonly #retry: Backoff
  readonly #onGone: () => void
  #pod: Pod
  #stage: Stage = 'running'
  #verdict: Verdict | undefined
  #inApi = true
  #dirty = false
  #running: Promise<void> | undefined
  #pass = new AbortController()
  #timer: Timer | undefined
  #stopped = false
  #limits: CgroupLimits | undefined
  #resizePending = false
  readonly #hooked = new Set<string>()

  /** `onGone`: nothing is left of the pod here. */
  constructor(pod: Pod, means: PodMeans, onGone: () => void) {
    this.#pod = pod
    this.#means = means
    this.#onGone = onGone
    this.#retry = new Backoff(RETRY, means.env)
  }

  get pod(): Pod {
    return this.#pod
  }

  /** Whether the pod still counts against the node's resources. */
  get active(): boolean {
    return this.#stage === 'running' || this.#stage === 'ending'
  }

  /** Whether its end has been decided, or has come. */
  get ended(): boolean {
    return this.#verdict !== undefined || this.#stage === 'ended' || this.#stage === 'gone'
  }

  /** Whether it asks for resources that it will get when there is room. */
  get resizePending(): boolean {
    return this.#resizePending
  }

  /** The pod as the API has it now. */
  update(pod: Pod): void {
    const before = this.#pod
    // Older than, or the same as, what was written here.
    if (revisionOf(pod.metadata.resourceVersion) <= revisionOf(before.metadata.resourceVersion)) return
    this.#pod = pod
    const ends = pod.metadata.deletionTimestamp !== undefined
    const sooner =
      ends && (before.metadata.deletionTimestamp === undefined || gracePeriodOf(pod) < gracePeriodOf(before))
    if (sooner || (isTerminal(pod) && !isTerminal(before))) this.#interrupt()
    this.wake()
  }

  /** The pod with the status that was written here: nothing to act on. */
  written(pod: Pod): void {
    if (revisionOf(pod.metadata.resourceVersion) > revisionOf(this.#pod.metadata.resourceVersion)) this.#pod = pod
  }

  /** The pod is gone from the API. */
  removed(pod: Pod = this.#pod): void {
    this.#inApi = false
    this.#pod = pod.metadata.deletionTimestamp === undefined ? this.#deleted(pod) : pod
    this.#interrupt()
    this.wake()
  }

  /** Ends the pod: it is evicted, past its deadline, or refused. The first verdict holds. */
  end(verdict: Verdict): void {
    if (this.#verdict) return
    this.#verdict = verdict
    this.#interrupt()
    this.wake()
  }

  /** Something has changed: looks at the pod, after the pass under way if there is one. */
  wake(): void {
    if (this.#stopped || this.#stage === 'gone') return
    this.#dirty = true
    this.#running ??= this.#run()
  }

  /** Something that containers wait for may be there: tries again at once. */
  retry(): void {
    for (const [name, { reason, message }] of this.#waiting)
      if (reason === 'CreateContainerConfigError') this.#waiting.set(name, { reason, message, untilMs: 0 })
    this.wake()
  }

  /** Stops looking at the pod; its containers are left as they are. Resolves when the pass under way has come to its end. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#timer?.cancel()
    this.#interrupt()
    await this.#running
  }

  #deleted(pod: Pod): Pod {
    return {
      ...pod,
      metadata: { ...pod.metadata, deletionTimestamp: timestamp(this.#means.env.clock.now()) },
    }
  }

  #interrupt(): void {
    this.#pass.abort(new Error('the pod has something more urgent to do'))
  }

  async #run(): Promise<void> {
    while (this.#dirty && !this.#stopped) {
      this.#dirty = false
      this.#timer?.cancel()
      this.#pass = new AbortController()
      try {
        this.#lookAgain(await this.#sync(this.#pass.signal))
      } catch (error) {
        this.#failed(error)
      }
    }
    this.#running = undefined
  }

  #failed(error: unknown): void {
    if (this.#pass.signal.aborted || this.#stopped) return
    const { env } = this.#means
    const { name, namespace } = this.#pod.metadata
    if (!(error instanceof StartError || error instanceof VolumeError))
      env.log.warn('pod could not be synced; trying again', { pod: `${namespace}/${name}`, err: error })
    this.#publish()
    this.#lookAgain(env.clock.now() + this.#retry.next())
  }

  #lookAgain(atMs: number | undefined): void {
    this.#timer?.cancel()
    if (atMs === undefined || this.#stopped) return
    const { clock } = this.#means.env
    this.#timer = clock.setTimer(() => this.wake(), Math.max(0, atMs - clock.now()))
  }

  async #sync(signal: AbortSignal): Promise<number | undefined> {
    if (this.#stage === 'running') this.#judge()
    if (this.#stage === 'running') return this.#keepGoing(signal)
    if (this.#stage === 'ending') await this.#bringToEnd(signal)
    if (this.#stage === 'ended') await this.#finish()
    return undefined
  }

  /** Decides whether the pod is to be kept going. */
  #judge(): void {
    // What was known of containers that ran before this agent did counts from the first word on.
    this.#means.probes.sync(this.#pod, this.#observed())
    const status = this.#publish()
    const over = status.phase === 'Succeeded' || status.phase === 'Failed'
    const pastDeadline = this.#deadlineMs() <= this.#means.env.clock.now()
    if (pastDeadline && !over && !this.#verdict) {
      const message = 'Pod was active on the node longer than the specified deadline'
      this.#means.events.event(this.#pod, 'Normal', 'DeadlineExceeded', message)
      this.#verdict = { reason: 'DeadlineExceeded', message }
    }
    const ends = this.#pod.metadata.deletionTimestamp !== undefined
    if (ends || over || this.#verdict || isTerminal(this.#pod)) this.#stage = 'ending'
  }

  #deadlineMs(): number {
    const { activeDeadlineSeconds } = this.#pod.spec
    const { startTime } = this.#pod.status ?? {}
    if (activeDeadlineSeconds === undefined || startTime === undefined) return Infinity
    return Date.parse(startTime) + activeDeadlineSeconds * 1000
  }

  async #keepGoing(signal: AbortSignal): Promise<number | undefined> {
    const { objects, probes, node, events } = this.#means
    const { pod } = this.#allocate()
    const uid = uidOf(pod)
    if (node.networkProblem !== undefined && pod.spec.hostNetwork !== true) {
      const message = `network is not ready: ${node.networkProblem}`
      events.event(pod, 'Warning', 'NetworkNotReady', message)
      throw new StartError('NetworkNotReady', message)
    }
    objects.retain(uid, pod.metadata.namespace ?? '', refsOf(pod))
    const limits = podCgroupLimits(pod)
    // A container's limits are below its pod's all the time: the pod's grow before them, and shrink after.
    const [volumes] = await Promise.all([this.#volumes(), this.#cgroup(wider(this.#limits ?? limits, limits))])
    const planned = plan({ pod, observed: this.#observed(), probes: (id, kind) => probes.verdict(id, kind) })
    const again = await carryOut({ pod, plan: planned, volumes, waiting: this.#waiting, signal }, this.#means)
    await this.#cgroup(limits)
    probes.sync(pod, this.#observed())
    this.#publish()
    const deadline = this.#deadlineMs()
    return deadline === Infinity ? again : Math.min(deadline, again ?? Infinity)
  }

  /** The pod with the resources that it is granted at this moment. */
  #allocate(): Allocation {
    const allocation = this.#means.allocate(this.#pod)
    this.#resizePending = allocation.pending !== undefined
    return allocation
  }

  /** The pod's own cgroup, made once and whenever its limits change. */
  async #cgroup(limits: CgroupLimits): Promise<void> {
    const { config, host } = this.#means
    if (this.#limits && semanticEqual(this.#limits, limits)) return
    await host.cgroups.ensure(podCgroupPath(this.#pod, config.podsCgroup), limits)
    this.#limits = limits
  }

  async #volumes(): Promise<ReadonlyMap<string, MountedVolume>> {
    const { volumes, events, node } = this.#means
    try {
      return await volumes.mount(this.#pod, { podIPs: this.#podIPs(), hostIPs: node.hostIPs })
    } catch (error) {
      if (error instanceof VolumeError) events.event(this.#pod, 'Warning', 'FailedMount', error.message)
      throw error
    }
  }

  #podIPs(): readonly string[] {
    return this.#observed().sandboxes[0]?.ips ?? (this.#pod.status?.podIPs ?? []).map(({ ip }) => ip)
  }

  async #bringToEnd(signal: AbortSignal): Promise<void> {
    const { probes } = this.#means
    probes.sync(this.#pod, this.#observed())
    const graceSeconds = this.#verdict?.graceSeconds
    const options = { signal, hooked: this.#hooked, ...(graceSeconds !== undefined && { graceSeconds }) }
    await killPod(this.#pod, options, this.#means)
    probes.remove(uidOf(this.#pod))
    this.#stage = 'ended'
    this.#waiting.clear()
    this.#publish()
  }

  /** Nothing runs any more: lets go of what the pod held and, when it is to be deleted, removes it from the runtime and the API. */
  async #finish(): Promise<void> {
    const { status, deletePod } = this.#means
    const uid = uidOf(this.#pod)
    this.#publish()
    const deleting = this.#pod.metadata.deletionTimestamp !== undefined
    await Promise.all([cleanUp(this.#pod, { containers: deleting || !this.#inApi }, this.#means), status.flushed(uid)])
    if (this.#inApi && deleting) return deletePod(this.#pod)
    if (this.#inApi) return
    this.#stage = 'gone'
    this.#timer?.cancel()
    this.#onGone()
  }

  /** A static pod has nobody but its worker to remember its status; its picture in the API shows it. */
  #tellMirror(wanted: PodStatus): void {
    const { mirrorOf, status } = this.#means
    const mirror = mirrorOf(this.#pod)
    if (mirror) status.set(mirror, wanted)
    this.#pod = { ...this.#pod, status: wanted }
  }

  #observed(): ObservedPod {
    const { name = '', namespace = '' } = this.#pod.metadata
    const uid = uidOf(this.#pod)
    return this.#means.observed.get(uid) ?? nothingObserved({ uid, name, namespace })
  }

  /** Works out the pod's status and has it written if it is news. */
  #publish(): PodStatus {
    const { env, probes, node, status } = this.#means
    const { pod, pending } = this.#allocate()
    const wanted = podStatus({
      pod,
      observed: this.#observed(),
      waiting: this.#waiting,
      probes: (id) => probes.results(id),
      hostIPs: node.hostIPs,
      nowMs: env.clock.now(),
      runtimeName: node.runtimeName,
      finished: this.#stage !== 'running' && this.#stage !== 'ending',
      ...(this.#verdict && { verdict: this.#verdict }),
      ...(pending && { pendingResize: pending }),
    })
    if (isStatic(this.#pod)) this.#tellMirror(wanted)
    else if (this.#inApi) status.set(this.#pod, wanted)
    return wanted
  }
}

/** Limits that both fit under; what has none has none. */
function wider(a: CgroupLimits, b: CgroupLimits): CgroupLimits {
  const most = (x: number | undefined, y: number | undefined): number | undefined =>
    x === undefined || y === undefined || x <= 0 || y <= 0 ? undefined : Math.max(x, y)
  const { cpuShares = b.cpuShares } = a
  const [cpuQuota, memoryLimitBytes] = [most(a.cpuQuota, b.cpuQuota), most(a.memoryLimitBytes, b.memoryLimitBytes)]
  return {
    ...b,
    ...(cpuShares !== undefined && { cpuShares: Math.max(cpuShares, b.cpuShares ?? 0) }),
    ...(b.cpuQuota !== undefined && { cpuQuota: cpuQuota ?? -1 }),
    ...(b.memoryLimitBytes !== undefined && { memoryLimitBytes: memoryLimitBytes ?? -1 }),
  }
}
