import { pods } from '../../../api/core/v1/pod.ts'
import type { Pod } from '../../../api/generated/types/core/v1.ts'
import { controllerOf, type KubeObject } from '../../../apimachinery/meta.ts'
import type { Clock } from '../../../lib/clock.ts'
import type { Store } from '../../../store/store.ts'
import { type LevelVersion, policyText, violations } from './policy.ts'

const MOST_PODS = 3000
/** Nobody waits longer for warnings. */
const PATIENCE_MS = 1000

type StoredPod = Pod & KubeObject

/** What the namespace's pods do against the level: those of one kind of violation in one text (upstream's EvaluatePodsInNamespace). */
export async function podsAgainst(
  { store, clock }: { readonly store: Store; readonly clock: Clock },
  namespace: string,
  level: LevelVersion,
  exemptRuntimeClasses: readonly string[],
): Promise<string[]> {
  const deadlineMs = clock.monotonic() + PATIENCE_MS
  const { entries } = await store.range(`${pods.storagePrefix}/${namespace}/`)
  const decoder = new TextDecoder()
  const all = entries
    .map(({ value }) => JSON.parse(decoder.decode(value)) as StoredPod)
    .filter(({ spec }) => !exemptRuntimeClasses.includes(spec.runtimeClassName ?? ''))
  const chosen = ofEachControllerFirst(all).slice(0, MOST_PODS)
  const byReason = new Map<string, string[]>()
  let checked = 0
  for (const pod of chosen) {
    const reason = violations(level, pod)
      .map((found) => found.reason)
      .join(', ')
    if (reason) byReason.set(reason, [...(byReason.get(reason) ?? []), pod.metadata.name ?? ''])
    checked++
    if (clock.monotonic() > deadlineMs) break
  }
  return [
    ...(checked < all.length
      ? [`new PodSecurity enforce level only checked against the first ${checked} of ${all.length} existing pods`]
      : []),
    ...textsOf(byReason, namespace, level),
  ]
}

function textsOf(byReason: ReadonlyMap<string, readonly string[]>, namespace: string, level: LevelVersion): string[] {
  if (byReason.size === 0) return []
  const texts = [...byReason].map(([reason, names]) => {
    const [first = '', ...others] = names.toSorted((a, b) => (a < b ? -1 : 1))
    const rest = others.length > 0 ? ` (and ${others.length} other ${others.length === 1 ? 'pod' : 'pods'})` : ''
    return `${first}${rest}: ${reason}`
  })
  const told = `existing pods in namespace ${JSON.stringify(namespace)} violate the new PodSecurity enforce level ${JSON.stringify(policyText(level))}`
  return [told, ...texts.sort((a, b) => (a < b ? -1 : 1))]
}

/** Pods of one controller are alike: one of each is looked at before the rest. */
function ofEachControllerFirst(all: readonly StoredPod[]): StoredPod[] {
  const seen = new Set<string>()
  const [first, rest]: [StoredPod[], StoredPod[]] = [[], []]
  for (const pod of all) {
    const uid = controllerOf(pod)?.uid
    if (uid !== undefined && seen.has(uid)) rest.push(pod)
    else first.push(pod)
    if (uid !== undefined) seen.add(uid)
  }
  return [...first, ...rest]
}
