import type { Pod } from '../pod/spec.ts'
import type { ObservedPod, ObservedSandbox } from '../runtime/observed.ts'

/** Whether the pod needs another sandbox than it has, and which attempt that is (upstream's PodSandboxChanged). */
export function sandboxNeeded(
  pod: Pod,
  observed: ObservedPod,
): { readonly create: boolean; readonly attempt: number; readonly current: ObservedSandbox | undefined } {
  const [newest] = observed.sandboxes
  if (!newest) return { create: true, attempt: 0, current: undefined }
  const outdated =
    observed.sandboxes.filter((sandbox) => sandbox.ready).length > 1 ||
    !newest.ready ||
    newest.hostNetwork !== (pod.spec.hostNetwork ?? false) ||
    (!newest.hostNetwork && newest.ips.length === 0)
  return { create: outdated, attempt: outdated ? newest.attempt + 1 : newest.attempt, current: newest }
}
