import { resolve } from 'node:path'
import { Option, type Command } from 'commander'
import { collect } from '../flags.ts'
import type { ApiFlag, ApiFlagGroup, GivenApiFlags } from './flag.ts'

const PLACEHOLDERS = {
  text: '<text>',
  file: '<file>',
  boolean: '[true|false]',
  number: '<number>',
  duration: '<duration>',
  list: '<list>',
} as const

/** Adds the API server's flags. Hidden ones are taken, and not shown in help. */
export function withApiFlags(
  command: Command,
  groups: readonly ApiFlagGroup[],
  { hidden = false }: { readonly hidden?: boolean } = {},
): Command {
  for (const { title, flags } of groups) {
    for (const flag of flags) {
      const option = new Option(`--${flag.name} ${PLACEHOLDERS[flag.kind]}`, flag.description)
        .helpGroup(`${title}:`)
        .hideHelp(hidden)
        .argParser(collect)
      command.addOption(flag.kind === 'boolean' ? option.preset('true') : option)
    }
  }
  return command
}

/**
 * Those of them that a command line gives, upon those of the last time. A flag given as nothing (`--audit-policy-file=`) is as if it had
 * never been given.
 */
export function givenApiFlags(
  command: Command,
  groups: readonly ApiFlagGroup[],
  saved: GivenApiFlags = {},
): GivenApiFlags {
  const options = command.opts<Readonly<Record<string, readonly string[] | undefined>>>()
  const now = groups.flatMap(({ flags }) =>
    flags.flatMap((flag) => {
      const values = options[propertyOf(flag)]
      return values ? [[flag.name, values.map((value) => placed(flag, value))] as const] : []
    }),
  )
  const all = Object.entries({ ...saved, ...Object.fromEntries(now) })
  return Object.fromEntries(all.filter(([, values]) => values.some((value) => value !== '')))
}

/** As commander names an option's value. */
function propertyOf({ name }: ApiFlag): string {
  return new Option(`--${name} <value>`).attributeName()
}

function placed({ kind }: ApiFlag, value: string): string {
  return kind === 'file' && value !== '' && value !== '-' ? resolve(value) : value
}
