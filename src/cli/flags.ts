import { InvalidArgumentError, Option } from 'commander'
import type { Command } from 'commander'
import { parseDuration } from '../apimachinery/duration/duration.ts'
import { ParseError } from '../apimachinery/parse-error.ts'
import { clusterPaths } from '../host/cluster/paths.ts'
import type { ClusterPaths } from '../host/cluster/paths.ts'
import { DEFAULT_NAME, checkName, defaultDataDir, readSettings } from '../host/cluster/settings.ts'
import type { ClusterSettings } from '../host/cluster/settings.ts'
import { UserError } from '../host/user-error.ts'

/** The flags by which every command names its cluster. */
export interface ClusterFlags {
  readonly name: string
  readonly dataDir: string
}

/** Adds them. */
export function withCluster(command: Command): Command {
  return command
    .option('-n, --name <name>', 'the cluster', DEFAULT_NAME)
    .option('--data-dir <dir>', 'where clusters keep their state ($SKIFF_DATA_DIR)', defaultDataDir())
}

/** A cluster that was made before. */
export interface ExistingCluster {
  readonly settings: ClusterSettings
  readonly paths: ClusterPaths
}

/** The cluster that the flags name, or undefined when there is none. */
export function findCluster({ name, dataDir }: ClusterFlags): ExistingCluster | undefined {
  const paths = clusterPaths(dataDir, checkName(name))
  const settings = readSettings(paths.settings)
  return settings && { settings, paths }
}

/** The cluster that the flags name; a UserError when there is none. */
export function existingCluster(flags: ClusterFlags): ExistingCluster {
  const found = findCluster(flags)
  if (found) return found
  throw new UserError(`there is no cluster "${flags.name}" in ${flags.dataDir}`, {
    hints: [`make it: skiff up${nameFlag(flags.name)}`],
  })
}

/** What a command line needs to name a cluster: nothing for the default one. */
export function nameFlag(name: string): string {
  return name === DEFAULT_NAME ? '' : ` --name ${name}`
}

export type OutputFormat = 'text' | 'json' | 'yaml'

/** Adds -o. */
export function withOutput(command: Command): Command {
  const formats = ['json', 'yaml']
  return command.addOption(new Option('-o, --output <format>', 'print it for programs to read').choices(formats))
}

/** Parses a TCP port. */
export function parsePort(text: string): number {
  const port = Number(text)
  if (/^\d+$/.test(text) && port > 0 && port < 65_536) return port
  throw new InvalidArgumentError('It must be a number from 1 to 65535.')
}

/** Parses a number from 1 on. */
export function parseCount(text: string): number {
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('It must be a number from 1 on.')
}

/** Parses a span such as 90, 90s, 2m or 1h into seconds. */
export function parseSeconds(text: string): number {
  const [, amount, unit = 's'] = /^(\d+(?:\.\d+)?)([smh])?$/.exec(text) ?? []
  if (amount === undefined) throw new InvalidArgumentError('It must be a time such as 30s, 2m or 1h.')
  return Number(amount) * { s: 1, m: 60, h: 3600 }[unit as 's' | 'm' | 'h']
}

/** Parses a level of logging: 0 to 10. */
export function parseLevel(text: string): number {
  if (/^\d$|^10$/.test(text)) return Number(text)
  throw new InvalidArgumentError('It must be a number from 0 to 10.')
}

/** Parses a duration as Go writes it, such as 720h or 1h30m, longer than nothing, into ms. */
export function parseDurationMs(text: string): number {
  try {
    const ms = parseDuration(text)
    if (ms > 0) return ms
  } catch (error) {
    if (!(error instanceof ParseError)) throw error
  }
  throw new InvalidArgumentError('It must be a duration such as 720h or 1h30m.')
}

/** Collects a flag that may be given several times. */
export function collect(value: string, before: readonly string[] = []): string[] {
  return [...before, value]
}

/** Adds examples below a command's help. */
export function withExamples(command: Command, examples: readonly (readonly [line: string, what: string])[]): Command {
  const width = Math.max(...examples.map(([line]) => line.length))
  const lines = examples.map(([line, what]) => `  ${line.padEnd(width)}  ${what}`)
  return command.addHelpText('after', `\nExamples:\n${lines.join('\n')}\n`)
}
