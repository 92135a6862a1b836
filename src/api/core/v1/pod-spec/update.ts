import { semanticEqual } from '../../../../apimachinery/equality.ts'
import type { Frozen } from '../../../../apimachinery/meta.ts'
import { type FieldError, fieldForbidden, invalid, required } from '../../../../apimachinery/status.ts'
import { inclusiveRange } from '../../../checks.ts'
import type { Container, NodeSelectorTerm, PodSpec } from '../../../generated/types/core/v1.ts'
import { validateImageSpaces } from './containers.ts'
import { APP_ARMOR_PREFIX, MIRROR_ANNOTATION } from './annotations.ts'
import { difference } from '../../../internal-form.ts'
import { validateAddedTolerations } from './tolerations.ts'

const MAX_INT32 = 2_147_483_647

type Annotations = Readonly<Record<string, string>>

/** ValidatePodSpecificAnnotationUpdates. */
export function* validateAnnotationUpdate(now: Annotations, old: Annotations): Iterable<FieldError> {
  for (const [key, value] of Object.entries(old)) {
    if (now[key] === value) continue
    const field = `metadata.annotations[${key}]`
    if (key.startsWith(APP_ARMOR_PREFIX)) {
      yield fieldForbidden(field, 'may not remove or update AppArmor annotations')
    } else if (key === MIRROR_ANNOTATION) {
      yield fieldForbidden(field, 'may not remove or update mirror pod annotation')
    }
  }
  for (const key of Object.keys(now)) {
    if (key in old) continue
    const field = `metadata.annotations[${key}]`
    if (key.startsWith(APP_ARMOR_PREFIX)) yield fieldForbidden(field, 'may not add AppArmor annotations')
    else if (key === MIRROR_ANNOTATION) yield fieldForbidden(field, 'may not add mirror pod annotation')
  }
}

const UPDATABLE = [
  '`spec.containers[*].image`',
  '`spec.initContainers[*].image`',
  '`spec.activeDeadlineSeconds`',
  '`spec.tolerations` (only additions to existing tolerations)',
  '`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)',
]

/** What of a pod may change, and how (the spec's part of ValidatePodUpdate). */
export function* validateSpecUpdate(spec: Frozen<PodSpec>, old: Frozen<PodSpec>): Iterable<FieldError> {
  for (const field of ['containers', 'initContainers'] as const) {
    const { length } = spec[field] ?? []
    if (length !== (old[field] ?? []).length) {
      return yield fieldForbidden(`spec.${field}`, 'pod updates may not add or remove containers')
    }
    for (const [index, container] of (spec[field] ?? []).entries()) {
      const at = `spec.${field}[${index}]`
      if (!container.image) yield required(`${at}.image`)
      yield* validateImageSpaces(container, at)
    }
  }
  const deadline = validateDeadline(spec.activeDeadlineSeconds, old.activeDeadlineSeconds)
  yield* deadline
  if (deadline.length > 0 && spec.activeDeadlineSeconds !== undefined) return
  yield* validateAddedTolerations(spec.tolerations ?? [], old.tolerations ?? [], 'spec.tolerations')
  yield* validateRemovedGates(spec, old)
  if (semanticEqual(spec, old)) return
  const munged = withAllowedFrom(spec, old)
  if ((old.schedulingGates ?? []).length > 0) yield* allowScheduling(munged, spec, old)
  if (semanticEqual(munged, old)) return
  const text = `pod updates may not change fields other than ${UPDATABLE.join(',')}`
  yield fieldForbidden('spec', `${text}\n${difference('io.k8s.api.core.v1.PodSpec', old, munged)}`)
}

function validateDeadline(now: number | undefined, old: number | undefined): FieldError[] {
  const field = 'spec.activeDeadlineSeconds'
  if (now === undefined) {
    return old === undefined ? [] : [invalid(field, now, 'must not update from a positive integer to nil value')]
  }
  if (now < 0 || now > MAX_INT32) return [invalid(field, now, inclusiveRange(0, MAX_INT32))]
  return old !== undefined && old < now ? [invalid(field, now, 'must be less than or equal to previous value')] : []
}

