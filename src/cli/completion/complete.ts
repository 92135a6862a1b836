import type { Command, Option } from 'commander'

/**
 * What can stand in place of the last of `words` (the command line after the program's name, the last one perhaps empty).
 * Empty where a file or free text belongs. `clusters` are what --name can be.
 */
export function complete(program: Command, words: readonly string[], clusters: readonly string[]): string[] {
  const typed = words.at(-1) ?? ''
  const { command, open } = walk(program, words.slice(0, -1))
  if (open) return startingWith(typed, open.long === '--name' ? clusters : (open.argChoices ?? []))
  if (typed.startsWith('-')) return startingWith(typed, longFlags(command))
  return startingWith(
    typed,
    command
      .createHelp()
      .visibleCommands(command)
      .map((inner) => inner.name()),
  )
}

/** The command that the words lead to, and the option whose value comes next. */
function walk(program: Command, words: readonly string[]): { command: Command; open: Option | undefined } {
  let command = program
  let open: Option | undefined
  for (const word of words) {
    if (open) open = undefined
    else if (word.startsWith('-')) open = takesValue(command, word)
    else command = command.commands.find((inner) => inner.name() === word) ?? command
  }
  return { command, open }
}

function takesValue(command: Command, word: string): Option | undefined {
  return command.options.find((option) => (option.long === word || option.short === word) && option.required)
}

/** The flags of the command that the words lead to. */
export function flagsAt(program: Command, words: readonly string[]): string[] {
  return longFlags(walk(program, words).command)
}

/** Those too that help does not show: `up` takes the API server's flags. */
function longFlags(command: Command): string[] {
  const options = [...command.options, ...command.createHelp().visibleOptions(command)]
  return [...new Set(options.flatMap((option) => option.long ?? []))]
}

function startingWith(typed: string, candidates: readonly string[]): string[] {
  return candidates.filter((candidate) => candidate.startsWith(typed))
}
