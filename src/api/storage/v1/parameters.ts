import { type FieldError, invalid, required, tooLong } from '../../../apimachinery/status.ts'
import { byteLength } from '../../../apimachinery/validation/names.ts'
import { qualifiedName } from '../../checks.ts'

const MAX_COUNT = 512
const MAX_BYTES = 256 * 1024

/** The bytes of all keys and values. */
export const mapBytes = (map: Readonly<Record<string, string>>): number =>
  Object.entries(map).reduce((sum, [key, value]) => sum + byteLength(key) + byteLength(value), 0)

/** Parameters of a driver. */
export function* validateParameters(
  parameters: Readonly<Record<string, string>> = {},
  path: string,
): Iterable<FieldError> {
  if (Object.keys(parameters).length > MAX_COUNT) yield tooLong(path, MAX_COUNT)
  if ('' in parameters) yield invalid(path, '', 'field can not be empty.')
  if (mapBytes(parameters) > MAX_BYTES) yield tooLong(path, MAX_BYTES)
}

/** The name of a driver, in any case. */
export function* validateProvisioner(name: string, path: string): Iterable<FieldError> {
  if (!name) yield required(path)
  else yield* qualifiedName(path, name.toLowerCase())
}
