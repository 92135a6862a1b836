import type { Taint } from '../api/generated/types/core/v1.ts'
import type { ClusterDns } from './sandbox/dns.ts'

/** How a node agent is set up. Names and defaults follow upstream's KubeletConfiguration where it has them. */
export interface KubeletConfig {
  readonly nodeName: string
  /** Volumes, checkpoints and the like. */
  readonly rootDir: string
  /** Containers' logs, by pod. */
  readonly podLogsDir: string
  readonly clusterDns: ClusterDns
  /** Where the pods' cgroups are, below the root: `/kubepods`. */
  readonly podsCgroup: string
  readonly maxPods: number
  /** Images pulled at a time. */
  readonly maxParallelImagePulls: number
  readonly seccompDefault: boolean
  /** The node's addresses, where they are not to be found out. */
  readonly nodeIPs?: readonly string[]
  readonly nodeLabels: Readonly<Record<string, string>>
  readonly registerWithTaints: readonly Taint[]
  readonly providerId?: string
  /** Kept back from what pods may use, by resource. */
  readonly reserved: Readonly<Record<string, string>>
  readonly statusReportMs: number
  readonly leaseSeconds: number
  readonly containerLogMaxBytes: number
  readonly containerLogMaxFiles: number
  /** The kubelet server's port, as the node tells it. */
  readonly port: number
  /** Whether the node's own logs can be read through its server. */
  readonly enableSystemLogHandler: boolean
  /** A folder of pod manifests to run without the API. */
  readonly staticPodPath?: string
  /** `v1.36.0`. */
  readonly version: string
  /** How often to look at everything the runtime has, in case an event was missed. 0: never. */
  readonly relistMs: number
  /** Whether the node is looked at for what no event tells: full disks, scarce memory, long logs. */
  readonly housekeeping: boolean
  /** Pods that may be set up at a time: more would only queue in the runtime. */
  readonly maxParallelStarts: number
}

/** What holds unless told otherwise. */
export function defaultConfig(nodeName: string): KubeletConfig {
  return {
    nodeName,
    rootDir: '/var/lib/kubelet',
    podLogsDir: '/var/log/pods',
    clusterDns: { domain: 'cluster.local', servers: [] },
    podsCgroup: '/kubepods',
    maxPods: 110,
    maxParallelImagePulls: 5,
    seccompDefault: false,
    nodeLabels: {},
    registerWithTaints: [],
    reserved: {},
    statusReportMs: 5 * 60_000,
    leaseSeconds: 40,
    containerLogMaxBytes: 10 * 1024 ** 2,
    containerLogMaxFiles: 5,
    port: 10250,
    enableSystemLogHandler: true,
    version: 'v1.36.0',
    relistMs: 5 * 60_000,
    housekeeping: true,
    maxParallelStarts: 12,
  }
}
