import { Argument, Command } from 'commander'
import { defaultDataDir, listClusters } from '../../host/cluster/settings.ts'
import type { CliContext } from '../context.ts'
import { withExamples } from '../flags.ts'
import { complete } from './complete.ts'

/** Each asks the hidden command `__complete` and falls back to files where that has nothing to say. */
const SCRIPTS: Readonly<Record<string, string>> = {
  bash: `_skiff() {
  local IFS=$'\\n'
  COMPREPLY=($(skiff __complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
  [ \${#COMPREPLY[@]} -gt 0 ] || compopt -o default
}
complete -F _skiff skiff
`,
  zsh: `#compdef skiff
_skiff() {
  local -a found
  found=("\${(@f)$(skiff __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ -n "$found" ]]; then compadd -- "\${found[@]}"; else _files; fi
}
compdef _skiff skiff
`,
  fish: `function __skiff_complete
  set -l words (commandline -opc) (commandline -ct)
  skiff __complete -- $words[2..] 2>/dev/null
end
complete -c skiff -a '(__skiff_complete)'
`,
}

/** `skiff completion` */
export function completionCommand(context: CliContext): Command {
  const command = new Command('completion')
    .description('print what makes a shell complete this command')
    .addArgument(new Argument('<shell>').choices(Object.keys(SCRIPTS)))
    .action((shell: string) => context.out.write(SCRIPTS[shell] ?? ''))
  return withExamples(command, [
    ['source <(skiff completion bash)', 'in ~/.bashrc'],
    ['source <(skiff completion zsh)', 'in ~/.zshrc'],
    ['skiff completion fish | source', 'in ~/.config/fish/config.fish'],
  ])
}

/** `skiff __complete`: what the scripts call. */
export function completeCommand(context: CliContext, program: Command): Command {
  return new Command('__complete').argument('[words...]').action((words: string[]) => {
    const clusters = listClusters(defaultDataDir(context.environment)).map(({ name }) => name)
    context.out.write(
      complete(program, words, clusters)
        .map((word) => `${word}\n`)
        .join(''),
    )
  })
}
