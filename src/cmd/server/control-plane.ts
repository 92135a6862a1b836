import { runControllers } from '../../client/harness/run.ts'
import type { ControllerDefinition } from '../../client/controller.ts'
import { createControllers } from '../../controllers/index.ts'
import { kubernetesServiceController } from '../../controllers/kubernetes-service/controller.ts'
import type { ApiAddress } from '../../controllers/kubernetes-service/plan.ts'
import { systemNamespacesController } from '../../controllers/system-namespaces/controller.ts'
import type { Env } from '../../lib/env.ts'
import type { RunningApi } from './api-server.ts'
import { identities } from './identities.ts'

export interface ControlPlaneOptions {
  readonly api: RunningApi
  readonly env: Env
  readonly address: ApiAddress
  readonly signal: AbortSignal
}

/** Runs the controllers until the signal aborts; resolves when all have ended. */
export async function runControlPlane({ api, env, address, signal }: ControlPlaneOptions): Promise<void> {
  const own = [systemNamespacesController, kubernetesServiceController(address)]
  const isOwn = new Set<ControllerDefinition>(own)
  const { stopped } = runControllers([...own, ...createControllers({ rootCa: api.rootCa })], {
    client: api.clientFor(identities.controllerManager, 'kube-controller-manager'),
    clientFor: (definition) => {
      const user = isOwn.has(definition)
        ? identities.apiServer
        : identities.controller(definition.serviceAccount ?? `${definition.name}-controller`)
      return api.clientFor(user, `${definition.name}-controller`)
    },
    env: { ...env, log: env.log.with({ component: 'controllers' }) },
    signal,
  })
  await stopped
}
