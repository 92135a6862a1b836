import { apiVersionOf, type Frozen, type KubeObject } from '../../../apimachinery/meta.ts'
import type { ResourceDefinition } from '../../../apimachinery/resource.ts'
import type { ConvertNow } from '../../registry/conversions.ts'
import type { ResourceTable } from '../../resource-table.ts'

/** The other versions in which a resource is served, of what is kept at the same place. */
export class OtherVersions {
  #table: ResourceTable | undefined
  #generation = -1
  readonly #known = new Map<string, readonly ResourceDefinition[]>()

  /** Tells what is served. */
  look(table: ResourceTable): void {
    this.#table = table
  }

  of(definition: ResourceDefinition): readonly ResourceDefinition[] {
    const table = this.#table
    if (!table || definition.virtual) return []
    if (table.generation !== this.#generation) {
      this.#generation = table.generation
      this.#known.clear()
    }
    const key = `${definition.group}/${definition.version}/${definition.plural}`
    let found = this.#known.get(key)
    if (!found) {
      const served = [...table.all()].map((resource) => resource.definition)
      found = served.filter((other) => isOtherVersion(definition, other))
      this.#known.set(key, found)
    }
    return found
  }
}

function isOtherVersion(definition: ResourceDefinition, other: ResourceDefinition): boolean {
  if (other.virtual || other.storagePrefix !== definition.storagePrefix) return false
  return other.group !== definition.group || other.version !== definition.version
}

/** The object in another version of its resource. Throws NeedsConversion where that has to be waited for. */
export function converted(
  object: Frozen<KubeObject>,
  from: ResourceDefinition,
  to: ResourceDefinition,
  convert?: ConvertNow,
): Frozen<KubeObject> {
  if (from === to) return object
  const apiVersion = apiVersionOf(to)
  if (convert) {
    const own = { ...object, kind: from.kind, apiVersion: apiVersionOf(from) } as Frozen<KubeObject>
    const other = convert(own, apiVersion)
    if (!other) throw new Error(`unable to convert to ${apiVersion}: unknown kind`)
    return other.object
  }
  const stored = from.storedAs?.toStored(object) ?? object
  const served = to.storedAs?.fromStored(stored) ?? stored
  return { ...served, kind: to.kind, apiVersion } as Frozen<KubeObject>
}
