import type { Frozen } from '../../../apimachinery/meta.ts'
import { duplicate, type FieldError, invalid } from '../../../apimachinery/status.ts'
import { validateLabelName } from '../../../apimachinery/validation/meta.ts'
import type { Device } from '../../generated/types/resource/v1.ts'
import { validateItems } from './lists.ts'

const MAX = 4

/** Conditions that a pod waits for before it is bound, and those that tell that it waits in vain: both or neither. */
export function* validateBindingConditions(
  device: Pick<Frozen<Device>, 'bindingConditions' | 'bindingFailureConditions'>,
  path: string,
): Iterable<FieldError> {
  const { bindingConditions: good = [], bindingFailureConditions: bad = [] } = device
  const [goodPath, badPath] = [`${path}.bindingConditions`, `${path}.bindingFailureConditions`]
  yield* validateItems(good, MAX, validateLabelName, goodPath)
  yield* validateItems(bad, MAX, validateLabelName, badPath)
  for (const [index, condition] of good.entries()) {
    if (good.indexOf(condition) < index) yield duplicate(`${goodPath}[${index}]`, condition)
  }
  for (const [index, condition] of bad.entries()) {
    const field = `${badPath}[${index}]`
    if (bad.indexOf(condition) < index) yield duplicate(field, condition)
    if (good.includes(condition)) {
      yield invalid(field, condition, 'bindingFailureConditions must not overlap with bindingConditions')
    }
  }
  if (good.length === 0 && bad.length > 0) {
    yield invalid(goodPath, device.bindingConditions, 'bindingConditions are required to use bindingFailureConditions')
  }
  if (bad.length === 0 && good.length > 0) {
    yield invalid(
      badPath,
      device.bindingFailureConditions,
      'bindingFailureConditions are required to use bindingConditions',
    )
  }
}
