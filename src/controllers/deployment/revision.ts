import type { Deployment } from '../../api/generated/types/apps/v1.ts'
import type { PodTemplateSpec } from '../../api/generated/types/core/v1.ts'
import { semanticEqual } from '../../apimachinery/equality.ts'
import type { Frozen } from '../../apimachinery/meta.ts'
import { DESIRED_REPLICAS, MAX_REPLICAS, oldestFirst, type Set } from './sizes.ts'

export const REVISION = 'deployment.kubernetes.io/revision'
const REVISION_HISTORY = 'deployment.kubernetes.io/revision-history'
/** The label that tells the pods of one revision from those of another. */
export const TEMPLATE_HASH = 'pod-template-hash'

/** Annotations that replica sets don't take over from their deployment. */
const NOT_COPIED: ReadonlySet<string> = new globalThis.Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  REVISION,
  REVISION_HISTORY,
  DESIRED_REPLICAS,
  MAX_REPLICAS,
  'deprecated.deployment.rollback.to',
])
const MAX_HISTORY_LENGTH = 2000

/** The replica set of the deployment's present template; of several the oldest. */
export function findNewSet(d: Frozen<Deployment>, sets: readonly Set[]): Set | undefined {
  return sets.toSorted(oldestFirst).find((set) => sameTemplate(set.spec.template, d.spec.template))
}

/** Whether two templates are equal but for the hash label. */
export function sameTemplate(a: Frozen<PodTemplateSpec>, b: Frozen<PodTemplateSpec>): boolean {
  return semanticEqual(withoutHash(a), withoutHash(b))
}

function withoutHash(template: Frozen<PodTemplateSpec>): unknown {
  const { [TEMPLATE_HASH]: _, ...labels } = template.metadata?.labels ?? {}
  return { ...template, metadata: { ...template.metadata, labels } }
}

/** The revision that follows those of the old replica sets; adopted ones may have any that 64 bits hold. */
export function nextRevision(oldSets: readonly Set[]): bigint {
  const revisions = oldSets.map((set) => revisionNumber(set.metadata.annotations?.[REVISION]) ?? 0n)
  return revisions.reduce((max, revision) => (revision > max ? revision : max), 0n) + 1n
}

function revisionNumber(text: string | undefined): bigint | undefined {
  return text !== undefined && /^\d{1,19}$/.test(text) ? BigInt(text) : undefined
}

/**
 * The annotations that the new replica set should have: those of the deployment, and its revision, which never goes down. When an
 * earlier template comes back, the revisions it once had are kept as history.
 */
export function newSetAnnotations(
  d: Frozen<Deployment>,
  existing: Readonly<Record<string, string>>,
  revision: bigint,
): Record<string, string> {
  const copied = Object.entries(d.metadata.annotations ?? {}).filter(([name]) => !NOT_COPIED.has(name))
  const annotations = { ...existing, ...Object.fromEntries(copied) }
  const old = existing[REVISION]
  const was = old === undefined ? 0n : revisionNumber(old)
  if (was === undefined || was >= revision) return annotations
  annotations[REVISION] = String(revision)
  if (old) annotations[REVISION_HISTORY] = extendHistory(existing[REVISION_HISTORY] ?? '', old)
  return annotations
}

/** Adds a revision; drops the earliest where the list gets too long. */
function extendHistory(history: string, revision: string): string {
  const revisions = [...(history ? history.split(',') : []), revision]
  while (revisions.length > 1 && revisions.join(',').length > MAX_HISTORY_LENGTH) revisions.shift()
  return revisions.join(',')
}
