import { Heap } from '../../lib/heap.ts'
import type { Env } from '../../lib/env.ts'
import type { Timer } from '../../lib/clock.ts'
import type { Frozen } from '../../apimachinery/meta.ts'
import type { Pod } from '../../api/generated/types/core/v1.ts'
import type { ClusterEvent } from '../framework/plugin.ts'
import { podInfoOf, type PodInfo } from '../framework/pod-info.ts'

/** A pod that waits to be scheduled. */
export interface QueuedPod {
  info: PodInfo
  /** When it came to the queue first, by the clock's monotonic time. */
  readonly sinceMs: number
  /** Breaks ties of time. */
  readonly order: number
  attempts: number
  /** The plugins that turned it away last time, by name. */
  rejectedBy: ReadonlySet<string>
}

export interface QueueOptions {
  readonly env: Env
  readonly goesBefore: (a: QueuedPod, b: QueuedPod) => boolean
  /** Which events may help a pod that a plugin has turned away, by plugin name. */
  readonly wakes: ReadonlyMap<string, ReadonlySet<ClusterEvent>>
}

const FIRST_BACKOFF_MS = 1000
const MAX_BACKOFF_MS = 10_000
/** Upstream's safety net: a pod that no event has woken is tried again after this. */
const MAX_UNSCHEDULABLE_MS = 5 * 60_000

type Place = 'active' | 'backoff' | 'unschedulable' | 'in flight'

interface Entry extends QueuedPod {
  place: Place
  /** When the last try failed. */
  failedMs: number
  /** For `backoff`: when it may be tried again. For `unschedulable`: when it is tried again in any case. */
  dueMs: number
  /** Events since the current attempt began, which may concern it. */
  missed: Set<ClusterEvent>
}

/**
 * The pods that wait: those to try now, by priority; those that back off after a failed try; and those that nothing has changed for.
 */
export class SchedulingQueue {
  readonly #options: QueueOptions
  readonly #entries = new Map<string, Entry>()
  readonly #active: Heap<Entry>
  #order = 0
  #timer: Timer | undefined
  #timerDueMs = Infinity
  #onReady: (() => void) | undefined

  constructor(options: QueueOptions) {
    this.#options = options
    this.#active = new Heap<Entry>(options.goesBefore)
  }

  get size(): number {
    return this.#entries.size
  }

  /** How many pods are in each place, for metrics and tests. */
  counts(): Record<Place, number> {
    const counts: Record<Place, number> = { active: 0, backoff: 0, unschedulable: 0, 'in flight': 0 }
    for (const { place } of this.#entries.values()) counts[place]++
    return counts
  }

  /** Called once, when the queue has something to try again. */
  whenReady(onReady: () => void): void {
    this.#onReady = onReady
  }

  /** Adds a pod, or replaces what is known of it; a changed pod is tried again. */
  add(pod: Frozen<Pod>): void {
    const info = podInfoOf(pod)
    const known = this.#entries.get(info.uid)
    if (known) return this.#update(known, info)
    const nowMs = this.#options.env.clock.monotonic()
    const entry: Entry = {
      info,
      sinceMs: nowMs,
      order: this.#order++,
      attempts: 0,
      rejectedBy: new Set(),
      place: 'active',
      failedMs: nowMs,
      dueMs: 0,
      missed: new Set(),
    }
    this.#entries.set(info.uid, entry)
    this.#activate(entry)
  }

  remove(uid: string): void {
    // What stands in the heap is skipped when it comes up.
    this.#entries.delete(uid)
  }

  /** The next pod to try; undefined when there is none now. It is in flight until it is put back or removed. */
  pop(): QueuedPod | undefined {
    for (let entry = this.#active.pop(); entry; entry = this.#active.pop()) {
      if (this.#entries.get(entry.info.uid) !== entry || entry.place !== 'active') continue
      entry.place = 'in flight'
      entry.attempts++
      entry.missed = new Set()
      return entry
    }
    return undefined
  }

  /** A try failed: the pod waits for an event that may help, or backs off when one came meanwhile or an error was the cause. */
  putBack(pod: QueuedPod, rejectedBy: ReadonlySet<string>): void {
    const entry = this.#entries.get(pod.info.uid)
    if (!entry || entry.place !== 'in flight') return
    entry.rejectedBy = rejectedBy
    entry.failedMs = this.#options.env.clock.monotonic()
    const helped = rejectedBy.size === 0 || [...entry.missed].some((event) => this.#mayHelp(entry, event))
    if (helped) this.#backOff(entry)
    else this.#park(entry)
  }

  /** Something changed: pods that it may help are tried again, those that failed lately after their back-off. */
  onEvent(event: ClusterEvent): void {
    for (const entry of this.#entries.values()) {
      if (entry.place === 'in flight') entry.missed.add(event)
      else if (entry.place === 'unschedulable' && this.#mayHelp(entry, event)) this.#backOff(entry)
    }
  }

  close(): void {
    this.#timer?.cancel()
    this.#entries.clear()
  }

  #mayHelp({ rejectedBy }: Entry, event: ClusterEvent): boolean {
    for (const plugin of rejectedBy) if (this.#options.wakes.get(plugin)?.has(event)) return true
    return false
  }

  #update(entry: Entry, info: PodInfo): void {
    const changed = specChanged(entry.info, info)
    entry.info = info
    if (!changed) return
    if (entry.place === 'unschedulable') this.#backOff(entry)
    else if (entry.place === 'in flight') entry.missed.add('PodUpdate')
    else if (entry.place === 'active') this.#active.push(entry)
  }

  #activate(entry: Entry): void {
    entry.place = 'active'
    this.#active.push(entry)
    this.#onReady?.()
  }

  #backOff(entry: Entry): void {
    const nowMs = this.#options.env.clock.monotonic()
    const delayMs = Math.min(MAX_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** Math.max(0, entry.attempts - 1))
    entry.place = 'backoff'
    // It counts from the failed try, which for a parked pod may be long ago.
    entry.dueMs = entry.failedMs + delayMs
    if (entry.dueMs <= nowMs) this.#activate(entry)
    else this.#arm(entry.dueMs)
  }

  #park(entry: Entry): void {
    entry.place = 'unschedulable'
    entry.dueMs = this.#options.env.clock.monotonic() + MAX_UNSCHEDULABLE_MS
    this.#arm(entry.dueMs)
  }

  #arm(dueMs: number): void {
    if (dueMs >= this.#timerDueMs) return
    this.#timer?.cancel()
    this.#timerDueMs = dueMs
    const { clock } = this.#options.env
    this.#timer = clock.setTimer(() => this.#onTimer(), Math.max(0, dueMs - clock.monotonic()))
  }

  #onTimer(): void {
    this.#timerDueMs = Infinity
    const nowMs = this.#options.env.clock.monotonic()
    let nextMs = Infinity
    for (const entry of this.#entries.values()) {
      if (entry.place !== 'backoff' && entry.place !== 'unschedulable') continue
      if (entry.dueMs <= nowMs) this.#activate(entry)
      else nextMs = Math.min(nextMs, entry.dueMs)
    }
    if (nextMs < Infinity) this.#arm(nextMs)
  }
}

/** Whether the new pod may be schedulable where the old was not: anything but its status and bookkeeping. */
function specChanged(old: PodInfo, now: PodInfo): boolean {
  const essence = ({ pod }: PodInfo): string =>
    JSON.stringify([pod.spec, pod.metadata.labels, pod.metadata.annotations])
  return old.pod !== now.pod && essence(old) !== essence(now)
}
