import type {
  Job,
  PodFailurePolicyOnExitCodesRequirement,
  PodFailurePolicyRule,
} from '../../api/generated/types/batch/v1.ts'
import type { ContainerStatus, Pod } from '../../api/generated/types/core/v1.ts'
import type { Frozen } from '../../apimachinery/meta.ts'
import { countCommon, countIndexes, parseIndexes, type Indexes } from './indexes.ts'

/** What a Job's pod failure policy makes of a failed pod. */
export interface FailureMatch {
  readonly action: 'FailJob' | 'FailIndex' | 'Ignore' | 'Count' | undefined
  /** Whether it counts against the limits. */
  readonly counts: boolean
  /** For FailJob: why. */
  readonly message?: string
}

const COUNTED: FailureMatch = { action: undefined, counts: true }

/** The first rule that matches decides; without one, the failure counts. */
export function matchFailurePolicy({ spec }: Frozen<Job>, pod: Frozen<Pod>): FailureMatch {
  for (const [index, rule] of (spec.podFailurePolicy?.rules ?? []).entries()) {
    const what = matchRule(rule, pod)
    if (what === undefined) continue
    const { action } = rule
    if (action === 'Ignore') return { action, counts: false }
    if (action === 'FailIndex' || action === 'Count') return { action, counts: true }
    if (action === 'FailJob')
      return { action, counts: true, message: `${what} matching ${action} rule at index ${index}` }
  }
  return COUNTED
}

/** What of the pod the rule matches, in words; undefined when nothing does. */
function matchRule(
  { onExitCodes, onPodConditions }: Frozen<PodFailurePolicyRule>,
  { metadata, status }: Frozen<Pod>,
): string | undefined {
  const name = `${metadata.namespace}/${metadata.name}`
  if (onExitCodes) {
    const all = [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? [])]
    const container = all.find((candidate) => matchesExitCode(onExitCodes, candidate))
    const code = container?.state?.terminated?.exitCode
    return container && `Container ${container.name} for pod ${name} failed with exit code ${code}`
  }
  const condition = status?.conditions?.find(({ type, status: is }) =>
    onPodConditions?.some((pattern) => pattern.type === type && (pattern.status ?? 'True') === is),
  )
  return condition && `Pod ${name} has condition ${condition.type}`
}

function matchesExitCode(
  { containerName, operator, values }: Frozen<PodFailurePolicyOnExitCodesRequirement>,
  { name, state }: Frozen<ContainerStatus>,
): boolean {
  const code = state?.terminated?.exitCode
  if (code === undefined || code === 0 || (containerName !== undefined && containerName !== name)) return false
  return operator === 'In' ? values.includes(code) : operator === 'NotIn' && !values.includes(code)
}

/** Why the Job counts as successful by its success policy; undefined when it does not (yet). */
export function matchSuccessPolicy({ spec }: Frozen<Job>, succeeded: Indexes): string | undefined {
  if (succeeded.length === 0) return undefined
  const index = (spec.successPolicy?.rules ?? []).findIndex(({ succeededIndexes, succeededCount }) => {
    if (succeededIndexes === undefined) return succeededCount !== undefined && countIndexes(succeeded) >= succeededCount
    const needed = parseIndexes(succeededIndexes, spec.completions ?? 0)
    if (needed.length === 0) return false
    const common = countCommon(needed, succeeded)
    return common === countIndexes(needed) || (succeededCount !== undefined && common >= succeededCount)
  })
  return index < 0 ? undefined : `Matched rules at index ${index}`
}
