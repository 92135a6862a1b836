import { kinds, registeredVersions } from '../generated/kinds.ts'
import { META, type GroupVersionKind } from './model.ts'

/** Kinds of metav1 that belong to the core group. */
const META_KINDS = new Set([
  'APIGroup',
  'APIGroupList',
  'APIResourceList',
  'APIVersions',
  'Status',
  'Table',
  'PartialObjectMetadata',
  'PartialObjectMetadataList',
])
/** Kinds of metav1 that belong to every group and version. */
const EVERYWHERE = new Set(['DeleteOptions', 'WatchEvent'])

/** The group, version and kind that a model is registered under, for x-kubernetes-group-version-kind; none for parts of kinds. */
export function gvksOf(model: string): readonly GroupVersionKind[] {
  if (model.startsWith(`${META}.`)) return metaKinds(model.slice(META.length + 1))
  const gvk = byModel().get(model)
  return gvk ? [gvk] : []
}

function metaKinds(kind: string): GroupVersionKind[] {
  if (META_KINDS.has(kind)) return [{ group: '', kind, version: 'v1' }]
  if (!EVERYWHERE.has(kind)) return []
  return registeredVersions.map(({ group, version }) => ({ group, kind, version }))
}

let index: ReadonlyMap<string, GroupVersionKind> | undefined

/** Built on first use, from generated facts alone. */
function byModel(): ReadonlyMap<string, GroupVersionKind> {
  return (index ??= new Map(
    kinds.flatMap(({ group, version, kind, list, schema }) => {
      const named = (name: string): [string, GroupVersionKind] => [
        schema.slice(0, -kind.length) + name,
        { group, kind: name, version },
      ]
      return list ? [named(kind), named(list)] : [named(kind)]
    }),
  ))
}
