import { flowSchemas } from '../../api/flowcontrol/v1/flowschema.ts'
import { priorityLevelConfigurations } from '../../api/flowcontrol/v1/prioritylevelconfiguration.ts'
import type { Env } from '../../lib/env.ts'
import type { Store } from '../../store/store.ts'
import type { Mirrors } from '../mirror/mirrors.ts'
import type { FlowControlConfig } from './config.ts'
import { FlowMaintenance, type MaintenanceOptions } from './maintenance.ts'
import { MaxInFlight } from './max-in-flight.ts'
import { PriorityAndFairness } from './priority-and-fairness.ts'

/** Flow control as it is configured: priority and fairness, or plain limits. Before the mirrors start. */
export function flowControl(
  config: FlowControlConfig,
  { mirrors, store, env }: { readonly mirrors: Mirrors; readonly store: Store; readonly env: Env },
): PriorityAndFairness | MaxInFlight {
  const { maxRequests, maxMutatingRequests, requestTimeoutMs } = config
  if (!config.priorityAndFairness) {
    return new MaxInFlight({ readOnly: maxRequests, mutating: maxMutatingRequests }, env.clock)
  }
  return new PriorityAndFairness({
    env,
    store,
    requestTimeoutMs,
    serverSeats: maxRequests + maxMutatingRequests,
    schemas: mirrors.of(flowSchemas),
    levels: mirrors.of(priorityLevelConfigurations),
  })
}

/** Keeps the objects that configure it. Plain limits have none that matter, but their objects are kept too, as upstream. */
export function maintenance(
  flow: PriorityAndFairness | MaxInFlight,
  { mirrors, env, send }: { readonly mirrors: Mirrors } & Pick<MaintenanceOptions, 'env' | 'send'>,
): FlowMaintenance {
  return new FlowMaintenance({
    env,
    send,
    schemas: mirrors.of(flowSchemas),
    levels: mirrors.of(priorityLevelConfigurations),
    ...(flow instanceof PriorityAndFairness && { exists: (level: string) => flow.exists(level) }),
  })
}
