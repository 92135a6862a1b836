import { validateLabelSelector } from '../../../../apimachinery/labels/label-selector.ts'
import type { Frozen } from '../../../../apimachinery/meta.ts'
import {
  duplicate,
  type FieldError,
  invalid,
  notSupported,
  ratcheted,
  required,
} from '../../../../apimachinery/status.ts'
import { supported } from '../../../checks.ts'
import type { TopologySpreadConstraint } from '../../../generated/types/core/v1.ts'
import { validateMatchLabelKeys } from './affinity.ts'

const ACTIONS = ['DoNotSchedule', 'ScheduleAnyway']
const POLICIES = ['Honor', 'Ignore']

/** validateTopologySpreadConstraints. */
export function* validateTopologySpread(
  constraints: readonly Frozen<TopologySpreadConstraint>[],
  path: string,
): Iterable<FieldError> {
  for (const [index, constraint] of constraints.entries()) {
    const at = `${path}[${index}]`
    const { topologyKey, whenUnsatisfiable: action, minDomains } = constraint
    if (constraint.maxSkew <= 0) yield invalid(`${at}.maxSkew`, constraint.maxSkew, 'must be greater than zero')
    if (!topologyKey) yield required(`${at}.topologyKey`, 'can not be empty')
    if (!ACTIONS.includes(action)) yield notSupported(`${at}.whenUnsatisfiable`, action, ACTIONS)
    const repeated = constraints
      .slice(index + 1)
      .some((other) => other.topologyKey === topologyKey && other.whenUnsatisfiable === action)
    if (repeated) yield duplicate(`${at}.{topologyKey, whenUnsatisfiable}`, `{${topologyKey}, ${action}}`)
    if (minDomains !== undefined && minDomains <= 0) {
      yield invalid(`${at}.minDomains`, minDomains, 'must be greater than zero')
    }
    if (minDomains !== undefined && action !== 'DoNotSchedule') {
      const text = `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${action}`
      yield invalid(`${at}.minDomains`, minDomains, text)
    }
    yield* supported(`${at}.nodeAffinityPolicy`, constraint.nodeAffinityPolicy, POLICIES)
    yield* supported(`${at}.nodeTaintsPolicy`, constraint.nodeTaintsPolicy, POLICIES)
    yield* ratcheted('keys of spread pods', validateMatchLabelKeys(constraint, at))
    yield* ratcheted('selectors of spread pods', validateLabelSelector(constraint.labelSelector, `${at}.labelSelector`))
  }
}
