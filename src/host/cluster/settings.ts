import { mkdirSync, readFileSync, readdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { writeFileAtomic } from '../files.ts'
import { UserError, EXIT, isErrno } from '../user-error.ts'
import type { EtcdSettings } from './etcd-settings.ts'

export type RuntimeKind = 'containerd' | 'simulated'

/** What a cluster was made with. Remembered beside its state, so that a later `up` needs no flags. */
export interface ClusterSettings {
  readonly name: string
  readonly apiPort: number
  readonly podCidr: string
  readonly serviceCidr: string
  readonly clusterDomain: string
  readonly nodeName: string
  /** How many nodes are simulated; 1 with real containers. */
  readonly nodes: number
  readonly runtime: RuntimeKind
  /** A CRI socket that somebody else keeps running; Skiff then starts no containerd of its own. */
  readonly containerRuntimeEndpoint?: string
  /** A folder whose manifests are applied and kept applied. */
  readonly manifests?: string
  /** Where the cluster's state is; in this machine's own store when absent. */
  readonly etcd?: EtcdSettings
  /** The API server's own flags, by name, as they were given. */
  readonly apiFlags?: Readonly<Record<string, readonly string[]>>
}

/** The settings that cannot change once pods and Services have addresses. */
export const FIXED_SETTINGS = ['podCidr', 'serviceCidr', 'clusterDomain', 'nodeName', 'runtime'] as const

export const DEFAULT_NAME = 'skiff'
const NAME = /^[a-z0-9]([-a-z0-9]{0,30}[a-z0-9])?$/

/** Where clusters keep their state unless told: /var/lib/skiff for root, the user's data folder for others. */
export function defaultDataDir(env: NodeJS.ProcessEnv = process.env, uid = process.getuid?.() ?? 0): string {
  if (env.SKIFF_DATA_DIR) return env.SKIFF_DATA_DIR
  if (uid === 0) return '/var/lib/skiff'
  return join(env.XDG_DATA_HOME || join(homedir(), '.local/share'), 'skiff')
}

/** Refuses a name that could not stand in a path, a context or a cgroup. */
export function checkName(name: string): string {
  if (NAME.test(name)) return name
  throw new UserError(`"${name}" cannot name a cluster`, {
    hints: ['use up to 32 lower-case letters, digits and dashes, such as dev-2'],
    exitCode: EXIT.usage,
  })
}

/** The kubeconfig context of a cluster: `skiff`, or `skiff-<name>` for one that was given another name. */
export function contextName(name: string): string {
  return name === DEFAULT_NAME ? DEFAULT_NAME : `${DEFAULT_NAME}-${name}`
}

/** The settings of a cluster that was made before, or undefined. */
export function readSettings(file: string): ClusterSettings | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as ClusterSettings
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return undefined
    throw new UserError(`cannot read the cluster's settings in ${file}`, { cause: error })
  }
}

/** Remembers them. */
export function writeSettings(file: string, settings: ClusterSettings): void {
  mkdirSync(join(file, '..'), { recursive: true, mode: 0o700 })
  writeFileAtomic(file, `${JSON.stringify(settings, null, 2)}\n`, { mode: 0o600 })
}

/** The settings of all clusters below a data folder. */
export function listClusters(dataDir: string): ClusterSettings[] {
  try {
    const names = readdirSync(dataDir, { withFileTypes: true }).filter((entry) => entry.isDirectory())
    return names.flatMap((entry) => readSettings(join(dataDir, entry.name, 'cluster.json')) ?? [])
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'EACCES')) return []
    throw error
  }
}
