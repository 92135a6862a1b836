import { lenientAs, matches, validateLabelSelector } from '../../../apimachinery/labels/label-selector.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'
import { type FieldError, invalid, notSupported, required, tooLong } from '../../../apimachinery/status.ts'
import { byteLength, isDns1123Label } from '../../../apimachinery/validation/names.ts'
import { domainPrefixedPath, immutableField, immutableSelector, nonNegative, sortedKeys } from '../../checks.ts'
import { internalForm } from '../../internal-form.ts'
import { isValidSelector, validatePodTemplate } from '../../core/v1/pod-spec/template.ts'
import { isConditionTrue } from '../../core/v1/pod-conditions.ts'
import type { Job, JobSpec, SuccessPolicy } from '../../generated/types/batch/v1.ts'
import type { PodTemplateSpec } from '../../generated/types/core/v1.ts'
import { CONTROLLER_UID_LABELS, JOB_NAME_LABELS } from './job-selector.ts'
import { validateFailurePolicy, validateSuccessPolicy } from './job-policies.ts'

type Spec = Frozen<JobSpec>

/** ValidateJobSpec. */
function* validateOwnSpec({ spec }: Frozen<Job>, old?: Frozen<Job>): Iterable<FieldError> {
  yield* validateJobSpec(spec, 'spec')
  if (!spec.selector) yield required('spec.selector')
  else yield* validateLabelSelector(spec.selector, 'spec.selector', lenientAs(old?.spec.selector))
  const labels = spec.template.metadata?.labels
  if (isValidSelector(spec.selector) && !matches(spec.selector, labels)) {
    yield invalid('spec.template.metadata.labels', sortedKeys(labels), '`selector` does not match template `labels`')
  }
}

/** ValidateJob: labels and selector are the generated ones, and pods get valid hostnames. A job older than the prefixed labels need not have them. */
export function* validateJob(job: Frozen<Job>, old?: Frozen<Job>): Iterable<FieldError> {
  const before = old?.spec.template.metadata?.labels ?? {}
  const prefixed = !old || PREFIXED_LABELS.every((label) => label in before)
  yield* validateGeneratedSelector(job, prefixed)
  yield* validateOwnSpec(job, old)
  const { metadata, spec } = job
  if (spec.completionMode !== 'Indexed' || !spec.completions || spec.completions <= 0) return
  const longest = `${metadata.name ?? ''}-${spec.completions - 1}`
  if (isDns1123Label(longest).length === 0) return
  yield invalid('metadata.name', metadata.name, `will not able to create pod with invalid DNS label: ${longest}`)
}

function* validateGeneratedSelector({ metadata, spec }: Frozen<Job>, prefixed: boolean): Iterable<FieldError> {
  if (spec.manualSelector || !spec.selector) return
  const { uid = '', name = '' } = metadata
  if (!uid) yield required('metadata.uid')
  const labels = spec.template.metadata?.labels ?? {}
  const expected: Record<string, string> = {}
  for (const [index, uidLabel] of CONTROLLER_UID_LABELS.entries()) {
    if (index > 0 && !prefixed) break
    yield* hasLabel(labels, uidLabel, uid)
    expected[uidLabel] = uid
    const nameLabel = JOB_NAME_LABELS[index]
    if (nameLabel === undefined) continue
    yield* hasLabel(labels, nameLabel, name)
    expected[nameLabel] = name
  }
  if (isValidSelector(spec.selector) && !matches(spec.selector, expected)) {
    yield invalid('spec.selector', internalForm(SELECTOR, spec.selector), '`selector` not auto-generated')
  }
}

function* hasLabel(labels: Readonly<Record<string, string>>, key: string, wanted: string): Iterable<FieldError> {
  const field = `spec.template.metadata.labels`
  const value = labels[key]
  if (value === undefined) yield required(`${field}[${key}]`, `must be '${wanted}'`)
  else if (value !== wanted) yield invalid(`${field}[${key}]`, sortedKeys(labels), `must be '${wanted}'`)
}

const MANAGED_BY_MAX = 63
const INDEXED_PARALLELISM_MAX = 100_000
const SOFT_COMPLETIONS = 100_000
const HIGH_PARALLELISM = 10_000
const HIGH_FAILED = 10_000

