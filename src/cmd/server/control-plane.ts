import { KUBERNETES_VERSION } from '../../apiserver/version.ts'
import { runControllers, type RunningControllers } from '../../client/harness/run.ts'
import { withoutManagers } from '../../client/informer/factory.ts'
import { createControllers } from '../../controllers/index.ts'
import type { Env } from '../../lib/env.ts'
import type { ApiAccess } from './guarded-api.ts'
import { identities } from './identities.ts'
import { queueMetrics } from './queue-metrics.ts'

/** What all controllers call themselves, as upstream's, which are one program. */
const MANAGER = 'kube-controller-manager'

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
      client: api.clientFor(identities.controllerManager, MANAGER),
      clientFor: ({ name, serviceAccount = `${name}-controller` }) => {
        const user = serviceAccount === '' ? identities.controllerManager : identities.controller(serviceAccount)
        // As upstream's: the first part is what managedFields call all controllers, the last tells them apart in the audit log.
        return api.clientFor(user, `${MANAGER}/${KUBERNETES_VERSION}/${user.name}`)
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
