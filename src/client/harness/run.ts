import type { Env } from '../../lib/env.ts'
import type { Client } from '../client.ts'
import type { ControllerDefinition } from '../controller.ts'
import type { EventRecorder } from '../events.ts'
import { createEventRecorder } from '../events/recorder.ts'
import { InformerFactory, type InformerFactoryOptions } from '../informer/factory.ts'
import type { WorkQueueMetrics } from '../workqueue/workqueue.ts'
import { ControllerRun } from './controller-run.ts'

export interface RunOptions {
  /** Who the informers, and controllers without an identity of their own, act as. */
  readonly client: Client
  readonly env: Env
  readonly signal: AbortSignal
  /** A controller's own identity. Default: `client`. */
  readonly clientFor?: (definition: ControllerDefinition) => Client
  /** Shared with others in the process, and started by whoever made them. Default: made on `client` and started here. */
  readonly informers?: InformerFactory
  /** What the informers made here keep of each object. */
  readonly transform?: InformerFactoryOptions['transform']
  /** Deep-freeze cached objects; for tests. */
  readonly freeze?: boolean
  readonly eventsFor?: (definition: ControllerDefinition, client: Client) => EventRecorder
  readonly metricsFor?: (definition: ControllerDefinition) => WorkQueueMetrics
}

export interface RunningControllers {
  /** Resolves when all controllers work: each begins when its own caches have synced. Rejects when the signal aborts first. */
  readonly ready: Promise<void>
  /** Resolves when the signal has aborted and all work has ended. */
  readonly stopped: Promise<void>
  readonly informers: InformerFactory
  /** Whether no controller has work in line, at hand, or waiting for a cache. */
  idle(): boolean
}

/** Runs controllers on shared informers until the signal aborts. */
export function runControllers(definitions: readonly ControllerDefinition[], options: RunOptions): RunningControllers {
  const { client, env, signal, freeze = false, transform } = options
  const made = { client, env, freeze, ...(transform && { transform }) }
  const informers = options.informers ?? new InformerFactory(made)
  const runs = definitions.map(
    (definition) => new ControllerRun(definition, runOptions(definition, options, informers)),
  )
  if (!options.informers) informers.start(signal)
  const begun = runs.map((run) => run.begin())
  const ready = Promise.all(begun).then(() => undefined)
  // Who doesn't wait for it needs no word that it never came: `stopped` tells.
  ready.catch(() => undefined)
  const work = async (run: ControllerRun, at: number): Promise<void> => {
    try {
      await begun[at]
      await run.work()
    } catch (err) {
      if (!signal.aborted) env.log.error('controller ended', { controller: run.name, err })
    }
  }
  const stopped = Promise.all(runs.map(work)).then(async () => {
    if (!options.informers) await informers.stopped()
  })
  return { ready, stopped, informers, idle: () => runs.every((run) => run.idle) }
}

function runOptions(
  definition: ControllerDefinition,
  options: RunOptions,
  informers: InformerFactory,
): ConstructorParameters<typeof ControllerRun>[1] {
  const { env, signal } = options
  const client = options.clientFor?.(definition) ?? options.client
  const component = definition.component ?? `${definition.name}-controller`
  const events = options.eventsFor?.(definition, client) ?? createEventRecorder({ client, env, signal, component })
  const metrics = options.metricsFor?.(definition)
  return { client, informers, events, env, signal, ...(metrics && { metrics }) }
}
