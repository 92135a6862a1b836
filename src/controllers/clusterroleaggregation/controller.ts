import type { ClusterRole, PolicyRule } from '../../api/generated/types/rbac/v1.ts'
import { clusterRoles } from '../../api/index.ts'
import { semanticEqual } from '../../apimachinery/equality.ts'
import { matches } from '../../apimachinery/labels/label-selector.ts'
import { keyOf, type Frozen } from '../../apimachinery/meta.ts'
import { defineController, done, watches } from '../../client/controller.ts'

/** Fills ClusterRoles that are made of others with the rules of those. */
export const clusterRoleAggregationController = defineController({
  name: 'clusterrole-aggregation',
  for: clusterRoles,
  wakes: (now) => now?.aggregationRule !== undefined,
  watches: [
    watches({
      resource: clusterRoles,
      *keys(now, old, { lister }) {
        for (const role of lister(clusterRoles).list())
          if ((now && takesIn(role, now)) || (old && takesIn(role, old))) yield keyOf(role)
      },
    }),
  ],
  async reconcile(key, { lister, client }) {
    const role = lister(clusterRoles).get(key)
    if (!role?.aggregationRule) return done
    const rules = aggregated(role, lister(clusterRoles).list())
    if (!semanticEqual(rules, role.rules)) await client(clusterRoles).update({ ...role, rules } as ClusterRole)
    return done
  },
})

function takesIn({ metadata, aggregationRule }: Frozen<ClusterRole>, other: Frozen<ClusterRole>): boolean {
  if (other.metadata.name === metadata.name) return false
  return (aggregationRule?.clusterRoleSelectors ?? []).some((selector) => matches(selector, other.metadata.labels))
}

/** The rules of all that are taken in, by their names, each once. */
function aggregated(role: Frozen<ClusterRole>, all: readonly Frozen<ClusterRole>[]): Frozen<PolicyRule>[] {
  const names = (a: Frozen<ClusterRole>, b: Frozen<ClusterRole>): number =>
    (a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1
  const rules: Frozen<PolicyRule>[] = []
  // By selector, then by name, as upstream.
  for (const selector of role.aggregationRule?.clusterRoleSelectors ?? [])
    for (const other of all.filter((o) => matches(selector, o.metadata.labels)).toSorted(names)) {
      if (other.metadata.name === role.metadata.name) continue
      for (const rule of other.rules ?? []) if (!rules.some((known) => semanticEqual(known, rule))) rules.push(rule)
    }
  return rules
}
