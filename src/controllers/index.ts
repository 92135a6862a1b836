import type { ControllerDefinition } from '../client/controller.ts'
import { deploymentController } from './deployment/controller.ts'
import { endpointSliceController } from './endpointslice/controller.ts'
import { endpointsController } from './endpoints/controller.ts'
import { replicaSetController } from './replicaset/controller.ts'

/** Every controller of the control plane. None depends on the order; those that others wait for stand first. */
export const controllers: readonly ControllerDefinition[] = [
  deploymentController,
  replicaSetController,
  endpointSliceController,
  endpointsController,
]
