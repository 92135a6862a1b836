import { aggregateMessage } from '../../../apimachinery/aggregate.ts'
import { admissionForbidden } from '../forbidden.ts'
import type { AdmissionAttributes } from '../types.ts'
import type { PodLike, Violation } from './check.ts'
import type { PodSecurityConfig } from './config.ts'
import {
  type LevelVersion,
  type policyOf,
  policyText,
  PREFIX,
  sameLevel,
  violations,
  violationsText,
} from './policy.ts'

export function annotate({ annotate: add }: AdmissionAttributes, key: string, value: string): void {
  add(`${PREFIX}${key}`, value)
}

/** Refuses, warns of and notes what the pod does against what its namespace asks for (upstream's EvaluatePod). Levels that several modes share are tried once. */
export function evaluate(
  attributes: AdmissionAttributes,
  { policy, errors }: ReturnType<typeof policyOf>,
  { exemptions }: PodSecurityConfig,
  pod: PodLike,
  enforced: boolean,
): void {
  const runtimeClass = pod.spec.runtimeClassName
  if (runtimeClass && exemptions.runtimeClasses.includes(runtimeClass))
    return annotate(attributes, 'exempt', 'runtimeClass')
  if (errors.length > 0) {
    const texts = errors.map(({ field, message }) => `${field}: ${message}`)
    annotate(attributes, 'error', `Failed to parse policy: ${aggregateMessage(texts)}`)
  }
  const tried: (readonly [LevelVersion, readonly Violation[]])[] = []
  const against = (level: LevelVersion): readonly Violation[] => {
    const known = tried.find(([other]) => sameLevel(other, level))?.[1]
    if (known) return known
    const found = violations(level, pod)
    tried.push([level, found])
    return found
  }
  const told = (level: LevelVersion): string =>
    `violate PodSecurity ${JSON.stringify(policyText(level))}: ${violationsText(against(level))}`
  const { enforce, audit, warn } = policy
  const isRefused = enforced && against(enforce).length > 0
  if (enforced) annotate(attributes, 'enforce-policy', policyText(enforce))
  if (against(audit).length > 0) annotate(attributes, 'audit-violations', `would ${told(audit)}`)
  if (isRefused) throw admissionForbidden(attributes, told(enforce).replace('violate', 'violates'))
  if (against(warn).length > 0) attributes.warn(`would ${told(warn)}`)
}
