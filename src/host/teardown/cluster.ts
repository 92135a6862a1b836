import { rmSync } from 'node:fs'
import type { Env } from '../../lib/env.ts'
import { removeForwarding } from '../network/forwarding.ts'
import type { ClusterPaths } from '../cluster/paths.ts'
import type { ClusterSettings } from '../cluster/settings.ts'
import { hostNames } from '../cluster/host-names.ts'
import { identify } from '../cluster/process-file.ts'
import { stopContainerd } from '../containerd/supervise.ts'
import { processesIn, removeCgroup } from './cgroups.ts'
import { unmountBelow } from './mounts.ts'
import { removeLink, removeTables } from './network.ts'
import { killAll, shimsOf } from './processes.ts'

/**
 * Takes away all that a cluster with real containers left on the machine but its state. Its server must have ended and
 * its containers been asked to stop; whatever still runs is ended here. Can be called again after it failed.
 */
export async function tearDown(env: Env, paths: ClusterPaths, settings: ClusterSettings): Promise<void> {
  const { cgroup, bridge, tablePrefix } = hostNames(paths)
  if (settings.containerRuntimeEndpoint === undefined) {
    await stopContainerd(env, paths)
    await killAll(env.clock, shimsOf(paths.containerd.socket))
    await killAll(
      env.clock,
      processesIn(cgroup).flatMap((pid) => identify(pid) ?? []),
    )
    // Tasks, their sockets and network namespaces are all gone now; containerd starts the cleaner without them.
    await unmountBelow(paths.root)
    rmSync(paths.containerd.state, { recursive: true, force: true })
    rmSync(paths.cni.addresses, { recursive: true, force: true })
    await removeLink(bridge)
    await removeForwarding(bridge)
  }
  await unmountBelow(paths.root)
  await removeTables(tablePrefix)
  await removeCgroup(env.clock, cgroup)
}
