import type { Frozen, KubeObject } from '../../apimachinery/meta.ts'

/** PartialObjectMetadata of an object: who it is and its metadata, nothing of its body. */
export function partialMetadata(object: Frozen<KubeObject>, version: string): Frozen<KubeObject> {
  return { kind: 'PartialObjectMetadata', apiVersion: `meta.k8s.io/${version}`, metadata: object.metadata }
}
