import { logDirectoryOf } from '../container/config.ts'
import { podCgroupPath } from '../container/resources.ts'
import type { PodMeans } from './means.ts'
import { uidOf, type Pod } from './spec.ts'

/**
 * Lets go of what a pod that has ended held on the node: volumes, cgroup, references. With `containers` also removes its containers,
 * sandboxes and logs, of which nobody will ask any more. Idempotent.
 */
export async function cleanUp(
  pod: Pod,
  { containers }: { readonly containers: boolean },
  means: PodMeans,
): Promise<void> {
  const { volumes, host, objects, observed, runtime, config, images, crashes } = means
  const uid = uidOf(pod)
  const { name = '', namespace = '' } = pod.metadata
  objects.retain(uid, namespace, [])
  images.forget(uid)
  crashes.forget(`${uid}/`)
  if (containers) {
    const state = observed.get(uid)
    // Removing a sandbox removes its containers; those of sandboxes that are gone go by themselves.
    await Promise.all(
      (state?.containers ?? []).map(({ id }) => runtime.removeContainer(id).then(() => observed.forget(id))),
    )
    await Promise.all(
      (state?.sandboxes ?? []).map(({ id }) => runtime.removePodSandbox(id).then(() => observed.forget(id))),
    )
    await host.files.remove(`${config.podLogsDir}/${logDirectoryOf({ namespace, name, uid })}`)
  }
  await volumes.unmount(uid)
  await host.cgroups.remove(podCgroupPath(pod, config.podsCgroup))
}
