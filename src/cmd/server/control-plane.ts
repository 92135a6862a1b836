import { runControllers } from '../../client/harness/run.ts'
import { createControllers } from '../../controllers/index.ts'
import type { Env } from '../../lib/env.ts'
import type { RunningApi } from './api-server.ts'
import { identities } from './identities.ts'

export interface ControlPlaneOptions {
  readonly api: RunningApi
  readonly env: Env
  readonly signal: AbortSignal
}

/** Runs the controllers, each as its own service account, until the signal aborts; resolves when all have ended. */
export async function runControlPlane({ api, env, signal }: ControlPlaneOptions): Promise<void> {
  const { stopped } = runControllers(createControllers(api), {
    client: api.clientFor(identities.controllerManager, 'kube-controller-manager'),
    clientFor: ({ name, serviceAccount = `${name}-controller` }) => {
      const user = serviceAccount === '' ? identities.controllerManager : identities.controller(serviceAccount)
      return api.clientFor(user, `${name}-controller`)
    },
    env: { ...env, log: env.log.with({ component: 'controllers' }) },
    signal,
  })
  await stopped
}
