import type { Job } from '../../api/generated/types/batch/v1.ts'
import type { Container, Pod, PodTemplateSpec } from '../../api/generated/types/core/v1.ts'
import { jobs } from '../../api/index.ts'
import type { Frozen } from '../../apimachinery/meta.ts'
import { controllerReference } from '../ownership/owner-reference.ts'
import { podFromTemplate } from '../pods/from-template.ts'
import { annotatedCount, COMPLETION_INDEX, INDEX_FAILURES, INDEX_IGNORED_FAILURES, TRACKING_FINALIZER } from './pods.ts'
import { matchFailurePolicy } from './policies.ts'

const INDEX_VARIABLE = 'JOB_COMPLETION_INDEX'
/** What is left of a name for what comes before its five random characters. */
const MAX_PREFIX = 58

/** A pod of the Job, at an index if it has them. `predecessor` is the failed pod of that index. */
export function jobPod(job: Frozen<Job>, index: number | undefined, predecessor: Frozen<Pod> | undefined): Frozen<Pod> {
  const pod = podFromTemplate(job.spec.template, job, controllerReference(jobs, job))
  const finalizers = [...new Set([...(pod.metadata.finalizers ?? []), TRACKING_FINALIZER])]
  if (index === undefined) return { ...pod, metadata: { ...pod.metadata, finalizers } }
  const name = job.metadata.name ?? ''
  const suffix = `-${index}-`
  const text = String(index)
  return {
    ...pod,
    metadata: {
      ...pod.metadata,
      generateName: name.slice(0, MAX_PREFIX - suffix.length) + suffix,
      labels: { ...pod.metadata.labels, [COMPLETION_INDEX]: text },
      annotations: { ...pod.metadata.annotations, [COMPLETION_INDEX]: text, ...failureCounts(job, predecessor) },
      finalizers,
    },
    spec: { ...withIndexVariable(job.spec.template).spec, hostname: `${name}-${index}` },
  }
}

/** With backoffLimitPerIndex each pod is told how often its predecessors failed. */
function failureCounts(job: Frozen<Job>, predecessor: Frozen<Pod> | undefined): Record<string, string> {
  if (job.spec.backoffLimitPerIndex === undefined) return {}
  const counts = predecessor ? matchFailurePolicy(job, predecessor).counts : undefined
  const failures = (predecessor ? annotatedCount(predecessor, INDEX_FAILURES) : 0) + (counts === true ? 1 : 0)
  const ignored = (predecessor ? annotatedCount(predecessor, INDEX_IGNORED_FAILURES) : 0) + (counts === false ? 1 : 0)
  return { [INDEX_FAILURES]: String(failures), ...(ignored > 0 && { [INDEX_IGNORED_FAILURES]: String(ignored) }) }
}

function withIndexVariable(template: Frozen<PodTemplateSpec>): Frozen<PodTemplateSpec> {
  const { containers, initContainers } = template.spec
  return {
    ...template,
    spec: {
      ...template.spec,
      containers: containers.map(withVariable),
      ...(initContainers && { initContainers: initContainers.map(withVariable) }),
    },
  }
}

function withVariable(container: Frozen<Container>): Frozen<Container> {
  if (container.env?.some(({ name }) => name === INDEX_VARIABLE)) return container
  const fieldRef = { fieldPath: `metadata.labels['${COMPLETION_INDEX}']` }
  return { ...container, env: [...(container.env ?? []), { name: INDEX_VARIABLE, valueFrom: { fieldRef } }] }
}
