import { semanticEqual } from '../../../apimachinery/equality.ts'
import { invalidObject } from '../../../apimachinery/status.ts'
import type { Clock } from '../../../lib/clock.ts'
import type { Store } from '../../../store/store.ts'
import type { AdmissionAttributes } from '../types.ts'
import type { PodSecurityConfig } from './config.ts'
import { type Policy, policyOf, policyText, PREFIX, rank, sameLevel } from './policy.ts'
import { podsAgainst } from './pods-against.ts'

interface World {
  readonly store: Store
  readonly clock: Clock
  readonly config: PodSecurityConfig
}

/** Labels must be right, and who tightens a namespace is told which of its pods are against the new level (upstream's ValidateNamespace). */
export async function checkNamespace(attributes: AdmissionAttributes, { store, clock, config }: World): Promise<void> {
  const { object, oldObject, subresource, name } = attributes
  if (subresource !== '' || !object) return
  const now = policyOf(object.metadata.labels, config.defaults)
  const before = oldObject && policyOf(oldObject.metadata.labels, config.defaults)
  if (now.errors.length > 0 && !semanticEqual(now.errors, before?.errors ?? []))
    throw invalidObject({ group: '', kind: 'Namespace' }, name, now.errors)
  const exempt = config.exemptions.namespaces.includes(name)
  if (before && !tightens(now.policy, before.policy)) return
  if (exempt) warnOfExemption(attributes, now.policy, config.defaults)
  else if (before) {
    const texts = await podsAgainst({ store, clock }, name, now.policy.enforce, config.exemptions.runtimeClasses)
    for (const text of texts) attributes.warn(text)
  }
}

function tightens({ enforce: now }: Policy, { enforce: before }: Policy): boolean {
  if (rank(now) === 0 || sameLevel(now, before)) return false
  return now.minor !== before.minor || rank(now) > rank(before)
}

/** Who sets labels where they do not count should know. */
function warnOfExemption({ object, name, warn }: AdmissionAttributes, policy: Policy, defaults: Policy): void {
  const modes = ['enforce', 'audit', 'warn'] as const
  const same = modes.every(
    (mode) => rank(policy[mode]) + rank(defaults[mode]) === 0 || sameLevel(policy[mode], defaults[mode]),
  )
  if (same || modes.every((mode) => rank(policy[mode]) === 0)) return
  const labels = object?.metadata.labels ?? {}
  const told = modes.filter(
    (mode) =>
      rank(policy[mode]) > 0 && [mode, `${mode}-version`].some((key) => labels[`${PREFIX}${key}`] !== undefined),
  )
  const text = told.map((mode) => `${mode}=${policyText(policy[mode])}`).join(', ')
  warn(`namespace ${JSON.stringify(name)} is exempt from Pod Security, and the policy (${text}) will be ignored`)
}
