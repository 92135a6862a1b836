import type { Frozen } from '../apimachinery/meta.ts'
import { duplicate, type FieldError, invalid, notSupported, required, tooLong } from '../apimachinery/status.ts'
import { validateLabelName } from '../apimachinery/validation/meta.ts'
import { byteLength, regexMessage } from '../apimachinery/validation/names.ts'
import type { Condition } from './generated/types/meta/v1.ts'

const REASON = '[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?'
const REASON_FORMAT = new RegExp(`^${REASON}$`)
const REASON_PROBLEM = regexMessage(
  "a condition reason must start with alphabetic character, optionally followed by a string of alphanumeric characters or '_,:', and must end with an alphanumeric character or '_'",
  REASON,
  'my_name',
  'MY_NAME',
  'MyName',
  'ReasonA,ReasonB',
  'ReasonA:ReasonB',
)
const MAX_REASON = 1024
const MAX_MESSAGE = 32 * 1024

/** ValidateConditions, for statuses that hold metav1.Condition. */
export function* validateConditions(
  conditions: readonly Frozen<Condition>[] | undefined,
  path: string,
): Iterable<FieldError> {
  const seen = new Set<string>()
  for (const [index, condition] of (conditions ?? []).entries()) {
    const at = `${path}[${index}]`
    if (seen.has(condition.type)) yield duplicate(`${at}.type`, condition.type)
    seen.add(condition.type)
    yield* validateCondition(condition, at)
  }
}

function* validateCondition(condition: Frozen<Condition>, at: string): Iterable<FieldError> {
  const { type, status, observedGeneration = 0, lastTransitionTime, reason, message } = condition
  yield* validateLabelName(type, `${at}.type`)
  const known = ['False', 'True', 'Unknown']
  if (!known.includes(status)) yield notSupported(`${at}.status`, status, known)
  if (observedGeneration < 0) {
    yield invalid(`${at}.observedGeneration`, observedGeneration, 'must be greater than or equal to zero')
  }
  if (!lastTransitionTime) yield required(`${at}.lastTransitionTime`)
  if (!reason) yield required(`${at}.reason`)
  else {
    if (!REASON_FORMAT.test(reason)) yield invalid(`${at}.reason`, reason, REASON_PROBLEM)
    if (byteLength(reason) > MAX_REASON) yield tooLong(`${at}.reason`, MAX_REASON)
  }
  if (byteLength(message) > MAX_MESSAGE) yield tooLong(`${at}.message`, MAX_MESSAGE)
}
