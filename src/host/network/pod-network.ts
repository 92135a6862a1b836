import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ClusterPaths } from '../cluster/paths.ts'
import { writeFileAtomic } from '../files.ts'
import { runCommand } from '../run-command.ts'

/** How pods of this node are connected. */
export interface PodNetwork {
  /** The Linux bridge that this node's pods hang on. */
  readonly bridge: string
  /** The addresses of this node's pods, such as 10.244.0.0/24. */
  readonly nodeCidr: string
  /** The addresses of all pods of the cluster. */
  readonly clusterCidr: string
  /** The nft table that holds the masquerading rule; the cluster's own. */
  readonly table: string
}

const CONFIG_FILE = '10-skiff.conflist'
const FORWARDING = '/proc/sys/net/ipv4/ip_forward'

/** Writes the CNI configuration that containerd reads, and lets pods reach the world. */
export async function setUpPodNetwork(paths: ClusterPaths, network: PodNetwork): Promise<void> {
  mkdirSync(paths.cni.configs, { recursive: true, mode: 0o700 })
  const config = `${JSON.stringify(conflist(network, paths.cni.addresses), null, 2)}\n`
  writeFileAtomic(join(paths.cni.configs, CONFIG_FILE), config, { mode: 0o600 })
  if (readFileSync(FORWARDING, 'utf8').trim() === '0') writeFileSync(FORWARDING, '1')
  await runCommand('nft', ['-f', '-'], { input: masqueradeRules(network) })
}

/**
 * The CNI configuration list: a bridge with addresses from host-local, and host ports by portmap. Masquerading is left
 * to one nft rule of ours instead of one iptables chain for each pod.
 */
export function conflist(network: PodNetwork, addresses: string): object {
  return {
    cniVersion: '1.0.0',
    name: network.bridge,
    plugins: [
      {
        type: 'bridge',
        bridge: network.bridge,
        isDefaultGateway: true,
        hairpinMode: true,
        ipMasq: false,
        ipam: { type: 'host-local', ranges: [[{ subnet: network.nodeCidr }]], dataDir: addresses },
      },
      { type: 'portmap', capabilities: { portMappings: true } },
    ],
  }
}

/** What leaves the pod network takes the node's address. The table is replaced in one transaction. */
export function masqueradeRules({ table, clusterCidr }: PodNetwork): string {
  return `table ip ${table}
delete table ip ${table}
table ip ${table} {
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr ${clusterCidr} ip daddr != ${clusterCidr} fib daddr type != multicast masquerade
  }
}
`
}
