import { stringifyJson } from '../../../apimachinery/codec/json/encode.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'
import { type FieldError, invalid, required, tooLong } from '../../../apimachinery/status.ts'
import { byteLength } from '../../../apimachinery/validation/names.ts'
import { validateDriverName } from '../../core/v1/pod-spec/attached-sources.ts'
import type { DeviceConfiguration, DeviceSelector } from '../../generated/types/resource/v1.ts'
import { validateItems } from './lists.ts'

/** The most configurations of one kind. */
export const CONFIGS = 32

const SELECTORS = 32
const MAX_EXPRESSION = 10 * 1024
const MAX_PARAMETERS = 10 * 1024

/** Which devices; what expressions say is not looked at. */
export const validateSelectors = (selectors: readonly Frozen<DeviceSelector>[], path: string): Iterable<FieldError> =>
  validateItems(selectors, SELECTORS, validateSelector, path)

function* validateSelector({ cel }: Frozen<DeviceSelector>, path: string): Iterable<FieldError> {
  if (!cel) yield required(`${path}.cel`)
  else if (byteLength(cel.expression) > MAX_EXPRESSION) yield tooLong(`${path}.cel.expression`, MAX_EXPRESSION)
}

/** What a driver is told. */
export function* validateConfiguration({ opaque }: Frozen<DeviceConfiguration>, path: string): Iterable<FieldError> {
  if (!opaque) return yield required(`${path}.opaque`)
  yield* validateDriverName(`${path}.opaque.driver`, opaque.driver)
  yield* validateRaw(opaque.parameters, MAX_PARAMETERS, `${path}.opaque.parameters`)
}

/** JSON of a driver's own: an object, and not too long. */
export function* validateRaw(value: unknown, max: number, path: string): Iterable<FieldError> {
  if (value === undefined || value === null) yield required(path)
  else if (byteLength(stringifyJson(value)) > max) yield tooLong(path, max)
  else if (typeof value !== 'object' || Array.isArray(value)) {
    yield invalid(path, '<value omitted>', 'must be a valid JSON object')
  }
}
