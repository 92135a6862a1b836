import { hasCode } from '../cri/error.ts'
import type { RuntimeService } from '../cri/services.ts'
import { sleep } from '../../lib/clock.ts'
import type { Env } from '../../lib/env.ts'
import type { RuntimePods } from './pods.ts'

export interface RuntimeWatchOptions {
  readonly runtime: RuntimeService
  readonly pods: RuntimePods
  readonly env: Env
  /** How often to look at everything beside the events, in case one was missed. 0: never. */
  readonly relistMs: number
  /** Called when the runtime cannot be reached any more, with why, and with undefined when it can again. */
  readonly onHealth: (problem: Error | undefined) => void
}

/** Without events, everything is looked at this often (as upstream's generic PLEG). */
const RELIST_WITHOUT_EVENTS_MS = 1000
const RECONNECT_MS = { first: 100, most: 3000 }
/** containerd tells of an end a moment before its status has it, a long one on a busy machine: how long to look again for it, in ever longer steps. */
const SETTLE_MS = { first: 5, most: 60_000 }

/**
 * Keeps RuntimePods in step with the runtime until the signal aborts: by events where the runtime has them, by looking at everything every
 * second where not. Survives the runtime's restarts.
 */
export async function watchRuntime(options: RuntimeWatchOptions, signal: AbortSignal): Promise<void> {
  const { env, onHealth } = options
  let delayMs = RECONNECT_MS.first
  while (!signal.aborted) {
    try {
      await followEvents(options, signal, () => {
        delayMs = RECONNECT_MS.first
        onHealth(undefined)
      })
    } catch (error) {
      if (signal.aborted) return
      if (hasCode(error, 'Unimplemented')) return pollRuntime(options, signal)
      onHealth(error instanceof Error ? error : new Error(String(error)))
      env.log.warn('lost the container runtime; trying again', { err: error })
    }
    await sleep(env.clock, delayMs, signal).catch(() => undefined)
    delayMs = Math.min(delayMs * 2, RECONNECT_MS.most)
  }
}

async function followEvents(options: RuntimeWatchOptions, signal: AbortSignal, connected: () => void): Promise<void> {
  const { runtime, pods, env, relistMs } = options
  const done = new AbortController()
  let relisting = false
  try {
    for await (const event of runtime.containerEvents(signal)) {
      if (event.type === 'connected') {
        await pods.relist()
        connected()
        if (relistMs > 0 && !relisting) void relistNowAndThen(options, done.signal)
        relisting = true
      } else if (event.type === 'stopped' || (event.type === 'deleted' && pods.ownerOf(event.id) !== undefined)) {
        settle(options, event.id, signal).catch((err: unknown) =>
          env.log.warn('could not look at a container that has stopped', { id: event.id, err }),
        )
      }
    }
  } finally {
    done.abort()
  }
}

/**
 * Looks at a container or sandbox that is said to have stopped until its status says so too. One that isn't known yet may
 * have ended so soon that whoever started it has not looked at it.
 */
async function settle({ pods, env }: RuntimeWatchOptions, id: string, signal: AbortSignal): Promise<void> {
  for (let waitMs = SETTLE_MS.first; waitMs <= SETTLE_MS.most && !signal.aborted; waitMs *= 2) {
    if (pods.ownerOf(id) !== undefined && !(await pods.refresh(id))) return
    await sleep(env.clock, waitMs, signal).catch(() => undefined)
  }
}

async function relistNowAndThen({ pods, env, relistMs }: RuntimeWatchOptions, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await sleep(env.clock, relistMs, signal).catch(() => undefined)
    if (!signal.aborted) await pods.relist().catch((err: unknown) => env.log.warn('relist failed', { err }))
  }
}

async function pollRuntime({ pods, env, onHealth }: RuntimeWatchOptions, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await pods.relist().then(
      () => onHealth(undefined),
      (error: unknown) => onHealth(error instanceof Error ? error : new Error(String(error))),
    )
    await sleep(env.clock, RELIST_WITHOUT_EVENTS_MS, signal).catch(() => undefined)
  }
}
