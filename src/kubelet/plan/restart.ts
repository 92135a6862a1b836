import { isSidecar, type Container, type Pod } from '../pod/spec.ts'
import type { ObservedContainer } from '../runtime/observed.ts'

/** Whether any ending of the pod's containers leads to a restart. */
export function restartsOnFailure(pod: Pod): boolean {
  return pod.spec.restartPolicy !== 'Never'
}

/** Whether a container that isn't running is to be started (upstream's ShouldContainerBeRestarted). */
export function shouldStart(pod: Pod, container: Container, last: ObservedContainer | undefined): boolean {
  if (pod.metadata.deletionTimestamp !== undefined) return false
  if (!last) return true
  if (last.state === 'running') return false
  if (last.state !== 'exited') return true
  return restartsAfter(pod, container, last.exitCode)
}

/** Whether an ordinary container that ended so is started again: its restart rules, its own policy, the pod's policy, in that order. */
export function restartsAfter(pod: Pod, container: Container, exitCode: number): boolean {
  if (ruleAfter(container, exitCode)?.action === 'Restart') return true
  const policy = container.restartPolicy ?? pod.spec.restartPolicy ?? 'Always'
  return policy === 'Always' || (policy === 'OnFailure' && exitCode !== 0)
}

/** The same for an init container, which has no business running again once it has succeeded. */
export function initRestartsAfter(pod: Pod, container: Container, exitCode: number): boolean {
  if (isSidecar(container)) return true
  if (exitCode === 0) return false
  if (ruleAfter(container, exitCode)?.action === 'Restart') return true
  return (container.restartPolicy ?? pod.spec.restartPolicy ?? 'Always') !== 'Never'
}

type Rule = NonNullable<Container['restartPolicyRules']>[number]

/** The first rule of a container that holds for an end like this. */
export function ruleAfter(container: Container, exitCode: number): Rule | undefined {
  return container.restartPolicyRules?.find((rule) => matches(rule, exitCode))
}

function matches(rule: Rule, exitCode: number): boolean {
  if (!rule.exitCodes) return false
  const listed = rule.exitCodes.values?.includes(exitCode) ?? false
  return rule.exitCodes.operator === 'NotIn' ? !listed : listed
}
