import type { Env } from '../../lib/env.ts'
import type { CgroupDriver } from '../cri/cgroup-driver.ts'
import type { Host } from '../host/host.ts'
import { linuxCgroups } from './cgroups.ts'
import { linuxFiles } from './files.ts'
import { linuxMachine } from './machine.ts'
import { linuxMounts } from './mounts.ts'
import { linuxNetwork } from './network.ts'

/** This machine. `cgroupDriver`: which one the runtime has been set up with. */
export function linuxHost(env: Env, cgroupDriver: CgroupDriver = 'cgroupfs'): Host {
  const cgroups = linuxCgroups(env.clock, cgroupDriver)
  return {
    files: linuxFiles,
    mounts: linuxMounts,
    cgroups,
    network: linuxNetwork,
    machine: linuxMachine(cgroups.version),
  }
}
