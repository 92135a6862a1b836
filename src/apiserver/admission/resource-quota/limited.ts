import { matchesQuotaScopes, matchesScope, scopesOf } from '../../../api/core/v1/quota/scopes.ts'
import { quotaUsage, resourceOfQuotaName } from '../../../api/core/v1/quota/usage.ts'
import { compareAmounts } from '../../../api/core/v1/resource-list.ts'
import type { ResourceQuota, ScopedResourceSelectorRequirement } from '../../../api/generated/types/core/v1.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'
import type { Request } from './charge.ts'

/** What may be used only where a quota is about it (resourcequota's LimitedResource). */
export interface LimitedResource {
  readonly apiGroup?: string
  readonly resource: string
  /** Parts of the names of what is used. */
  readonly matchContains?: readonly string[]
  readonly matchScopes?: readonly Frozen<ScopedResourceSelectorRequirement>[]
}

/** Why a request is not let through. */
export interface Refusal {
  readonly why: string
  /** Upstream lets it through as it is, with code 500. */
  readonly isBare?: boolean
}

/** What of the request is limited and has no quota that is about it; undefined when nothing. */
export function uncovered(
  limited: readonly LimitedResource[],
  quotas: readonly Frozen<ResourceQuota>[],
  { resource, object, oldObject }: Request,
  now: number,
): Refusal | undefined {
  if (limited.length === 0) return undefined
  const usage = quotaUsage(resource, object, now)
  const before = oldObject ? quotaUsage(resource, oldObject, now) : {}
  if (Object.keys(usage).every((name) => compareAmounts(usage[name] ?? 0, before[name] ?? 0) <= 0)) return undefined
  const parts = limited.filter((one) => nameOf(one) === resource).flatMap(({ matchContains = [] }) => matchContains)
  const about = quotas.filter(({ spec }) => matchesQuotaScopes(spec, resource, object))
  const covered = new Set(
    about.flatMap(({ status }) =>
      Object.keys(status?.hard ?? {}).filter((name) => resourceOfQuotaName(name) === resource),
    ),
  )
  const open = Object.keys(usage).filter(
    (name) =>
      compareAmounts(usage[name] ?? 0, 0) > 0 && parts.some((part) => name.includes(part)) && !covered.has(name),
  )
  if (open.length > 0) return { why: `insufficient quota to consume: ${open.toSorted().join(',')}` }
  const coveredScopes = new Set<string>(
    quotas
      .flatMap(({ spec }) => scopesOf(spec))
      .filter((scope) => matchesScope(scope, resource, object))
      .map(({ scopeName }) => scopeName),
  )
  const openScopes = limited
    .flatMap(({ matchScopes = [] }) => matchScopes)
    .filter((scope) => matchesScope(scope, resource, object) && !coveredScopes.has(scope.scopeName))
  if (openScopes.length === 0) return undefined
  const texts = openScopes.map(
    ({ scopeName, operator, values = [] }) => `{${scopeName} ${operator} [${values.join(' ')}]}`,
  )
  return { why: `insufficient quota to match these scopes: [${texts.join(' ')}]`, isBare: true }
}

function nameOf({ apiGroup, resource }: LimitedResource): string {
  return apiGroup ? `${resource}.${apiGroup}` : resource
}
