import type { Pod } from '../../api/generated/types/core/v1.ts'
import { pods } from '../../api/index.ts'
import type { Frozen, KubeObject } from '../../apimachinery/meta.ts'
import { hasReason, StatusError } from '../../apimachinery/status.ts'
import type { ReconcileContext } from '../../client/controller.ts'

type Context = Pick<ReconcileContext, 'client' | 'events'>

/** Whether a create failed because its namespace is being deleted: then every one will, and there is nothing to do about it. */
export function isNamespaceTerminating(error: unknown): boolean {
  return (
    error instanceof StatusError &&
    !!error.status.details?.causes?.some((cause) => cause.reason === 'NamespaceTerminating')
  )
}

/** Creates a pod of `owner` and says so in an Event about it. A namespace that is being deleted is no error: undefined then. */
export async function createPod(
  pod: Frozen<Pod>,
  owner: Frozen<KubeObject>,
  { client, events }: Context,
): Promise<Frozen<Pod> | undefined> {
  try {
    const created = await client(pods).create(pod)
    events.event(owner, 'Normal', 'SuccessfulCreate', `Created pod: ${created.metadata.name}`)
    return created
  } catch (error) {
    if (isNamespaceTerminating(error)) return undefined
    events.event(owner, 'Warning', 'FailedCreate', `Error creating: ${messageOf(error)}`)
    throw error
  }
}

/** Deletes a pod of `owner` and says so in an Event about it. A pod that is gone already is no error. */
export async function deletePod(
  pod: Frozen<Pod>,
  owner: Frozen<KubeObject>,
  { client, events }: Context,
): Promise<void> {
  try {
    await client(pods).delete(pod)
    events.event(owner, 'Normal', 'SuccessfulDelete', `Deleted pod: ${pod.metadata.name}`)
  } catch (error) {
    if (hasReason(error, 'NotFound')) return
    events.event(owner, 'Warning', 'FailedDelete', `Error deleting: ${messageOf(error)}`)
    throw new Error(`unable to delete pods: ${messageOf(error)}`, { cause: error })
  }
}

/** What an Event or condition tells of an error. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
