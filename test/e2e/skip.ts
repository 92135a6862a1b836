import { gatherFacts } from '../../src/host/preflight/facts.ts'
import { planContainers } from '../../src/host/preflight/plan.ts'

/** Why tests with real containers cannot run here, or false when they can: what node:test takes as `skip`. */
export function noContainers(): string | false {
  const { blockers, missing } = planContainers(gatherFacts('/var/lib'))
  const [first] = [...blockers, ...missing]
  return first === undefined ? false : first.what
}
