/** What is known of the machine. */
export interface Machine {
  readonly hostname: string
  /** Go's name of the architecture: `amd64`, `arm64`. */
  readonly architecture: string
  readonly kernelVersion: string
  readonly osImage: string
  readonly machineId: string
  readonly systemUuid: string
  readonly bootId: string
  readonly cpus: number
  readonly memoryBytes: number
  readonly swapBytes: number
  /** Bytes of each page size, and how many are set aside: `{ size: 2097152, count: 0 }`. */
  readonly hugePages: readonly { readonly size: number; readonly count: number }[]
  /** The addresses to be reached by, the preferred first; at most one per family. */
  addresses(): Promise<readonly string[]>
  memory(): Promise<{ readonly availableBytes: number; readonly usageBytes: number; readonly workingSetBytes: number }>
  /** Whether AppArmor profiles can be applied. */
  readonly appArmor: boolean
  /** Whether this process may lower oom_score_adj of what it starts (CAP_SYS_RESOURCE). */
  readonly mayLowerOomScore: boolean
  /** The oom_score_adj that this process has. */
  readonly oomScoreAdj: number
  /** The resolver configuration that pods with dnsPolicy Default inherit (resolv.conf). */
  resolvConf(): Promise<string>
}
