import { Command } from 'commander'
import { defaultDataDir } from '../../host/cluster/settings.ts'
import { gatherFacts } from '../../host/preflight/facts.ts'
import { planContainers } from '../../host/preflight/plan.ts'
import type { HostPlan } from '../../host/preflight/plan.ts'
import { EXIT, UserError } from '../../host/user-error.ts'
import type { CliContext } from '../context.ts'
import type { OutputFormat } from '../flags.ts'
import { withExamples, withOutput } from '../flags.ts'
import { print } from '../print.ts'
import { Progress } from '../progress.ts'
import { prepareHost } from '../up/prepare-host.ts'

/** `skiff host` */
export function hostCommand(context: CliContext): Command {
  const command = new Command('host').description('look at this machine, and prepare it for containers')
  command.addCommand(checkCommand(context)).addCommand(installCommand(context))
  return withExamples(command, [
    ['skiff host check', 'say in one list what is missing'],
    ['skiff host install', 'install it, without starting a cluster'],
  ])
}

function checkCommand(context: CliContext): Command {
  const command = withOutput(new Command('check').description('say what this machine lacks for real containers'))
  return command.action((flags: { output?: OutputFormat }) => {
    const plan = planContainers(gatherFacts(defaultDataDir(context.environment)))
    const { blockers, missing, warnings, packages } = plan
    const command = plan.installCommand
    print(
      context,
      { blockers, missing, warnings, packages, ...(command && { installCommand: command }) },
      flags.output,
      () => describe(plan),
    )
    if (blockers.length + missing.length > 0) {
      throw new UserError('this machine is not ready for containers', { exitCode: EXIT.hostNotReady })
    }
  })
}

function installCommand(context: CliContext): Command {
  const command = new Command('install').description(
    'install what is missing, with apt-get as root on Debian and Ubuntu',
  )
  return command.option('--quiet', 'say nothing when all is there').action(async (flags: { quiet?: boolean }) => {
    const progress = new Progress(context.env.clock, context.err)
    const dataDir = defaultDataDir(context.environment)
    await prepareHost(context, progress, { dataDir, settings: { runtime: 'containerd' }, install: true })
    if (flags.quiet !== true) progress.done('host', 'has what clusters need')
  })
}

function describe({ blockers, missing, warnings, installCommand }: HostPlan): string {
  const lines = [...blockers, ...missing].map(({ what, todo }) => `missing: ${what}${todo ? ` (${todo})` : ''}\n`)
  const notes = warnings.map(({ what }) => `note: ${what}\n`)
  const command = installCommand === undefined ? '' : `install it all: ${installCommand}\n`
  return [...lines, ...notes, command].join('') || 'this machine has what clusters need\n'
}
