import { semanticEqual } from '../../../../apimachinery/equality.ts'
import type { Frozen } from '../../../../apimachinery/meta.ts'
import { type FieldError, fieldForbidden, invalid, notSupported } from '../../../../apimachinery/status.ts'
import { validateLabelName } from '../../../../apimachinery/validation/meta.ts'
import { isLabelValue } from '../../../../apimachinery/validation/names.ts'
import type { Toleration } from '../../../generated/types/core/v1.ts'

/** What a taint may do. */
export const TAINT_EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute']

/** ValidateTolerations. */
export function* validateTolerations(tolerations: readonly Frozen<Toleration>[], path: string): Iterable<FieldError> {
  for (const [index, toleration] of tolerations.entries()) {
    const at = `${path}[${index}]`
    const { key, operator = '', value = '', effect = '', tolerationSeconds } = toleration
    if (key) yield* validateLabelName(key, `${at}.key`)
    else if (operator !== 'Exists') {
      const text = 'operator must be Exists when `key` is empty, which means "match all values and all keys"'
      yield invalid(`${at}.operator`, operator, text)
    }
    if (tolerationSeconds !== undefined && effect !== 'NoExecute') {
      yield invalid(`${at}.effect`, effect, "effect must be 'NoExecute' when `tolerationSeconds` is set")
    }
    yield* validateOperator(operator, value, `${at}.operator`)
    if (effect && !TAINT_EFFECTS.includes(effect)) yield notSupported(`${at}.effect`, effect, TAINT_EFFECTS)
  }
}

function* validateOperator(operator: string, value: string, field: string): Iterable<FieldError> {
  switch (operator) {
    case '':
    case 'Equal': {
      const wrong = isLabelValue(value)
      if (wrong.length > 0) yield invalid(field, value, wrong.join(';'))
      break
    }
    case 'Exists':
      if (value) yield invalid(field, value, "value must be empty when `operator` is 'Exists'")
      break
    case 'Lt':
    case 'Gt':
      // The feature gate TaintTolerationComparisonOperators is off in 1.36.
      yield notSupported(field, operator, ['Equal', 'Exists', 'Lt', 'Gt'])
      break
    default:
      yield notSupported(field, operator, ['Equal', 'Exists'])
  }
}

/** validateOnlyAddedTolerations: old ones stay, but for how long they last. */
export function* validateAddedTolerations(
  tolerations: readonly Frozen<Toleration>[],
  old: readonly Frozen<Toleration>[],
  path: string,
): Iterable<FieldError> {
  const withoutSeconds = (toleration: Frozen<Toleration>): unknown => ({ ...toleration, tolerationSeconds: undefined })
  for (const before of old) {
    if (!tolerations.some((now) => semanticEqual(withoutSeconds(now), withoutSeconds(before)))) {
      return yield fieldForbidden(path, 'existing toleration can not be modified except its tolerationSeconds')
    }
  }
  yield* validateTolerations(tolerations, path)
}
