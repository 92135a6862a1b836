import type { Job } from '../../api/generated/types/batch/v1.ts'
import type { Pod } from '../../api/generated/types/core/v1.ts'
import { jobs, pods } from '../../api/index.ts'
import { matches } from '../../apimachinery/labels/label-selector.ts'
import { controllerOf, keyOf, type Frozen, type KubeObject, type ObjectKey } from '../../apimachinery/meta.ts'
import {
  defineController,
  done,
  watches,
  type ControllerDefinition,
  type Lister,
  type ReconcileContext,
} from '../../client/controller.ts'
import { claim } from '../ownership/claim.ts'
import { orphanIndex, orphanWatch } from '../ownership/orphans.ts'
import { NO_FAILURES, type FailureRecord } from './backoff.ts'
import { isFinished } from './plan.ts'
import { isTracked, TRACKING_FINALIZER } from './pods.ts'
import { JobSync, releasePod } from './sync.ts'

/** A Job may name another controller to be its own. */
const CONTROLLER_NAME = 'kubernetes.io/job-controller'
/** Keys of pods whose Job has gone and that must lose their finalizer. */
const POD_KEY = 'pod/'

/** Runs the pods of each Job to their end, counts them, and says when the Job has succeeded or failed. */
export function jobController(): ControllerDefinition {
  const failures = new Map<ObjectKey, { readonly uid: string; readonly record: FailureRecord }>()
  return defineController({
    name: 'job',
    for: jobs,
    owns: [pods],
    watches: [
      orphanWatch(pods, jobs, selectsPod),
      watches({
        resource: pods,
        keys: (now, _, { lister }) =>
          now && isTracked(now) && !jobOf(now, lister(jobs)) ? [`${POD_KEY}${keyOf(now)}`] : [],
      }),
      watches({
        resource: jobs,
        *keys(now, old, { lister }) {
          if (now || !old) return
          for (const pod of lister(pods).controlledBy(old)) if (isTracked(pod)) yield `${POD_KEY}${keyOf(pod)}`
        },
      }),
    ],
    indexes: [orphanIndex(pods)],
    coalesceMs: 50,
    async reconcile(key, context) {
      if (key.startsWith(POD_KEY)) {
        await releaseOrphan(key.slice(POD_KEY.length), context)
        return done
      }
      const job = context.lister(jobs).get(key)
      if (!job || isFinished(job)) failures.delete(key)
      if (!job || isFinished(job) || (job.spec.managedBy ?? CONTROLLER_NAME) !== CONTROLLER_NAME) return done
      const { completionMode = 'NonIndexed' } = job.spec
      if (!['NonIndexed', 'Indexed'].includes(completionMode)) {
        context.events.event(
          job,
          'Warning',
          'UnknownCompletionMode',
          'Skipped Job sync because completion mode is unknown',
        )
        return done
      }
      const found = await claim<Job, Pod>(
        {
          owner: job,
          ownerResource: jobs,
          resource: pods,
          matches: (pod) => selectsPod(job, pod),
          finalizers: [TRACKING_FINALIZER],
        },
        context,
      )
      const { uid = '' } = job.metadata
      const known = failures.get(key)
      const memory = {
        get: () => (known?.uid === uid ? known.record : NO_FAILURES),
        set: (record: FailureRecord) => void failures.set(key, { uid, record }),
      }
      return new JobSync(job, found, context, memory).run()
    },
  })
}

function selectsPod({ spec }: Frozen<Job>, { metadata }: Frozen<KubeObject>): boolean {
  return matches(spec.selector, metadata.labels)
}

/** The Job that controls the pod, if it is still there. */
function jobOf(pod: Frozen<Pod>, lister: Lister<Job>): Frozen<Job> | undefined {
  const owner = controllerOf(pod)
  if (owner?.kind !== 'Job') return undefined
  const job = lister.get(`${pod.metadata.namespace}/${owner.name}`)
  return job?.metadata.uid === owner.uid ? job : undefined
}

async function releaseOrphan(key: ObjectKey, context: ReconcileContext): Promise<void> {
  const pod = context.lister(pods).get(key)
  if (pod && isTracked(pod) && !jobOf(pod, context.lister(jobs))) await releasePod(pod, context)
}
