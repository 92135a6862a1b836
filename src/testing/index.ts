import { Cluster, type ClusterOptions } from './cluster.ts'

export { Cluster, type ClusterOptions } from './cluster.ts'
export type { Fault } from './faults.ts'

/**
 * Starts a whole control plane inside this process: API server, controllers, scheduler and simulated nodes, in milliseconds.
 *
 * ```ts
 * await using cluster = await startCluster({ time: 'virtual' })
 * await cluster.client(configMaps).create({ metadata: { name: 'a', namespace: 'default' } })
 * await cluster.advance('30d')
 * ```
 */
export function startCluster(options?: ClusterOptions): Promise<Cluster> {
  return Cluster.start(options)
}
