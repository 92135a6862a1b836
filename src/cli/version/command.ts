import { Command } from 'commander'
import type { CliContext } from '../context.ts'
import type { OutputFormat } from '../flags.ts'
import { withExamples, withOutput } from '../flags.ts'
import { print } from '../print.ts'

/** `skiff version` */
export function versionCommand(context: CliContext): Command {
  const command = withOutput(new Command('version').description('print the versions of Skiff and of what it serves'))
  command.action((flags: { output?: OutputFormat }) => {
    print(context, context.versions, flags.output, ({ skiff, kubernetes, node }) => {
      return `skiff ${skiff}, Kubernetes ${kubernetes}, Node.js ${node}\n`
    })
  })
  return withExamples(command, [['skiff version -o json', 'for a program to read']])
}
