import type { Frozen, KubeObject } from '../../apimachinery/meta.ts'
import type { ResourceDefinition } from '../../apimachinery/resource.ts'
import type { Store } from '../../store/store.ts'

const decoder = new TextDecoder()

/** One object as it is stored now, by its key (`namespace/name` or `name`). For rare looks at resources too large to mirror. */
export async function readStored<T extends KubeObject>(
  store: Store,
  { storagePrefix }: Pick<ResourceDefinition<T>, 'storagePrefix'>,
  key: string,
): Promise<Frozen<T> | undefined> {
  const entry = await store.get(`${storagePrefix}/${key}`)
  return entry && (JSON.parse(decoder.decode(entry.value)) as Frozen<T>)
}
