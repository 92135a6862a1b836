import { spawn } from 'node:child_process'
import type { ServicePort, Target } from './plan/service-ports.ts'

/** A UDP flow that the kernel would go on sending to an endpoint that is gone. */
export interface StaleFlow {
  /** The address and port that clients use; the address is absent for node ports. */
  readonly address: string | undefined
  readonly port: number
  /** The endpoint that is gone; absent when the flow was refused because there was none at all. */
  readonly endpoint: string | undefined
}

/**
 * UDP has no connections that end, so flows to endpoints that are gone, or that were refused while there was none, must be forgotten. Pure.
 */
export function staleFlows(before: readonly ServicePort[], after: readonly ServicePort[]): StaleFlow[] {
  const stale: StaleFlow[] = []
  for (const old of before.filter((port) => port.protocol === 'udp')) {
    const now = after.find((port) => port.id === old.id && port.protocol === 'udp')
    const kept = new Set((now?.cluster ?? []).map(addressOf))
    const gone = old.cluster.filter((target) => !kept.has(addressOf(target))).map(({ ip }) => ip)
    const revived = old.cluster.length === 0 && kept.size > 0
    for (const endpoint of revived ? [undefined] : gone) {
      for (const address of [old.clusterIP, ...old.externalIPs]) stale.push({ address, port: old.port, endpoint })
      if (old.nodePort !== undefined) stale.push({ address: undefined, port: old.nodePort, endpoint })
    }
  }
  return stale
}

function addressOf({ ip, port }: Target): string {
  return `${ip}:${port}`
}

/** Deletes a flow with the `conntrack` program. Resolves also when there was none; rejects when the program cannot run. */
export function forgetFlow({ address, port, endpoint }: StaleFlow): Promise<void> {
  const args = ['-D', '-p', 'udp', '--orig-port-dst', String(port)]
  if (address !== undefined) args.push('--orig-dst', address)
  if (endpoint !== undefined) args.push('--dst-nat', endpoint)
  return new Promise((resolve, reject) => {
    const child = spawn('conntrack', args, { stdio: 'ignore' })
    child.on('error', reject)
    // Exit code 1 says that no flow matched.
    child.on('close', () => resolve())
  })
}
