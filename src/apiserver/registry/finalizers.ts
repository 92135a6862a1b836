import type { Frozen, KubeObject } from '../../apimachinery/meta.ts'
import type { ResourceDefinition } from '../../apimachinery/resource.ts'
import { type FieldError, invalid } from '../../apimachinery/status.ts'
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

const STANDARD: ReadonlySet<string> = new Set([ORPHAN, FOREGROUND, 'kubernetes'])

/** Groups whose kinds may have any finalizer: upstream serves them by other servers. */
const ANY_FINALIZER: ReadonlySet<string> = new Set(['apiextensions.k8s.io', 'apiregistration.k8s.io'])

/** Built-in kinds take finalizers that name whose they are; custom resources take any (and warn). */
export function* validateFinalizerNames(
  { group, schema }: Pick<ResourceDefinition, 'group' | 'schema'>,
  { metadata }: Frozen<KubeObject>,
): Iterable<FieldError> {
  if (!metadata.finalizers || schema.name === '' || ANY_FINALIZER.has(group)) return
  for (const [index, name] of metadata.finalizers.entries()) {
    if (name.includes('/') || STANDARD.has(name)) continue
    const why = 'name is neither a standard finalizer name nor is it fully qualified'
    yield invalid(`metadata.finalizers[${index}]`, name, why)
  }
}

/** What is said about a custom resource's new finalizers. */
export function* finalizerWarnings(draft: Frozen<KubeObject>, old?: Frozen<KubeObject>): Iterable<string> {
  for (const name of new Set(draft.metadata.finalizers)) {
    if (old?.metadata.finalizers?.includes(name) || name.includes('/') || STANDARD.has(name)) continue
    const how = name.includes('.') ? 'name including a path (/)' : 'name'
    const why = `prefer a domain-qualified finalizer ${how} to avoid accidental conflicts with other finalizer writers`
    yield `metadata.finalizers: ${JSON.stringify(name)}: ${why}`
  }
}

/** Whether two finalizer lists hold the same names. */
export function sameFinalizers(a: readonly string[], b: readonly string[]): boolean {
  const left = new Set(a)
  const right = new Set(b)
  return left.size === right.size && [...left].every((name) => right.has(name))
}
