import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ClusterPaths } from '../../host/cluster/paths.ts'
import { contextName } from '../../host/cluster/settings.ts'
import type { Access } from '../../host/kubeconfig/kubeconfig.ts'
import { currentContext, mergeContext, removeContext } from '../../host/kubeconfig/kubeconfig.ts'
import { changeKubeconfig, userKubeconfig } from '../../host/kubeconfig/user-file.ts'
import { isErrno } from '../../host/user-error.ts'
import type { CliContext } from '../context.ts'

/** Puts the cluster's context into the user's kubeconfig and makes it current. Resolves to the file's path. */
export async function addContext(
  { env, environment }: CliContext,
  name: string,
  paths: ClusterPaths,
  access: Access,
): Promise<string> {
  const file = userKubeconfig(environment)
  const context = contextName(name)
  await changeKubeconfig(env.clock, file, (text) => {
    const before = currentContext(text)
    if (before !== undefined && before !== context) writeFileSync(previousFile(paths), before)
    return mergeContext(text, context, access)
  })
  return file.path
}

/** Takes the cluster's context out again, and makes the one before it current. */
export async function dropContext(
  { env, environment }: CliContext,
  name: string,
  paths: ClusterPaths,
): Promise<boolean> {
  const previous = readPrevious(paths)
  const changed = await changeKubeconfig(env.clock, userKubeconfig(environment), (text) =>
    removeContext(text, contextName(name), previous),
  )
  rmSync(previousFile(paths), { force: true })
  return changed
}

function previousFile(paths: ClusterPaths): string {
  return join(paths.root, 'previous-context')
}

function readPrevious(paths: ClusterPaths): string | undefined {
  try {
    return readFileSync(previousFile(paths), 'utf8')
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return undefined
    throw error
  }
}
