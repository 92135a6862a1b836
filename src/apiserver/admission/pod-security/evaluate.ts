import { aggregateMessage } from '../../../apimachinery/aggregate.ts'
import { admissionForbidden } from '../forbidden.ts'
import type { AdmissionAttributes } from '../types.ts'
import type { PodLike, Violation } from './check.ts'
import type { PodSecurityConfig } from './config.ts'
import type { PodSecurityMetrics } from './metrics.ts'
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

/** What pods are held to beyond their namespace's labels, and where that is counted. */
export interface Standard {
  readonly config: PodSecurityConfig
  readonly counts: PodSecurityMetrics
}

/** Refuses, warns of and notes what the pod does against what its namespace asks for (upstream's EvaluatePod). Levels that several modes share are tried once. */
export function evaluate(
  attributes: AdmissionAttributes,
  { policy, errors }: ReturnType<typeof policyOf>,
  { config: { exemptions }, counts }: Standard,
  pod: PodLike,
  enforced: boolean,
): void {
  const runtimeClass = pod.spec.runtimeClassName
  if (runtimeClass && exemptions.runtimeClasses.includes(runtimeClass)) {
    counts.exempted(attributes)
    return annotate(attributes, 'exempt', 'runtimeClass')
  }
  if (errors.length > 0) {
    counts.failed(attributes, false)
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
  if (enforced) {
    annotate(attributes, 'enforce-policy', policyText(enforce))
    counts.evaluated(attributes, 'enforce', enforce, !isRefused)
  }
  if (against(audit).length > 0) {
    annotate(attributes, 'audit-violations', `would ${told(audit)}`)
    counts.evaluated(attributes, 'audit', audit, false)
  }
  if (isRefused) throw admissionForbidden(attributes, told(enforce).replace('violate', 'violates'))
  if (against(warn).length === 0) return
  attributes.warn(`would ${told(warn)}`)
  counts.evaluated(attributes, 'warn', warn, false)
}
