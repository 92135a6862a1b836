import type { Frozen, KubeObject } from '../../apimachinery/meta.ts'

/** Of several defaults the newest counts; of several of one second the first by name. */
export function newest<T extends Frozen<KubeObject>>(objects: readonly T[]): T | undefined {
  return objects.toSorted((a, b) => order(b).time - order(a).time || (order(a).name < order(b).name ? -1 : 1))[0]
}

function order({ metadata }: Frozen<KubeObject>): { readonly time: number; readonly name: string } {
  return { time: Date.parse(metadata.creationTimestamp ?? ''), name: metadata.name ?? '' }
}
