import type { Converted } from '../../../apimachinery/apply/update.ts'
import { pruneObject } from '../../../apimachinery/codec/json/prune.ts'
import { apiVersionOf, type KubeObject } from '../../../apimachinery/meta.ts'
import { copyJson } from '../../../lib/json-value.ts'
import type { ConvertObject } from '../../registry/conversions.ts'
import type { Versions } from './converted-store.ts'

/** Objects in any version, for those who own fields in it. */
export function convertingBetween({ all, convert }: Versions): ConvertObject {
  return (object, apiVersion) => {
    const version = all.find(({ definition }) => apiVersionOf(definition) === apiVersion)
    if (!version) return undefined
    const { schema } = version.definition
    const known = ([converted]: readonly KubeObject[]): Converted | undefined =>
      converted && { schema, object: pruneObject(schema, copyJson(converted)).object as unknown as KubeObject }
    const { apiVersion: own } = object as { readonly apiVersion?: string }
    if (own === apiVersion) return { schema, object }
    const converted = convert([copyJson(object) as KubeObject], apiVersion)
    return converted instanceof Promise ? converted.then(known) : known(converted)
  }
}
