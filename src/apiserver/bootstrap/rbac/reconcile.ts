import type { ClusterRole, ClusterRoleBinding, PolicyRule, Subject } from '../../../api/generated/types/rbac/v1.ts'
import { semanticEqual } from '../../../apimachinery/equality.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'
import { missingRules } from '../../authz/rbac/rules.ts'
import { compactRules } from '../../authz/rbac/compact.ts'

const AUTOUPDATE = 'rbac.authorization.kubernetes.io/autoupdate'

/** What is to be done about one object. */
export type Step<T> = { readonly verb: 'none' | 'create' | 'update' | 'recreate'; readonly object: T }

/**
 * What makes a stored role hold at least what the cluster needs of it: rules that administrators added stay, and a role that says
 * autoupdate=false is left alone (upstream's ReconcileRoleOptions without removal of extra rules).
 */
export function planRole<T extends ClusterRole>(wanted: T, stored: Frozen<T> | undefined): Step<T> {
  if (!stored) return { verb: 'create', object: wanted }
  if (isProtected(stored)) return { verb: 'none', object: wanted }
  const object = withMetadata(wanted, stored)
  const selectors = stored.aggregationRule?.clusterRoleSelectors ?? []
  const added = (wanted.aggregationRule?.clusterRoleSelectors ?? []).filter(
    (selector) => !selectors.some((other) => semanticEqual(other, selector)),
  )
  if (added.length > 0) {
    const all = [...selectors, ...added] as NonNullable<ClusterRole['aggregationRule']>['clusterRoleSelectors']
    object.aggregationRule = { ...(all && { clusterRoleSelectors: all }) }
  }
  // Nobody adds to a role by having it gather what it should not.
  if (!wanted.aggregationRule) delete object.aggregationRule
  // What an aggregated role holds is its controller's business.
  const missing = wanted.aggregationRule ? [] : missingRules(stored.rules ?? [], wanted.rules ?? [])
  object.rules = [...((stored.rules ?? []) as PolicyRule[]), ...compactRules(missing)]
  return { verb: changed(object, stored) ? 'update' : 'none', object }
}

/** The same for a binding: subjects are added; another role means another binding. */
export function planBinding<T extends ClusterRoleBinding>(wanted: T, stored: Frozen<T> | undefined): Step<T> {
  if (!stored) return { verb: 'create', object: wanted }
  if (isProtected(stored)) return { verb: 'none', object: wanted }
  // Whoever was bound to the other role is not to have this one.
  if (!semanticEqual(stored.roleRef, wanted.roleRef)) return { verb: 'recreate', object: wanted }
  const object = withMetadata(wanted, stored)
  const subjects = [...((stored.subjects ?? []) as Subject[])]
  for (const subject of wanted.subjects ?? []) {
    if (!subjects.some((other) => semanticEqual(other, subject))) subjects.push(subject)
  }
  if (subjects.length > 0) object.subjects = subjects
  return { verb: changed(object, stored) ? 'update' : 'none', object }
}

function isProtected({ metadata }: Frozen<ClusterRole | ClusterRoleBinding>): boolean {
  return metadata.annotations?.[AUTOUPDATE] === 'false'
}

/** The stored object with the wanted labels and annotations where it has none of its own. */
function withMetadata<T extends ClusterRole | ClusterRoleBinding>(wanted: T, stored: Frozen<T>): T {
  const metadata = {
    ...stored.metadata,
    labels: { ...wanted.metadata.labels, ...stored.metadata.labels },
    annotations: { ...wanted.metadata.annotations, ...stored.metadata.annotations },
  }
  return { ...(stored as T), metadata: metadata as T['metadata'] }
}

function changed(a: ClusterRole | ClusterRoleBinding, b: Frozen<ClusterRole | ClusterRoleBinding>): boolean {
  return !semanticEqual(a, b)
}
