import type { Frozen, KubeObject } from '../../apimachinery/meta.ts'
import type { ListItem } from '../registry/answer.ts'

/** PartialObjectMetadata of an object or an item of a list: who it is and its metadata, nothing of its body. */
export function partialMetadata(of: Frozen<KubeObject> | ListItem, version: string): Frozen<KubeObject> {
  const metadata = typeof of.metadata === 'function' ? of.metadata() : of.metadata
  return { kind: 'PartialObjectMetadata', apiVersion: `meta.k8s.io/${version}`, metadata }
}