/** validateJobSpec; a CronJob's template obeys it too. */
export function* validateJobSpec(spec: Spec, path: string): Iterable<FieldError> {
  for (const field of [
    'parallelism',
    'completions',
    'activeDeadlineSeconds',
    'backoffLimit',
    'ttlSecondsAfterFinished',
    'backoffLimitPerIndex',
    'maxFailedIndexes',
  ] as const) {
    yield* nonNegative(`${path}.${field}`, spec[field])
  }
  if (spec.maxFailedIndexes !== undefined && spec.backoffLimitPerIndex === undefined) {
    yield required(`${path}.backoffLimitPerIndex`, 'when maxFailedIndexes is specified')
  }
  if (spec.managedBy !== undefined) {
    yield* domainPrefixedPath(`${path}.managedBy`, spec.managedBy)
    if (byteLength(spec.managedBy) > MANAGED_BY_MAX) yield tooLong(`${path}.managedBy`, MANAGED_BY_MAX)
  }
  yield* validateCompletionMode(spec, path)
  if (spec.podFailurePolicy) yield* validateFailurePolicy(spec, `${path}.podFailurePolicy`)
  if (spec.successPolicy) {
    const field = `${path}.successPolicy`
    if (spec.completionMode === 'Indexed') yield* validateSuccessPolicy(spec, field)
    else yield invalid(field, shownPolicy(spec.successPolicy), 'requires indexed completion mode')
  }
  yield* validateReplacement(spec, `${path}.podReplacementPolicy`)
  yield* validatePodTemplate(spec.template, `${path}.template`)
  yield* validateRestart(spec, `${path}.template.spec.restartPolicy`)
}

function* validateCompletionMode(spec: Spec, path: string): Iterable<FieldError> {
  const mode = spec.completionMode
  if (mode !== undefined && mode !== 'NonIndexed' && mode !== 'Indexed') {
    yield notSupported(`${path}.completionMode`, mode, ['NonIndexed', 'Indexed'])
  }
  if (mode === 'Indexed') return yield* validateIndexed(spec, path)
  if (mode !== undefined && mode !== 'NonIndexed') return
  for (const field of ['backoffLimitPerIndex', 'maxFailedIndexes'] as const) {
    if (spec[field] !== undefined) yield invalid(`${path}.${field}`, spec[field], 'requires indexed completion mode')
  }
}

function* validateIndexed(spec: Spec, path: string): Iterable<FieldError> {
  const { completions, parallelism = 0, maxFailedIndexes: failed } = spec
  const atMost = (max: number): string => `must be less than or equal to ${max}`
  if (completions === undefined) yield required(`${path}.completions`, 'when completion mode is Indexed')
  if (parallelism > INDEXED_PARALLELISM_MAX) {
    const text = `${atMost(INDEXED_PARALLELISM_MAX)} when completion mode is Indexed`
    yield invalid(`${path}.parallelism`, parallelism, text)
  }
  if (completions !== undefined && failed !== undefined && failed > completions) {
    yield invalid(`${path}.maxFailedIndexes`, failed, 'must be less than or equal to completions')
  }
  if (failed !== undefined && failed > SOFT_COMPLETIONS) {
    yield invalid(`${path}.maxFailedIndexes`, failed, atMost(SOFT_COMPLETIONS))
  }
  if (completions === undefined || completions <= SOFT_COMPLETIONS || spec.backoffLimitPerIndex === undefined) return
  if (failed === undefined) {
    const text = `must be specified when completions is above ${SOFT_COMPLETIONS}`
    yield required(`${path}.maxFailedIndexes`, text)
  }
  const when = `when completions are above ${SOFT_COMPLETIONS} and used with backoff limit per index`
  if (parallelism > HIGH_PARALLELISM) {
    yield invalid(`${path}.parallelism`, parallelism, `${atMost(HIGH_PARALLELISM)} ${when}`)
  }
  if (failed !== undefined && failed > HIGH_FAILED) {
    yield invalid(`${path}.maxFailedIndexes`, failed, `${atMost(HIGH_FAILED)} ${when}`)
  }
}

function* validateReplacement(
  { podReplacementPolicy: policy, podFailurePolicy }: Spec,
  field: string,
): Iterable<FieldError> {
  if (policy === undefined) return
  const allowed = podFailurePolicy ? ['Failed'] : ['Failed', 'TerminatingOrFailed']
  if (!allowed.includes(policy)) yield notSupported(field, policy, allowed)
}

function* validateRestart({ template, podFailurePolicy }: Spec, field: string): Iterable<FieldError> {
  const policy = template.spec.restartPolicy ?? ''
  if (policy === 'Always' || policy === '') yield required(field, 'valid values: "OnFailure", "Never"')
  else if (policy !== 'OnFailure' && policy !== 'Never') yield notSupported(field, policy, ['OnFailure', 'Never'])
  else if (podFailurePolicy && policy !== 'Never') {
    yield invalid(field, policy, 'only "Never" is supported when podFailurePolicy is specified')
  }
}

