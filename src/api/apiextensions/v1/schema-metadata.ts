import type { Frozen } from '../../../apimachinery/meta.ts'
import { type FieldError, fieldForbidden, invalid } from '../../../apimachinery/status.ts'
import type { JSONSchemaProps } from '../../generated/types/apiextensions/v1.ts'

type Schema = Frozen<JSONSchemaProps>

/** kind, apiVersion and metadata of the root, and of what is a whole object inside another. */
export function* validateMetadataSchema(
  properties: Readonly<Record<string, Schema>>,
  isRoot: boolean,
  embeds: boolean,
  path: string,
): Iterable<FieldError> {
  if (!isRoot && !embeds) return
  for (const name of ['kind', 'apiVersion']) {
    const property = properties[name]
    if (property && property.type !== 'string') {
      yield invalid(`${path}.properties[${name}].type`, property.type ?? '', 'must be string')
    }
  }
  const { metadata } = properties
  if (!metadata) return
  const at = `${path}.properties[metadata]`
  if (metadata.type !== 'object') yield invalid(`${at}.type`, metadata.type ?? '', 'must be object')
  if (!isRoot) return
  const { type: _, default: __, properties: named = {}, ...rest } = metadata
  const onlyNames = Object.keys(named).every((name) => name === 'name' || name === 'generateName')
  if (!onlyNames || Object.keys(rest).length > 0) {
    const text = 'must not specify anything other than name and generateName, but metadata is implicitly specified'
    yield fieldForbidden(at, text)
  }
}
