import type { KubeObject } from '../../apimachinery/meta.ts'
import { notFound } from '../../apimachinery/status.ts'
import { StoredObject } from './answer.ts'
import { equalBytes } from './equal.ts'
import { type Registry, type ServedResource, storageKey } from './served.ts'

/** Which object, and whether the write is only tried. */
export interface UpdateTarget {
  readonly namespace: string
  readonly name: string
  readonly dryRun: boolean
}

/**
 * The server's own write to an object, past the kind's rules for clients: reads, changes the draft in place, writes, until no
 * other write came between. `edit` throws to refuse.
 */
export async function guaranteedUpdate(
  registry: Registry,
  resource: ServedResource,
  { namespace, name, dryRun }: UpdateTarget,
  edit: (draft: KubeObject) => void,
): Promise<StoredObject> {
  const key = storageKey(resource.definition, namespace, name)
  let entry = await registry.store.get(key)
  for (;;) {
    if (!entry) throw notFound(resource.groupResource, name)
    const draft = resource.codec.draft(entry.value, entry.modRevision)
    edit(draft)
    const value = resource.codec.encode(draft)
    if (dryRun || equalBytes(value, entry.value)) return new StoredObject(resource, value, entry.modRevision)
    const result = await registry.store.write({ key, value, expect: entry.modRevision })
    if (result.ok) return new StoredObject(resource, value, result.revision)
    entry = result.current
  }
}
