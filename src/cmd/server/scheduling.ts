import { createSeriesRecorder } from '../../client/events/series-recorder.ts'
import { InformerFactory, withoutManagers } from '../../client/informer/factory.ts'
import type { Env } from '../../lib/env.ts'
import { DEFAULT_SCHEDULER_NAME, Scheduler } from '../../scheduler/scheduler.ts'
import type { ApiAccess } from './guarded-api.ts'
import { identities } from './identities.ts'

export interface SchedulingOptions {
  readonly api: ApiAccess
  readonly env: Env
  /** The machine, which its events name. */
  readonly nodeName: string
  readonly signal: AbortSignal
}

/** Runs the scheduler until the signal aborts. */
export async function runScheduler({ api, env, nodeName, signal }: SchedulingOptions): Promise<void> {
  const own = { ...env, log: env.log.with({ component: 'scheduler' }) }
  const client = api.clientFor(identities.scheduler, 'kube-scheduler')
  const informers = new InformerFactory({ client, env: own, transform: withoutManagers })
  const events = createSeriesRecorder({
    client,
    env: own,
    signal,
    reportingController: DEFAULT_SCHEDULER_NAME,
    reportingInstance: `${DEFAULT_SCHEDULER_NAME}-${nodeName}`,
  })
  const scheduler = new Scheduler({ client, informers, events, env: own, signal })
  informers.start(signal)
  await scheduler.run()
  await informers.stopped()
}
