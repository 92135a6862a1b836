import { semanticEqual } from '../../apimachinery/equality.ts'
import type { Frozen, KubeObject } from '../../apimachinery/meta.ts'

const AUTO_UPDATE = 'apf.kubernetes.io/autoupdate-spec'

type Configuration = KubeObject & { spec: object }

/** What is wanted of an object that every cluster has. */
export interface Wanted<T> {
  readonly object: T
  /** Nobody's changes to its spec stay. */
  readonly mandatory: boolean
}

/**
 * What an object should become that is not as it is wanted; undefined when it may stay. An administrator's changes stay when the
 * annotation says so, or says nothing and the spec was changed. Upstream's ensurer.
 */
export function revised<T extends Configuration>(current: Frozen<T>, { object, mandatory }: Wanted<T>): T | undefined {
  const updates = mandatory || updatesSpec(current)
  const wanted = structuredClone(object)
  keepExempt(wanted, current)
  const differs = updates && !semanticEqual(wanted.spec, current.spec)
  if (!differs && annotated(current) === updates) return undefined
  const next = structuredClone(current) as T
  if (differs) next.spec = wanted.spec
  next.metadata.annotations = { ...next.metadata.annotations, [AUTO_UPDATE]: String(updates) }
  return next
}

/** Whether an object is left over from what was wanted once. */
export function isLeftOver(current: Frozen<KubeObject>, wanted: ReadonlySet<string>): boolean {
  return !wanted.has(current.metadata.name ?? '') && annotated(current) === true
}

function updatesSpec(current: Frozen<KubeObject>): boolean {
  return annotated(current) ?? current.metadata.generation === 1
}

function annotated({ metadata }: Frozen<KubeObject>): boolean | undefined {
  const text = metadata.annotations?.[AUTO_UPDATE] ?? ''
  if (['1', 't', 'T', 'true', 'TRUE', 'True'].includes(text)) return true
  return ['0', 'f', 'F', 'false', 'FALSE', 'False'].includes(text) ? false : undefined
}

/** What of the exempt level may be lent is the administrator's. */
function keepExempt(wanted: Configuration, current: Frozen<Configuration>): void {
  if (wanted.metadata.name !== 'exempt' || !('exempt' in wanted.spec)) return
  const { exempt } = current.spec as { readonly exempt?: object }
  if (exempt) wanted.spec.exempt = structuredClone(exempt)
}
