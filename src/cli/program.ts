import { Command, CommanderError, type Option } from 'commander'
import { EXIT, UserError } from '../host/user-error.ts'
import { certsCommand } from './certs/command.ts'
import { completeCommand, completionCommand } from './completion/command.ts'
import type { CliContext } from './context.ts'
import { deleteCommand } from './delete/command.ts'
import { downCommand } from './down/command.ts'
import { hostCommand } from './host/command.ts'
import { imageCommand } from './image/command.ts'
import { kubeconfigCommand } from './kubeconfig/command.ts'
import { logsCommand } from './logs/command.ts'
import { style } from './print.ts'
import { meantFlag } from './suggest.ts'
import { statusCommand } from './status/command.ts'
import { upCommand } from './up/command.ts'
import { versionCommand } from './version/command.ts'

/** What makes a command. */
export type CommandMaker = (context: CliContext) => Command

/** In the order that help shows them: a cluster's life, looking at it, feeding it, the rest. */
const COMMANDS: readonly CommandMaker[] = [
  upCommand,
  downCommand,
  deleteCommand,
  statusCommand,
  logsCommand,
  kubeconfigCommand,
  certsCommand,
  imageCommand,
  hostCommand,
  versionCommand,
]

/** The whole command; `more` are those of other folders, such as the server's. */
export function buildProgram(context: CliContext, more: readonly CommandMaker[]): Command {
  const program = new Command('skiff')
    .description('The whole of Kubernetes in one process.')
    .addHelpText('after', '\nStart here: skiff up\n')
  for (const make of [...COMMANDS, ...more]) program.addCommand(make(context))
  program.addCommand(completionCommand(context))
  program.addCommand(completeCommand(context, program), { hidden: true })
  prepare(program, context)
  return program
}

/** Commander inherits these only when commands are made by it. */
function prepare(command: Command, context: CliContext): void {
  command
    .exitOverride()
    .showHelpAfterError('(add --help to see what can be given)')
    .configureHelp({ showGlobalOptions: true, optionDescription: describeOption })
    .configureOutput({
      writeOut: (text) => context.out.write(text),
      writeErr: (text) => context.err.write(text),
      getOutHasColors: () => context.out.isTerminal,
      getErrHasColors: () => context.err.isTerminal,
    })
  for (const inner of command.commands) prepare(inner, context)
}

/** What it is, what it can be, and what it is unless told. */
function describeOption({ description, argChoices, defaultValue, required, optional }: Option): string {
  const choices = argChoices ? ` [${argChoices.join('|')}]` : ''
  const usual = defaultValue !== undefined && (required || optional) ? ` (${String(defaultValue)})` : ''
  return `${description}${choices}${usual}`
}

/** Runs a command line; resolves to the exit code. Says what went wrong and what to do. */
export async function runProgram(program: Command, context: CliContext, args: readonly string[]): Promise<number> {
  try {
    await program.parseAsync(args, { from: 'user' })
    return EXIT.ok
  } catch (error) {
    if (error instanceof CommanderError) {
      const meant = meantBy(program, args, error)
      if (meant !== undefined) context.err.write(`(Did you mean ${meant}?)\n`)
      return error.exitCode === 0 ? EXIT.ok : EXIT.usage
    }
    if (context.signal.aborted) return INTERRUPTED
    if (error instanceof UserError) {
      context.err.write(describe(context, error))
      return error.exitCode
    }
    throw error
  }
}

function meantBy(program: Command, args: readonly string[], { code, message }: CommanderError): string | undefined {
  const unknown = /unknown option '(--[^']+)'(?!\n\(Did)/.exec(message)?.[1]
  return code === 'commander.unknownOption' && unknown !== undefined ? meantFlag(program, args, unknown) : undefined
}

/** What a shell gives a command that Ctrl-C ended. */
const INTERRUPTED = 130

function describe(context: CliContext, error: UserError): string {
  const cause =
    error.cause instanceof Error && !error.message.includes(error.cause.message) ? `: ${error.cause.message}` : ''
  const hints = error.hints.map((hint) => `  - ${hint}\n`).join('')
  return `${style(context.err, 'red', 'error:')} ${error.message}${cause}\n${hints}`
}
