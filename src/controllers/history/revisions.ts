import type { ControllerRevision } from '../../api/generated/types/apps/v1.ts'
import type { PodTemplateSpec } from '../../api/generated/types/core/v1.ts'
import { controllerRevisions } from '../../api/index.ts'
import { semanticEqual } from '../../apimachinery/equality.ts'
import { keyOf, type Frozen, type KubeObject } from '../../apimachinery/meta.ts'
import type { ResourceDefinition } from '../../apimachinery/resource.ts'
import { hasReason } from '../../apimachinery/status.ts'
import type { ReconcileContext } from '../../client/controller.ts'
import { sortKeys } from '../../lib/json-value.ts'
import { claim } from '../ownership/claim.ts'
import { controllerReference } from '../ownership/owner-reference.ts'
import { templateHash } from '../pods/template-hash.ts'

export type Revision = Frozen<ControllerRevision>

/** A kind that keeps the templates it has had as ControllerRevisions. */
export interface Versioned<T extends KubeObject> {
  readonly resource: ResourceDefinition<T>
  readonly owner: Frozen<T>
  readonly template: Frozen<PodTemplateSpec>
  /** The label of a revision that holds its hash. */
  readonly hashLabel: string
  readonly collisionCount: number
  matches(object: Frozen<KubeObject>): boolean
}

/** The revisions of an object, oldest first, and the one of its present template. */
export interface History {
  readonly revisions: readonly Revision[]
  readonly present: Revision
  readonly collisionCount: number
}

/**
 * What a revision says: a strategic merge patch that puts its template in place, which `kubectl rollout undo` applies. Its keys are in
 * order, as Go writes maps: kubectl finds the revision of a template by comparing bytes.
 */
function dataOf(template: Frozen<PodTemplateSpec>): Record<string, unknown> {
  return { spec: { template: sortKeys({ ...template, $patch: 'replace' }) } }
}

/** The template that a revision puts in place. */
export function templateOf({ data }: Revision): Frozen<PodTemplateSpec> {
  const { spec } = data as unknown as {
    readonly spec: { readonly template: Frozen<PodTemplateSpec> & { readonly $patch?: string } }
  }
  const { $patch: _, ...template } = spec.template
  return template
}

/** Finds the revisions of an object, and makes the one of its present template the newest, creating it if need be. */
export async function syncHistory<T extends KubeObject>(
  versioned: Versioned<T>,
  context: ReconcileContext,
): Promise<History> {
  const claimed = await claim(
    {
      owner: versioned.owner,
      ownerResource: versioned.resource,
      resource: controllerRevisions,
      matches: versioned.matches,
    },
    context,
  )
  const revisions = claimed.toSorted(oldestFirst)
  const data = dataOf(versioned.template)
  const equal = revisions.filter((revision) => semanticEqual(revision.data, data))
  const next = (revisions.at(-1)?.revision ?? 0) + 1
  const known = equal.at(-1)
  if (!known) {
    const { created, collisionCount } = await create(versioned, data, next, context)
    return { revisions: [...revisions, created], present: created, collisionCount }
  }
  const { collisionCount } = versioned
  if (known === revisions.at(-1)) return { revisions, present: known, collisionCount }
  // An earlier template has come back: it is the newest again.
  const present = await context.client(controllerRevisions).update({ ...known, revision: next })
  return { revisions: [...revisions.filter((revision) => revision !== known), present], present, collisionCount }
}

function oldestFirst(a: Revision, b: Revision): number {
  if (a.revision !== b.revision) return a.revision - b.revision
  const [x, y] = [a.metadata.creationTimestamp ?? '', b.metadata.creationTimestamp ?? '']
  if (x !== y) return x < y ? -1 : 1
  return (a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1
}

async function create<T extends KubeObject>(
  { owner, resource, template, hashLabel, collisionCount: before }: Versioned<T>,
  data: Record<string, unknown>,
  revision: number,
  { client }: ReconcileContext,
): Promise<{ readonly created: Revision; readonly collisionCount: number }> {
  const { name = '', namespace, annotations } = owner.metadata
  for (let collisionCount = before; ; collisionCount++) {
    const hash = templateHash(template, collisionCount)
    const draft: Frozen<ControllerRevision> = {
      metadata: {
        name: `${name}-${hash}`,
        ...(namespace && { namespace }),
        labels: { ...template.metadata?.labels, [hashLabel]: hash },
        ...(annotations && { annotations }),
        ownerReferences: [controllerReference(resource, owner)],
      },
      data: data as never,
      revision,
    }
    try {
      return { created: await client(controllerRevisions).create(draft), collisionCount }
    } catch (error) {
      if (!hasReason(error, 'AlreadyExists')) throw error
      const existing = await client(controllerRevisions).get(keyOf(draft))
      if (semanticEqual(existing.data, data)) return { created: existing, collisionCount }
    }
  }
}

/** Deletes the oldest revisions beyond the limit that no pod is of. */
export async function truncateHistory(
  { revisions }: History,
  isLive: (revision: Revision) => boolean,
  limit: number,
  { client }: ReconcileContext,
): Promise<void> {
  const dead = revisions.filter((revision) => !isLive(revision))
  for (const revision of dead.slice(0, Math.max(0, dead.length - limit))) {
    try {
      await client(controllerRevisions).delete(revision)
    } catch (error) {
      if (!hasReason(error, 'NotFound')) throw error
    }
  }
}
