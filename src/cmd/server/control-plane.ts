import { runControllers, type RunningControllers } from '../../client/harness/run.ts'
import { withoutManagers } from '../../client/informer/factory.ts'
import { createControllers } from '../../controllers/index.ts'
import type { Env } from '../../lib/env.ts'
import type { ApiAccess } from './guarded-api.ts'
import { identities } from './identities.ts'
import { queueMetrics } from './queue-metrics.ts'

export interface ControlPlaneOptions {
  readonly api: ApiAccess
  readonly env: Env
  readonly signal: AbortSignal
  /** The longest that certificates last that are asked for, as upstream's --cluster-signing-duration. */
  readonly clusterSigningDurationMs?: number
  /** How long tokens of Secrets stay that nobody uses, as upstream's --legacy-service-account-token-clean-up-period. */
  readonly legacyTokenCleanUpMs?: number
}

/** Starts the controllers, each as its own service account; they run until the signal aborts. */
export function startControlPlane({
  api,
  env,
  signal,
  clusterSigningDurationMs,
  legacyTokenCleanUpMs,
}: ControlPlaneOptions): RunningControllers {
  const queues = api.metrics && queueMetrics(api.metrics)
  return runControllers(
    createControllers({
      ...api,
      ...(clusterSigningDurationMs !== undefined && { clusterSigningDurationMs }),
      ...(legacyTokenCleanUpMs !== undefined && { legacyTokenCleanUpMs }),
    }),
    {
      client: api.clientFor(identities.controllerManager, 'kube-controller-manager'),
      clientFor: ({ name, serviceAccount = `${name}-controller` }) => {
        const user = serviceAccount === '' ? identities.controllerManager : identities.controller(serviceAccount)
        return api.clientFor(user, `${name}-controller`)
      },
      env: { ...env, log: env.log.with({ component: 'controllers' }) },
      signal,
      transform: withoutManagers,
      ...(queues && { metricsFor: ({ name }) => queues(name) }),
    },
  )
}

/** Runs the controllers; resolves when the signal has aborted and all have ended. */
export async function runControlPlane(options: ControlPlaneOptions): Promise<void> {
  await startControlPlane(options).stopped
}
