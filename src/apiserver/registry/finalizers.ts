import type { Frozen, KubeObject } from '../../apimachinery/meta.ts'
import type { ResourceDefinition } from '../../apimachinery/resource.ts'
import type { DeleteOptions } from './delete-options.ts'

/** metav1.FinalizerOrphanDependents: the garbage collector frees the dependents first. */
export const ORPHAN = 'orphan'
/** metav1.FinalizerDeleteDependents: the garbage collector deletes the dependents first. */
export const FOREGROUND = 'foregroundDeletion'

/** The finalizers an object has after a DELETE with these options (upstream's deletionFinalizersForGarbageCollection). */
export function finalizersFor(
  definition: Pick<ResourceDefinition, 'defaultPropagation'>,
  options: Pick<DeleteOptions, 'orphanDependents' | 'propagationPolicy'>,
  { metadata }: Frozen<KubeObject>,
): string[] {
  const existing = metadata.finalizers ?? []
  const others = existing.filter((name) => name !== ORPHAN && name !== FOREGROUND)
  const finalizer = propagationFinalizer(definition, options, existing)
  return finalizer ? [...others, finalizer] : others
}

/** An explicit wish comes first, then what the object already waits for, then the kind's default. */
function propagationFinalizer(
  definition: Pick<ResourceDefinition, 'defaultPropagation'>,
  { orphanDependents, propagationPolicy }: Pick<DeleteOptions, 'orphanDependents' | 'propagationPolicy'>,
  existing: readonly string[],
): string | undefined {
  if (orphanDependents !== undefined) return orphanDependents ? ORPHAN : undefined
  switch (propagationPolicy) {
    case 'Orphan':
      return ORPHAN
    case 'Foreground':
      return FOREGROUND
    case 'Background':
      return undefined
    case undefined:
      return (
        existing.find((name) => name === ORPHAN || name === FOREGROUND) ??
        (definition.defaultPropagation === 'Orphan' ? ORPHAN : undefined)
      )
  }
}

/** Whether two finalizer lists hold the same names. */
export function sameFinalizers(a: readonly string[], b: readonly string[]): boolean {
  const left = new Set(a)
  const right = new Set(b)
  return left.size === right.size && [...left].every((name) => right.has(name))
}
