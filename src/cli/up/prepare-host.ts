import { gatherFacts } from '../../host/preflight/facts.ts'
import type { HostFacts } from '../../host/preflight/facts.ts'
import { installPackages } from '../../host/preflight/install.ts'
import { planContainers, planSimulated } from '../../host/preflight/plan.ts'
import type { Finding, HostPlan } from '../../host/preflight/plan.ts'
import { EXIT, UserError } from '../../host/user-error.ts'
import type { ClusterSettings } from '../../host/cluster/settings.ts'
import type { CliContext } from '../context.ts'
import type { Progress } from '../progress.ts'

export interface PrepareOptions {
  readonly dataDir: string
  readonly settings: Pick<ClusterSettings, 'runtime' | 'containerRuntimeEndpoint'>
  /** Whether packages may be installed. */
  readonly install: boolean
}

/** Sees to it that the machine can run the cluster, or throws a UserError with everything that is missing in one list. */
export async function prepareHost(context: CliContext, progress: Progress, options: PrepareOptions): Promise<void> {
  const plan = planFor(options, gatherFacts(options.dataDir))
  if (plan.blockers.length > 0) throw notReady([...plan.blockers, ...missingWithCommand(plan)])
  if (plan.missing.length === 0) return plan.warnings.forEach(({ what }) => progress.note(what))
  if (!options.install || !plan.canInstall) throw notReady(missingWithCommand(plan))
  await progress.step('host', async (note) => {
    note(`apt-get installs ${plan.packages.join(', ')}`)
    await installPackages({ packages: plan.packages, onLine: note, signal: context.signal })
    return `installed ${plan.packages.join(', ')}`
  })
  const left = planFor(options, gatherFacts(options.dataDir))
  if (left.missing.length > 0) throw notReady(missingWithCommand(left))
}

function planFor({ settings }: PrepareOptions, facts: HostFacts): HostPlan {
  if (settings.runtime === 'simulated') return planSimulated(facts)
  const plan = planContainers(facts)
  // Somebody else runs containerd then, and sees to its programs and plugins.
  const foreign = settings.containerRuntimeEndpoint !== undefined
  return foreign ? { ...plan, missing: plan.missing.filter(({ what }) => /^(nft|conntrack|ip),/.test(what)) } : plan
}

/** What is missing, and the one command that brings it all. */
function missingWithCommand({ missing, installCommand }: HostPlan): Finding[] {
  if (missing.length === 0) return []
  const todo = installCommand === undefined ? 'install what is missing' : `install it all: ${installCommand}`
  return [...missing, { what: '', todo }]
}

function notReady(findings: readonly Finding[]): UserError {
  const hints = findings.map(({ what, todo }) => [what, todo].filter(Boolean).join(': '))
  return new UserError('this machine is not ready for containers', { hints, exitCode: EXIT.hostNotReady })
}