const SELECTOR = 'io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelector'
const PREFIXED_LABELS = ['batch.kubernetes.io/job-name', 'batch.kubernetes.io/controller-uid']

const MODELS: Readonly<Record<string, string>> = {
  podFailurePolicy: 'io.k8s.api.batch.v1.PodFailurePolicy',
  successPolicy: 'io.k8s.api.batch.v1.SuccessPolicy',
}

/** The strategy's ValidateUpdate: ValidateJob and ValidateJobUpdate both look at the spec, whose causes come twice. */
export function* validateJobUpdate(job: Frozen<Job>, old: Frozen<Job>): Iterable<FieldError> {
  yield* validateJob(job, old)
  yield* validateOwnSpec(job, old)
  yield* validateJobChanges(job, old)
}

/** What of a Job may not change. */
export function* validateJobChanges({ spec }: Frozen<Job>, old: Frozen<Job>): Iterable<FieldError> {
  yield* validateCompletions(spec, old.spec)
  yield* immutableSelector('spec.selector', spec.selector, old.spec.selector)
  yield* validateTemplateUpdate(spec, old)
  for (const field of [
    'completionMode',
    'podFailurePolicy',
    'backoffLimitPerIndex',
    'managedBy',
    'successPolicy',
  ] as const) {
    yield* immutableField(`spec.${field}`, spec[field], old.spec[field], MODELS[field])
  }
}

/** An indexed Job is elastic: completions and parallelism may change together (KEP-3715). */
function* validateCompletions(spec: Spec, old: Spec): Iterable<FieldError> {
  const { completions } = spec
  if (spec.completionMode !== 'Indexed' || completions === undefined) {
    return yield* immutableField('spec.completions', completions, old.completions)
  }
  if (completions !== old.completions && completions !== spec.parallelism) {
    yield invalid('spec.completions', completions, 'can only be modified in tandem with spec.parallelism')
  }
}

const TEMPLATE = 'io.k8s.api.core.v1.PodTemplateSpec'

type Template = Frozen<PodTemplateSpec>

/** A Job that is suspended, and whose pods are gone, may be told where, and with what resources, to run (KEP-2926, KEP-5440). */
function* validateTemplateUpdate(spec: Spec, old: Frozen<Job>): Iterable<FieldError> {
  const { conditions, active = 0 } = old.status ?? {}
  if (old.spec.suspend !== true || !isConditionTrue(conditions, 'Suspended') || active !== 0) {
    return yield* immutableField('spec.template', spec.template, old.spec.template, TEMPLATE)
  }
  const resized = withResources(withScheduling(old.spec.template, spec.template), spec.template)
  yield* immutableField('spec.template.spec', spec.template.spec, resized.spec, 'io.k8s.api.core.v1.PodSpec')
}

function withScheduling(old: Template, now: Template): Template {
  const { nodeSelector: _, tolerations: __, schedulingGates: ___, affinity, ...rest } = old.spec
  const { nodeSelector, tolerations, schedulingGates } = now.spec
  const { nodeAffinity: ____, ...others } = affinity ?? {}
  const nodeAffinity = now.spec.affinity?.nodeAffinity
  const merged = { ...others, ...(nodeAffinity && { nodeAffinity }) }
  return {
    ...now,
    spec: {
      ...rest,
      ...(nodeSelector && { nodeSelector }),
      ...(tolerations && { tolerations }),
      ...(schedulingGates && { schedulingGates }),
      ...(Object.keys(merged).length > 0 && { affinity: merged }),
    },
  }
}

function withResources(old: Template, now: Template): Template {
  const resize = (field: 'containers' | 'initContainers'): typeof old.spec.containers | undefined => {
    const before = old.spec[field]
    const after = now.spec[field]
    if (before?.length !== after?.length) return before
    return before?.map((container, index) => {
      const { name, resources } = after?.[index] ?? {}
      if (name !== container.name) return container
      const { resources: _, ...rest } = container
      return resources ? { ...rest, resources } : rest
    })
  }
  const initContainers = resize('initContainers')
  const containers = resize('containers') ?? []
  return { ...old, spec: { ...old.spec, containers, ...(initContainers && { initContainers }) } }
}

/** As upstream's own form of a policy prints. */
const shownPolicy = ({ rules }: Frozen<SuccessPolicy>): object => ({
  Rules:
    rules?.map(({ succeededIndexes, succeededCount }) => ({
      SucceededIndexes: succeededIndexes ?? null,
      SucceededCount: succeededCount ?? null,
    })) ?? null,
})
