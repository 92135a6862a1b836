/** What a pod's cgroup or a QoS class's is set to. Absent fields are left to the kernel. */
export interface CgroupLimits {
  readonly cpuShares?: number
  /** CFS quota in µs per period; -1 for none. */
  readonly cpuQuota?: number
  readonly cpuPeriod?: number
  readonly memoryLimitBytes?: number
  readonly pidsMax?: number
}

/** What a cgroup has used. */
export interface CgroupUsage {
  readonly cpuNanoseconds: number
  readonly memoryUsageBytes: number
  /** Without inactive file pages, as upstream counts it. */
  readonly memoryWorkingSetBytes: number
  readonly memoryRssBytes: number
  readonly processes: number
}

/**
 * Control groups by a path from the root of the hierarchy, such as `/kubepods/burstable/pod1234`; the same for v1's many hierarchies
 * and v2's one.
 */
export interface Cgroups {
  readonly version: 1 | 2
  /** Creates it where missing and applies the limits. */
  ensure(path: string, limits: CgroupLimits): Promise<void>
  /** Kills what still runs in it and removes it with all below. One that isn't there is no error. */
  remove(path: string): Promise<void>
  /** The names of the groups directly below. */
  children(path: string): Promise<readonly string[]>
  /** undefined when it isn't there. */
  usage(path: string): Promise<CgroupUsage | undefined>
  /** What the runtime calls this cgroup: a path for cgroupfs, `a-b.slice` for systemd. */
  parentFor(path: string): string
}
