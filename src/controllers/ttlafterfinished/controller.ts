import type { Job } from '../../api/generated/types/batch/v1.ts'
import { jobs } from '../../api/index.ts'
import type { Frozen } from '../../apimachinery/meta.ts'
import { hasReason } from '../../apimachinery/status.ts'
import { defineController, done } from '../../client/controller.ts'

/** Deletes Jobs some time after they have finished, where they ask for it, with everything they own. */
export const ttlAfterFinishedController = defineController({
  name: 'ttl-after-finished',
  for: jobs,
  wakes: (now) => now !== undefined && remainingMs(now, 0) !== undefined,
  async reconcile(key, { lister, client, env }) {
    const job = lister(jobs).get(key)
    const leftMs = job && remainingMs(job, env.clock.now())
    if (!job || leftMs === undefined) return done
    if (leftMs > 0) return { requeueAfterMs: leftMs }
    try {
      // The cache may not know yet that the user wants to keep it longer.
      const fresh = await client(jobs).get(key)
      const freshMs = fresh.metadata.uid === job.metadata.uid ? remainingMs(fresh, env.clock.now()) : undefined
      if (freshMs === undefined) return done
      if (freshMs > 0) return { requeueAfterMs: freshMs }
      const { uid, resourceVersion } = fresh.metadata
      const preconditions = { ...(uid && { uid }), ...(resourceVersion && { resourceVersion }) }
      await client(jobs).delete(fresh, { propagationPolicy: 'Foreground', preconditions })
    } catch (error) {
      if (!hasReason(error, 'NotFound')) throw error
    }
    return done
  },
})

/** The ms until the Job is to go; undefined when it never is, or has not finished, or goes already. */
function remainingMs({ metadata, spec, status }: Frozen<Job>, now: number): number | undefined {
  const { ttlSecondsAfterFinished } = spec
  if (ttlSecondsAfterFinished === undefined || metadata.deletionTimestamp) return undefined
  const end = status?.conditions?.find(
    ({ type, status: is }) => is === 'True' && (type === 'Complete' || type === 'Failed'),
  )
  if (!end?.lastTransitionTime) return undefined
  return Math.max(0, Date.parse(end.lastTransitionTime) + ttlSecondsAfterFinished * 1000 - now)
}
