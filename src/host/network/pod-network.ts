import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { ClusterPaths } from '../cluster/paths.ts'
import { writeFileAtomic } from '../files.ts'

/** How pods of this node are connected. */
export interface PodNetwork {
  /** The Linux bridge that this node's pods hang on. */
  readonly bridge: string
  /** The addresses of this node's pods, such as 10.244.0.0/24. */
  readonly nodeCidr: string
}

/** Writes the CNI configuration that containerd reads. */
export function writePodNetwork(paths: ClusterPaths, network: PodNetwork): void {
  mkdirSync(paths.cni.configs, { recursive: true, mode: 0o700 })
  const config = `${JSON.stringify(conflist(network, paths.cni.addresses), null, 2)}\n`
  writeFileAtomic(join(paths.cni.configs, '10-skiff.conflist'), config, { mode: 0o600 })
}

/**
 * The CNI configuration list: a bridge with addresses from host-local. Masquerading and host ports are left to the service
 * proxy's nft table, where they cost no iptables chains for each pod.
 */
export function conflist({ bridge, nodeCidr }: PodNetwork, addresses: string): object {
  const ipam = { type: 'host-local', ranges: [[{ subnet: nodeCidr }]], dataDir: addresses }
  return {
    cniVersion: '1.0.0',
    name: bridge,
    plugins: [{ type: 'bridge', bridge, isDefaultGateway: true, hairpinMode: true, ipMasq: false, ipam }],
  }
}
