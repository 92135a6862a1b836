import { controllerOf, keyOf, type Frozen, type KubeObject, type ObjectKey } from '../../apimachinery/meta.ts'
import type { ResourceDefinition } from '../../apimachinery/resource.ts'
import { indexes, type IndexDefinition, type Lister, type Watch } from '../../client/controller.ts'

const INDEX = 'orphans'

/** Indexes the objects of a kind that nobody controls. */
export function orphanIndex(resource: ResourceDefinition): IndexDefinition {
  return indexes(resource, INDEX, (object) => (controllerOf(object) ? [] : [object.metadata.namespace ?? '']))
}

/** The objects of a namespace that nobody controls; needs orphanIndex. */
export function orphansIn<T extends KubeObject>(lister: Lister<T>, namespace: string): readonly Frozen<T>[] {
  return lister.byIndex(INDEX, namespace)
}

/**
 * Wakes the `owner` objects that would adopt an orphan: one that is new, or has changed its labels, or has lost its
 * controller.
 */
export function orphanWatch<O extends KubeObject>(
  resource: ResourceDefinition,
  owner: ResourceDefinition<O>,
  adopts: (owner: Frozen<O>, orphan: Frozen<KubeObject>) => boolean,
): Watch {
  return {
    resource,
    *keys(now, old, { lister }): Generator<ObjectKey> {
      if (!now || controllerOf(now) || now.metadata.deletionTimestamp) return
      if (old && !controllerOf(old) && sameLabels(old, now)) return
      for (const candidate of lister(owner).list(now.metadata.namespace ?? ''))
        if (adopts(candidate, now)) yield keyOf(candidate)
    },
  }
}

function sameLabels(a: Frozen<KubeObject>, b: Frozen<KubeObject>): boolean {
  return JSON.stringify(a.metadata.labels ?? {}) === JSON.stringify(b.metadata.labels ?? {})
}
