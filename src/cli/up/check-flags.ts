import type { ClusterSettings } from '../../host/cluster/settings.ts'
import { EXIT, UserError } from '../../host/user-error.ts'
import type { GivenApiFlags } from '../api-flags/flag.ts'
import type { CliContext } from '../context.ts'
import { nameFlag } from '../flags.ts'

/** Throws a UserError, with what to do, when a server could not start with the API server's flags. `saved` are those of the last time. */
export async function checkFlags(
  context: CliContext,
  { apiFlags = {}, clusterDomain }: ClusterSettings,
  saved: ClusterSettings | undefined,
): Promise<void> {
  if (Object.keys(apiFlags).length === 0) return
  try {
    await context.checkApiFlags(apiFlags, { clusterDomain })
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    const { message, cause, exitCode, hints } = error
    throw new UserError(message, { cause, exitCode, hints: [...hints, ...hintsOf(apiFlags, saved?.apiFlags ?? {})] })
  }
}

function hintsOf(given: GivenApiFlags, saved: GivenApiFlags): readonly string[] {
  const remembered = Object.keys(given).filter((name) => isSame(given[name], saved[name]))
  const forget = remembered.map((name) => `--${name}=`).join(' ')
  return [
    'nothing was started or changed; what each flag takes: skiff server --help',
    ...(forget === '' ? [] : [`the cluster remembers flags of the last time; any of these forgets one: ${forget}`]),
  ]
}

/** Throws a UserError when a cluster that runs was started with other settings. */
export function demandSame(settings: ClusterSettings, saved: ClusterSettings): void {
  const { apiFlags: flags = {}, ...others } = settings
  const { apiFlags: savedFlags = {}, ...savedOthers } = saved
  const changed = [
    ...changes(others, savedOthers).map(flagOf),
    ...changes(flags, savedFlags).map((name) => `--${name}`),
  ]
  if (changed.length === 0) return
  const flag = nameFlag(settings.name)
  throw new UserError(`cluster "${settings.name}" is running already, without the new ${changed.join(', ')}`, {
    hints: [`stop it, which keeps its state, and start it with them: skiff down${flag}`],
    exitCode: EXIT.usage,
  })
}

type Values = Readonly<Record<string, unknown>>

function changes(now: object, before: object): string[] {
  const [wanted, had] = [now, before] as [Values, Values]
  return [...new Set([...Object.keys(wanted), ...Object.keys(had)])].filter((name) => !isSame(wanted[name], had[name]))
}

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}

/** The flag that a setting is given by. */
function flagOf(setting: string): string {
  return `--${setting === 'etcd' ? 'etcd-servers' : setting.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
}
