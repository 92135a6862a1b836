import { semanticEqual } from '../../../apimachinery/equality.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'
import { type FieldError, fieldForbidden, invalid, tooLong } from '../../../apimachinery/status.ts'
import { byteLength, isConfigMapKey } from '../../../apimachinery/validation/names.ts'
import { problems } from '../../checks.ts'
import { base64Length } from './base64.ts'
import { ageColumn, nameColumn, text } from '../../columns.ts'
import { defineResource } from '../../define.ts'
import type { ConfigMap } from '../../generated/types/core/v1.ts'

/** Everything the system knows about ConfigMap. */
export const configMaps = defineResource<ConfigMap>({
  group: '',
  version: 'v1',
  kind: 'ConfigMap',
  plural: 'configmaps',
  shortNames: ['cm'],
  scope: 'Namespaced',
  storagePrefix: '/registry/configmaps',
  schema: 'io.k8s.api.core.v1.ConfigMap',
  validateCreate: validateConfigMap,
  *validateUpdate(configMap, old) {
    if (old.immutable) yield* validateUnchanged(configMap, old, ['data', 'binaryData'])
    yield* validateConfigMap(configMap)
  },
  columns: [
    nameColumn,
    text('Data', ({ data, binaryData }) => Object.keys(data ?? {}).length + Object.keys(binaryData ?? {}).length),
    ageColumn,
  ],
})

/** What the data of a ConfigMap or Secret may come to, in bytes. */
export const MAX_DATA_BYTES = 1024 * 1024

function* validateConfigMap({ data = {}, binaryData = {} }: Frozen<ConfigMap>): Iterable<FieldError> {
  let total = 0
  for (const [key, value] of Object.entries(data)) {
    yield* problems(`data[${key}]`, key, isConfigMapKey(key))
    if (key in binaryData) yield invalid(`data[${key}]`, key, 'duplicate of key present in binaryData')
    total += byteLength(value)
  }
  for (const [key, value] of Object.entries(binaryData)) {
    yield* problems(`binaryData[${key}]`, key, isConfigMapKey(key))
    total += base64Length(value)
  }
  if (total > MAX_DATA_BYTES) yield tooLong('[]', MAX_DATA_BYTES)
}

interface MaybeImmutable {
  readonly immutable?: boolean
  readonly data?: unknown
  readonly binaryData?: unknown
}

/** Once immutable, always immutable, and with the same data. */
export function* validateUnchanged(
  now: MaybeImmutable,
  old: MaybeImmutable,
  fields: readonly ('data' | 'binaryData')[],
): Iterable<FieldError> {
  const text = 'field is immutable when `immutable` is set'
  if (!now.immutable) yield fieldForbidden('immutable', text)
  for (const field of fields) if (!semanticEqual(now[field], old[field])) yield fieldForbidden(field, text)
}
