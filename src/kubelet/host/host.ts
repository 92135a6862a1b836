import type { Cgroups } from './cgroups.ts'
import type { Files } from './files.ts'
import type { Machine } from './machine.ts'
import type { Mounts } from './mounts.ts'
import type { PodNetwork } from './network.ts'

/**
 * Everything of the machine that the node agent touches besides the container runtime. `../linux` is the real one; `../simulated` has one
 * in memory, so that the agent itself stays pure.
 */
export interface Host {
  readonly files: Files
  readonly mounts: Mounts
  readonly cgroups: Cgroups
  readonly network: PodNetwork
  readonly machine: Machine
}
