import { createHash } from 'node:crypto'
import { basename } from 'node:path'
import type { ClusterPaths } from './paths.ts'

/** What a cluster's things are called on the machine. No two clusters share a name, wherever their state lies. */
export interface HostNames {
  /** The Linux bridge of its pods: 15 characters at most. */
  readonly bridge: string
  /** The cgroup of its pods and its containerd, below the root of each hierarchy. */
  readonly cgroup: string
  /** How the names of all its nft tables begin; none begins another's. */
  readonly tablePrefix: string
}

const DEFAULT_ROOT = '/var/lib/skiff'

/** The names that follow from where a cluster's state lies. */
export function hostNames({ root }: Pick<ClusterPaths, 'root'>): HostNames {
  const name = basename(root)
  const id = root === `${DEFAULT_ROOT}/${name}` ? name : `${name}-${digest(root, 6)}`
  return {
    bridge: id === 'skiff' ? 'skiff0' : `skiff-${digest(id, 8)}`,
    cgroup: `skiff/${id}`,
    tablePrefix: `skiff_${id}_`,
  }
}

function digest(text: string, length: number): string {
  return createHash('sha256').update(text).digest('hex').slice(0, length)
}
