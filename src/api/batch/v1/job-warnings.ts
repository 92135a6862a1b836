import type { Frozen, ObjectMeta } from '../../../apimachinery/meta.ts'
import { templateWarnings } from '../../core/v1/pod-spec/warnings.ts'
import type { JobSpec } from '../../generated/types/batch/v1.ts'

const MANY_COMPLETIONS = 100_000
const MANY_AT_ONCE = 10_000

/** Warnings about a Job, or a CronJob's, where anything of what is wanted changed. */
export function* jobSpecWarnings(
  spec: Frozen<JobSpec>,
  path: string,
  meta: Frozen<ObjectMeta>,
  old?: Frozen<ObjectMeta>,
): Iterable<string> {
  if (old && old.generation === meta.generation) return
  const { completionMode, completions, parallelism } = spec
  if (completionMode === 'Indexed' && (completions ?? 0) > MANY_COMPLETIONS && (parallelism ?? 0) > MANY_AT_ONCE) {
    yield `${path}: In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, Kubernetes might not be able to track completedIndexes when a big number of indexes fail`
  }
  yield* templateWarnings(spec.template, `${path}.template`, meta, old)
}
