import { type LabelSelector, validateSelectorRatcheted } from '../../../../apimachinery/labels/label-selector.ts'
import type { Frozen } from '../../../../apimachinery/meta.ts'
import { type FieldError, fieldForbidden, invalid, required } from '../../../../apimachinery/status.ts'
import { validateLabelName } from '../../../../apimachinery/validation/meta.ts'
import { nameIsDnsLabel } from '../../../../apimachinery/validation/names.ts'
import { problems } from '../../../checks.ts'
import type { Affinity, NodeAffinity, PodAffinity, PodAffinityTerm } from '../../../generated/types/core/v1.ts'
import { validateNodeSelector, validateNodeSelectorTerm } from './node-selector.ts'

const REQUIRED = 'requiredDuringSchedulingIgnoredDuringExecution'
const PREFERRED = 'preferredDuringSchedulingIgnoredDuringExecution'

/** validateAffinity. */
export function* validateAffinity(affinity: Frozen<Affinity> | undefined, path: string): Iterable<FieldError> {
  if (affinity?.nodeAffinity) yield* validateNodeAffinity(affinity.nodeAffinity, `${path}.nodeAffinity`)
  if (affinity?.podAffinity) yield* validatePodAffinity(affinity.podAffinity, `${path}.podAffinity`)
  if (affinity?.podAntiAffinity) yield* validatePodAffinity(affinity.podAntiAffinity, `${path}.podAntiAffinity`)
}

const weight = (field: string, value: number): FieldError[] =>
  value <= 0 || value > 100 ? [invalid(field, value, 'must be in the range 1-100')] : []

function* validateNodeAffinity(affinity: Frozen<NodeAffinity>, path: string): Iterable<FieldError> {
  const needed = affinity[REQUIRED]
  if (needed) yield* validateNodeSelector(needed, `${path}.${REQUIRED}`)
  for (const [index, term] of (affinity[PREFERRED] ?? []).entries()) {
    const at = `${path}.${PREFERRED}[${index}]`
    yield* weight(`${at}.weight`, term.weight)
    yield* validateNodeSelectorTerm(term.preference, `${at}.preference`, false)
  }
}

function* validatePodAffinity(affinity: Frozen<PodAffinity>, path: string): Iterable<FieldError> {
  for (const [index, term] of (affinity[REQUIRED] ?? []).entries()) {
    yield* validateTerm(term, `${path}.${REQUIRED}[${index}]`)
  }
  for (const [index, term] of (affinity[PREFERRED] ?? []).entries()) {
    const at = `${path}.${PREFERRED}[${index}]`
    yield* weight(`${at}.weight`, term.weight)
    yield* validateTerm(term.podAffinityTerm, `${at}.podAffinityTerm`)
  }
}

const VALUES = 'values of affinity'

function* validateTerm(term: Frozen<PodAffinityTerm>, path: string): Iterable<FieldError> {
  yield* validateSelectorRatcheted(VALUES, term.labelSelector, `${path}.labelSelector`)
  yield* validateSelectorRatcheted(VALUES, term.namespaceSelector, `${path}.namespaceSelector`)
  for (const name of term.namespaces ?? []) {
    yield* problems(`${path}.namespace`, name, nameIsDnsLabel(name, false))
  }
  yield* validateMatchLabelKeys(term, path)
  if (!term.topologyKey) yield required(`${path}.topologyKey`, 'can not be empty')
  yield* validateLabelName(term.topologyKey, `${path}.topologyKey`)
}

interface LabelKeys {
  readonly labelSelector?: Frozen<LabelSelector>
  readonly matchLabelKeys?: readonly string[]
  readonly mismatchLabelKeys?: readonly string[]
}

/**
 * ValidateMatchLabelKeysAndMismatchLabelKeys. After creation each key is part of the selector as one expression; a
 * second one, or a label, would be the user's.
 */
export function* validateMatchLabelKeys(term: LabelKeys, path: string): Iterable<FieldError> {
  const { labelSelector, matchLabelKeys = [], mismatchLabelKeys = [] } = term
  yield* validateKeys(matchLabelKeys, labelSelector, `${path}.matchLabelKeys`)
  yield* validateKeys(mismatchLabelKeys, labelSelector, `${path}.mismatchLabelKeys`)
  const seen = new Set(Object.keys(labelSelector?.matchLabels ?? {}))
  for (const { key } of labelSelector?.matchExpressions ?? []) {
    const index = matchLabelKeys.lastIndexOf(key)
    if (index >= 0 && seen.has(key)) {
      yield invalid(`${path}[${index}]`, key, 'exists in both matchLabelKeys and labelSelector')
    }
    seen.add(key)
  }
  for (const [index, key] of matchLabelKeys.entries()) {
    if (mismatchLabelKeys.includes(key)) {
      const text = 'exists in both matchLabelKeys and mismatchLabelKeys'
      yield invalid(`${path}.matchLabelKeys[${index}]`, key, text)
    }
  }
}

function* validateKeys(keys: readonly string[], selector: unknown, path: string): Iterable<FieldError> {
  if (keys.length === 0) return
  if (!selector) return yield fieldForbidden(path, 'must not be specified when labelSelector is not set')
  for (const [index, key] of keys.entries()) yield* validateLabelName(key, `${path}[${index}]`)
}
