import type { Env } from '../../lib/env.ts'
import type { Cgroups } from '../host/cgroups.ts'
import type { Host } from '../host/host.ts'
import type { Machine } from '../host/machine.ts'
import type { Mounts } from '../host/mounts.ts'
import type { PodNetwork } from '../host/network.ts'
import { SimulatedFiles } from './files.ts'

/** How large a simulated machine is. */
export interface SimulatedMachine {
  readonly cpus: number
  readonly memoryBytes: number
}

/** A machine in memory, whose files keep nothing but logs and whose mounts and cgroups are none. */
export function simulatedHost(
  env: Env,
  nodeName: string,
  size: SimulatedMachine,
): Host & { readonly files: SimulatedFiles } {
  return {
    files: new SimulatedFiles(() => env.clock.now()),
    mounts: noMounts,
    cgroups: noCgroups,
    network: healthyNetwork,
    machine: machineOf(nodeName, size),
  }
}

const nothing = (): Promise<void> => Promise.resolve()

const noMounts: Mounts = {
  tmpfs: nothing,
  device: nothing,
  bindSubPath: nothing,
  makeShared: nothing,
  unmount: nothing,
  unmountTree: nothing,
  below: () => Promise.resolve([]),
}

const noCgroups: Cgroups = {
  version: 2,
  ensure: nothing,
  remove: nothing,
  children: () => Promise.resolve([]),
  usage: () => Promise.resolve(undefined),
  parentFor: (path) => path,
}

/** Whatever is asked answers well: probes go by scripts instead, see `probes.ts`. */
const healthyNetwork: PodNetwork = {
  http: () => Promise.resolve({ status: 200, body: 'ok' }),
  tcp: nothing,
  grpcHealth: () => Promise.resolve('SERVING'),
}

function machineOf(nodeName: string, { cpus, memoryBytes }: SimulatedMachine): Machine {
  return {
    hostname: nodeName,
    architecture: 'amd64',
    kernelVersion: 'simulated',
    osImage: 'Simulated',
    machineId: nodeName,
    systemUuid: nodeName,
    bootId: nodeName,
    cpus,
    memoryBytes,
    swapBytes: 0,
    hugePages: [],
    addresses: () => Promise.resolve([]),
    memory: () => Promise.resolve({ availableBytes: memoryBytes, usageBytes: 0, workingSetBytes: 0 }),
    appArmor: false,
    mayLowerOomScore: true,
    oomScoreAdj: 0,
    resolvConf: () => Promise.resolve(''),
  }
}
