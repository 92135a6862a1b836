import type { LifecycleHandler } from '../../api/generated/types/core/v1.ts'
import type { ObservedPod } from '../runtime/observed.ts'
import type { Pod } from './spec.ts'

/** A pod that the API doesn't know any more, made up from what the runtime has of it: enough to end it in good order. */
export function orphanOf({ uid, name, namespace, containers }: ObservedPod): Pod {
  const specs = new Map(
    containers.map(({ name: container, image, preStop }) => [
      container,
      {
        name: container,
        image,
        ...(preStop !== '' && { lifecycle: { preStop: JSON.parse(preStop) as LifecycleHandler } }),
      },
    ]),
  )
  return {
    metadata: { uid, name, namespace },
    spec: {
      containers: [...specs.values()],
      terminationGracePeriodSeconds: Math.max(0, ...containers.map(({ graceSeconds }) => graceSeconds)),
    },
  }
}
