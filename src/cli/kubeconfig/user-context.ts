import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { ClusterPaths } from '../../host/cluster/paths.ts'
import { contextName } from '../../host/cluster/settings.ts'
import { writeFileAtomic } from '../../host/files.ts'
import type { Access } from '../../host/kubeconfig/kubeconfig.ts'
import { currentContext, mergeContext, removeContext } from '../../host/kubeconfig/kubeconfig.ts'
import { changeKubeconfig, userKubeconfig } from '../../host/kubeconfig/user-file.ts'
import { isErrno } from '../../host/user-error.ts'
import type { CliContext } from '../context.ts'

/** Where a cluster's context was put, by path, and which context was current there before. */
type Merged = Record<string, { previous?: string }>

/** Puts the cluster's context into the user's kubeconfig and makes it current. Resolves to the file's path. */
export async function addContext(
  { env, environment }: CliContext,
  name: string,
  paths: ClusterPaths,
  access: Access,
): Promise<string> {
  const file = userKubeconfig(environment)
  const context = contextName(name)
  const merged = readMerged(paths)
  await changeKubeconfig(env.clock, file, (text) => {
    const before = currentContext(text)
    if (before !== context) merged[file.path] = before === undefined ? {} : { previous: before }
    return mergeContext(text, context, access)
  })
  merged[file.path] ??= {}
  writeFileAtomic(mergedFile(paths), JSON.stringify(merged), { mode: 0o600 })
  return file.path
}

/** Takes the cluster's context out of every kubeconfig that it was put into, and makes the one before it current. */
export async function dropContext({ env }: CliContext, name: string, paths: ClusterPaths): Promise<readonly string[]> {
  const dropped: string[] = []
  for (const [path, { previous }] of Object.entries(readMerged(paths))) {
    const change = (text: string): string | undefined => removeContext(text, contextName(name), previous)
    if (await changeKubeconfig(env.clock, { path }, change)) dropped.push(path)
  }
  rmSync(mergedFile(paths), { force: true })
  return dropped
}

function mergedFile(paths: ClusterPaths): string {
  return join(paths.root, 'contexts.json')
}

function readMerged(paths: ClusterPaths): Merged {
  try {
    return JSON.parse(readFileSync(mergedFile(paths), 'utf8')) as Merged
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return {}
    throw error
  }
}