function* validateRemovedGates(spec: Frozen<PodSpec>, old: Frozen<PodSpec>): Iterable<FieldError> {
  const before = new Set((old.schedulingGates ?? []).map(({ name }) => name))
  for (const [index, { name }] of (spec.schedulingGates ?? []).entries()) {
    if (before.has(name)) continue
    const text = `only deletion is allowed, but found new scheduling gate '${name}'`
    yield fieldForbidden(`spec.schedulingGates[${index}].name`, text)
  }
}

type Munged = { -readonly [K in keyof PodSpec]: Frozen<PodSpec>[K] }

/** The new spec with what may change set back to what it was; any difference that is left is refused. */
function withAllowedFrom(spec: Frozen<PodSpec>, old: Frozen<PodSpec>): Munged {
  const munged: Munged = { ...spec, containers: withImages(spec.containers, old.containers) ?? [] }
  assign(munged, 'initContainers', withImages(spec.initContainers, old.initContainers))
  for (const field of ['activeDeadlineSeconds', 'schedulingGates', 'tolerations'] as const) {
    assign(munged, field, old[field])
  }
  const grace = old.terminationGracePeriodSeconds
  if (grace !== undefined && grace < 0 && spec.terminationGracePeriodSeconds === 1) {
    munged.terminationGracePeriodSeconds = grace
  }
  return munged
}

function assign<K extends keyof PodSpec>(munged: Munged, field: K, value: Munged[K] | undefined): void {
  if (value === undefined) delete munged[field]
  else munged[field] = value
}

function withImages(
  containers: readonly Frozen<Container>[] | undefined,
  old: readonly Frozen<Container>[] | undefined,
): readonly Frozen<Container>[] | undefined {
  return containers?.map((container, index) => {
    const { image: _, ...rest } = container
    const image = old?.[index]?.image
    return image === undefined ? rest : { ...rest, image }
  })
}

/** A gated pod may still become pickier about nodes (KEP-3838). */
function* allowScheduling(munged: Munged, spec: Frozen<PodSpec>, old: Frozen<PodSpec>): Iterable<FieldError> {
  if (!semanticEqual(spec.nodeSelector, old.nodeSelector)) {
    for (const [key, value] of Object.entries(old.nodeSelector ?? {})) {
      if (spec.nodeSelector?.[key] === value) continue
      const text = 'only additions to spec.nodeSelector are allowed (no mutations or deletions)'
      yield invalid('spec.nodeSelector', spec.nodeSelector, text)
    }
    assign(munged, 'nodeSelector', old.nodeSelector)
  }
  if (semanticEqual(spec.affinity?.nodeAffinity, old.affinity?.nodeAffinity)) return
  yield* validateNodeAffinityMutation(spec, old)
  const { nodeAffinity: _, ...others } = spec.affinity ?? {}
  const before = old.affinity?.nodeAffinity
  assign(munged, 'affinity', before ? { ...others, nodeAffinity: before } : others)
}

function* validateNodeAffinityMutation(spec: Frozen<PodSpec>, old: Frozen<PodSpec>): Iterable<FieldError> {
  const field = 'spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms'
  const termsOf = ({ affinity }: Frozen<PodSpec>): readonly Frozen<NodeSelectorTerm>[] =>
    affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? []
  const before = termsOf(old)
  const now = termsOf(spec)
  if (before.length > 0 && before.length !== now.length) {
    const text = 'no additions/deletions to non-empty NodeSelectorTerms list are allowed'
    return yield invalid(field, now, text)
  }
  for (const [index, term] of before.entries()) {
    const added = now[index]
    if (added && onlyAdds(added, term)) continue
    yield invalid(`${field}[${index}]`, added, 'only additions are allowed (no mutations or deletions)')
  }
}

function onlyAdds(now: Frozen<NodeSelectorTerm>, old: Frozen<NodeSelectorTerm>): boolean {
  const expressions = old.matchExpressions ?? []
  const fields = old.matchFields ?? []
  if (expressions.length + fields.length === 0) {
    return (now.matchExpressions ?? []).length + (now.matchFields ?? []).length === 0
  }
  return (
    semanticEqual((now.matchExpressions ?? []).slice(0, expressions.length), expressions) &&
    semanticEqual((now.matchFields ?? []).slice(0, fields.length), fields)
  )
}
