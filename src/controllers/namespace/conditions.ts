import type { Namespace, NamespaceCondition } from '../../api/generated/types/core/v1.ts'
import { timestamp, type Frozen } from '../../apimachinery/meta.ts'

type Condition = Frozen<NamespaceCondition>

/** What stands in the way of a namespace's deletion. */
export interface Obstacles {
  /** By group and version, why its resources are not known. */
  readonly undiscovered: ReadonlyMap<string, string>
  /** What went wrong while deleting. */
  readonly errors: readonly string[]
  /** How many objects remain, by `pods.` or `deployments.apps`. */
  readonly remaining: ReadonlyMap<string, number>
  /** How many objects each finalizer holds back. */
  readonly finalizers: ReadonlyMap<string, number>
}

/** The five conditions of a namespace that is being deleted, in upstream's words. */
export function deletionConditions(
  { status }: Frozen<Namespace>,
  { undiscovered, errors, remaining, finalizers }: Obstacles,
  now: number,
): readonly Condition[] {
  const failing = [...undiscovered].map(([group, why]) => `${group}: ${why}`)
  const found: Finding[] = [
    {
      type: 'NamespaceDeletionDiscoveryFailure',
      ok: ['ResourcesDiscovered', 'All resources successfully discovered'],
      bad: failing.length > 0 && [
        'DiscoveryFailed',
        `Discovery failed for some groups, ${failing.length} failing: unable to retrieve the complete list of server APIs: ${failing.join(', ')}`,
      ],
    },
    {
      type: 'NamespaceDeletionGroupVersionParsingFailure',
      ok: ['ParsedGroupVersions', 'All legacy kube types successfully parsed'],
      bad: false,
    },
    {
      type: 'NamespaceDeletionContentFailure',
      ok: ['ContentDeleted', 'All content successfully deleted, may be waiting on finalization'],
      bad: errors.length > 0 && [
        'ContentDeletionFailed',
        `Failed to delete all resource types, ${errors.length} remaining: ${errors.toSorted().join(', ')}`,
      ],
    },
    {
      type: 'NamespaceContentRemaining',
      ok: ['ContentRemoved', 'All content successfully removed'],
      bad: remaining.size > 0 && [
        'SomeResourcesRemain',
        `Some resources are remaining: ${listed(remaining, (name, count) => `${name} has ${count} resource instances`)}`,
      ],
    },
    {
      type: 'NamespaceFinalizersRemaining',
      ok: ['ContentHasNoFinalizers', 'All content-preserving finalizers finished'],
      bad: finalizers.size > 0 && [
        'SomeFinalizersRemain',
        `Some content in the namespace has finalizers remaining: ${listed(finalizers, (name, count) => `${name} in ${count} resource instances`)}`,
      ],
    },
  ]
  const others = (status?.conditions ?? []).filter((old) => !found.some((finding) => finding.type === old.type))
  return [...others, ...found.map((finding) => conditionOf(finding, status?.conditions ?? [], now))]
}

type ReasonAndMessage = readonly [reason: string, message: string]
interface Finding {
  readonly type: string
  readonly ok: ReasonAndMessage
  readonly bad: ReasonAndMessage | false
}

function conditionOf({ type, ok, bad }: Finding, before: readonly Condition[], now: number): Condition {
  const [reason, message] = bad || ok
  const status = bad ? 'True' : 'False'
  const old = before.find((condition) => condition.type === type)
  const lastTransitionTime = old?.status === status ? old.lastTransitionTime : timestamp(now)
  return { type, status, ...(lastTransitionTime && { lastTransitionTime }), reason, message }
}

function listed(counts: ReadonlyMap<string, number>, text: (name: string, count: number) => string): string {
  return [...counts]
    .map(([name, count]) => text(name, count))
    .sort()
    .join(', ')
}
