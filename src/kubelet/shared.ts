import { services } from '../api/core/v1/service.ts'
import type { Service } from '../api/generated/types/core/v1.ts'
import type { Client } from '../client/client.ts'
import type { EventRecorder } from '../client/events.ts'
import { createEventRecorder } from '../client/events/recorder.ts'
import { Informer } from '../client/informer/informer.ts'
import type { Env } from '../lib/env.ts'
import type { ReferencedObjects } from './objects/objects.ts'
import { WatchedObjects } from './objects/watched.ts'
import type { PodWorker } from './pod/worker.ts'
import { StatusWriter } from './status/writer.ts'

/** What the node agents of one process share; one that is alone has its own. */
export interface SharedParts {
  /** Every pod's worker, by the pod's uid. */
  readonly workers: Map<string, PodWorker>
  readonly objects: ReferencedObjects
  readonly status: StatusWriter
  /** A recorder of what a node's agent says. */
  eventsOf(nodeName: string): EventRecorder
}

export interface SharedOptions {
  readonly client: Client
  readonly env: Env
  readonly signal: AbortSignal
  /** How long a status may wait for another that overtakes it. 0: not at all. */
  readonly statusDelayMs?: number
}

/** Makes the parts, which end when the signal aborts. */
export function sharedParts({ client, env, signal, statusDelayMs = 0 }: SharedOptions): SharedParts {
  const workers = new Map<string, PodWorker>()
  const serviceInformer = new Informer<Service>({ client, env, resource: services })
  serviceInformer.run(signal).catch((err: unknown) => env.log.error('service informer ended', { err }))
  return {
    workers,
    objects: new WatchedObjects({
      client,
      env,
      services: serviceInformer,
      onChange: (uid) => workers.get(uid)?.retry(),
      signal,
    }),
    status: new StatusWriter({
      client,
      env,
      signal,
      delayMs: statusDelayMs,
      onWritten: (pod) => workers.get(pod.metadata.uid ?? '')?.written(pod),
    }),
    eventsOf: (nodeName) => createEventRecorder({ client, env, signal, component: 'kubelet', host: nodeName }),
  }
}
