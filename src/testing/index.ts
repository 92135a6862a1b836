import { Cluster, type ClusterOptions } from './cluster.ts'

export * from '../api/index.ts'
export { Cluster, type ClusterOptions } from './cluster.ts'
export type { Fault, Faults, StoreFault } from './faults.ts'
export type { HistoryEntry } from './history.ts'
export type { ClusterNodes, NodeOptions } from './nodes.ts'
export type { UntilOptions } from './until.ts'
export type { ContainerScript, ImageScript, PodScript, Script, SimulatedPod } from '../kubelet/simulated/script.ts'
export { SCRIPT_ANNOTATION } from '../kubelet/simulated/script.ts'

/**
 * Starts a whole cluster inside this process: API server, controllers, scheduler and simulated nodes, in milliseconds.
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
