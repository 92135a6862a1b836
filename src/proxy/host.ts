import { existsSync, writeFileSync } from 'node:fs'
import type { Logger } from '../lib/log.ts'
import { forgetFlow } from './conntrack.ts'
import { HealthCheckServers } from './health-check.ts'
import type { TableOptions } from './nft/ruleset.ts'
import { NftError, runNft } from './nft/run.ts'
import type { ProxyHost } from './proxy.ts'

/** The Linux host: nftables, conntrack, and the kernel settings that Services need. */
export function linuxProxyHost(bridge: string, log: Logger): ProxyHost {
  const healthChecks = new HealthCheckServers(log)
  let bridgeIsReady = false
  return {
    async applyRules(script) {
      // The bridge comes with the first pod.
      bridgeIsReady ||= allowLoopbackToPods(bridge)
      await runNft(script)
    },
    async forgetFlow(flow) {
      try {
        await forgetFlow(flow)
      } catch (err) {
        log.warn('old UDP flows stay: the conntrack program cannot run', { err })
      }
    },
    setHealthChecks: (wanted) => healthChecks.update(wanted),
  }
}

/** Lets `localhost:<nodePort>` reach pods: the kernel otherwise drops packets from 127.0.0.1 that leave by another interface. */
function allowLoopbackToPods(bridge: string): boolean {
  const setting = `/proc/sys/net/ipv4/conf/${bridge}/route_localnet`
  if (!existsSync(setting)) return false
  writeFileSync(setting, '1')
  return true
}

/** Kernel settings without which pods cannot reach each other through Services. Throws with the setting's name when one is refused. */
export function prepareKernel(): void {
  setKernel('/proc/sys/net/ipv4/ip_forward', '1')
  // Answers between pods of one bridge pass by connection tracking only with this; absent where the module is not loaded.
  setKernel('/proc/sys/net/bridge/bridge-nf-call-iptables', '1', true)
}

function setKernel(path: string, value: string, optional = false): void {
  if (optional && !existsSync(path)) return
  try {
    writeFileSync(path, value)
  } catch (cause) {
    throw new Error(`${path} cannot be set to ${value}`, { cause })
  }
}

/** Takes the table away, with everything in it. Nothing happens when there is none. */
export async function removeTable({ family, table }: Pick<TableOptions, 'family' | 'table'>): Promise<void> {
  try {
    await runNft(`add table ${family} ${table}\ndelete table ${family} ${table}\n`)
  } catch (error) {
    if (
      error instanceof NftError &&
      error.cause instanceof Error &&
      'code' in error.cause &&
      error.cause.code === 'ENOENT'
    )
      return
    throw error
  }
}
