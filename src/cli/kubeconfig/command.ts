import { Command } from 'commander'
import { contextName } from '../../host/cluster/settings.ts'
import { renderKubeconfig } from '../../host/kubeconfig/kubeconfig.ts'
import { administratorAccess } from '../api.ts'
import type { CliContext } from '../context.ts'
import type { ClusterFlags } from '../flags.ts'
import { existingCluster, withCluster, withExamples } from '../flags.ts'
import { addContext } from './user-context.ts'

interface KubeconfigFlags extends ClusterFlags {
  readonly server?: string
  readonly merge?: boolean
}

/** `skiff kubeconfig` */
export function kubeconfigCommand(context: CliContext): Command {
  const command = withCluster(new Command('kubeconfig').description("print the cluster's kubeconfig"))
    .option('--server <url>', "another address of the API, such as a tunnel's")
    .option('--merge', "put it into the user's kubeconfig instead of printing it")
    .action((flags: KubeconfigFlags) => kubeconfig(context, flags))
  return withExamples(command, [
    ['skiff kubeconfig > skiff.yaml', 'a file to hand to another program'],
    ['skiff kubeconfig --merge', 'put the context back that was removed by hand'],
  ])
}

async function kubeconfig(context: CliContext, flags: KubeconfigFlags): Promise<void> {
  const { settings, paths } = existingCluster(flags)
  const access = administratorAccess(context, paths)
  const reached = flags.server === undefined ? access : { ...access, server: flags.server }
  if (flags.merge !== true) return context.out.write(renderKubeconfig(contextName(settings.name), reached))
  const file = await addContext(context, settings.name, paths, reached)
  context.err.write(`context "${contextName(settings.name)}" is in ${file}\n`)
}
