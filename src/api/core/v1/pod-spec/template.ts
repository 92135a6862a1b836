import type { LabelSelector } from '../../../../apimachinery/labels/label-selector.ts'
import { matches, validateLabelSelector } from '../../../../apimachinery/labels/label-selector.ts'
import type { Frozen } from '../../../../apimachinery/meta.ts'
import { type FieldError, fieldForbidden, invalid, notSupported } from '../../../../apimachinery/status.ts'
import { sortedKeys } from '../../../checks.ts'
import { validateAnnotations, validateLabels } from '../../../../apimachinery/validation/meta.ts'
import type { PodTemplateSpec } from '../../../generated/types/core/v1.ts'
import { validatePodAnnotations, validateProfilesAgree } from './annotations.ts'
import { validatePodSpec } from './validate.ts'

/** ValidatePodTemplateSpec. */
export function* validatePodTemplate(template: Frozen<PodTemplateSpec>, path: string): Iterable<FieldError> {
  const { metadata = {}, spec } = template
  yield* validateTemplateMetadata(template, path)
  yield* validatePodSpec(spec, `${path}.spec`, { isPod: false })
  yield* validateProfilesAgree(metadata, spec, `${path}.spec`)
  if ((spec.ephemeralContainers ?? []).length > 0) {
    yield fieldForbidden(`${path}.spec.ephemeralContainers`, 'ephemeral containers not allowed in pod template')
  }
}

function* validateTemplateMetadata(
  { metadata = {}, spec }: Frozen<PodTemplateSpec>,
  path: string,
): Iterable<FieldError> {
  yield* validateLabels(metadata.labels, `${path}.labels`)
  yield* validateAnnotations(metadata.annotations, `${path}.annotations`)
  yield* validatePodAnnotations(metadata.annotations, spec, `${path}.annotations`)
}

/** The template of a workload that keeps pods running: selected, and restarted for ever. */
export function* validateRunningTemplate(
  template: Frozen<PodTemplateSpec>,
  selector: Frozen<LabelSelector> | undefined,
  path: string,
  kind: 'DaemonSet' | 'Deployment' | 'ReplicaSet' | 'ReplicationController' | 'StatefulSet',
  lax = false,
): Iterable<FieldError> {
  yield* validateSelected(template, selector, `${path}.metadata.labels`)
  if (!lax) yield* validatePodTemplate(template, path)
  // Upstream says it twice.
  if (kind === 'StatefulSet') yield* validateTemplateMetadata(template, path)
  const { restartPolicy = '', activeDeadlineSeconds } = template.spec
  if (restartPolicy !== 'Always') yield notSupported(`${path}.spec.restartPolicy`, restartPolicy, ['Always'])
  if (activeDeadlineSeconds != null) {
    const text = `activeDeadlineSeconds in ${kind} is not Supported`
    yield fieldForbidden(`${path}.spec.activeDeadlineSeconds`, text)
  }
}

/** An empty selector is refused elsewhere. */
function validateSelected(
  { metadata }: Frozen<PodTemplateSpec>,
  selector: Frozen<LabelSelector> | undefined,
  field: string,
): FieldError[] {
  if ((selector && isEmptySelector(selector)) || matches(selector, metadata?.labels)) return []
  return [invalid(field, sortedKeys(metadata?.labels), '`selector` does not match template `labels`')]
}

/** Whether a selector can be told apart from nonsense; an absent one can, and selects nothing. */
export const isValidSelector = (selector: Frozen<LabelSelector> | undefined): boolean =>
  validateLabelSelector(selector, '').length === 0

/** A selector as upstream prints it in messages. */
export const shownSelector = (selector: Frozen<LabelSelector> | undefined): object | undefined =>
  selector && {
    ...(selector.matchLabels && { matchLabels: sortedKeys(selector.matchLabels) }),
    ...(selector.matchExpressions && {
      matchExpressions: selector.matchExpressions.map(({ key, operator, values }) => ({
        key,
        operator,
        ...(values && { values }),
      })),
    }),
  }

/** Selects everything. */
export function isEmptySelector({ matchLabels, matchExpressions }: Frozen<LabelSelector>): boolean {
  return Object.keys(matchLabels ?? {}).length + (matchExpressions ?? []).length === 0
}
