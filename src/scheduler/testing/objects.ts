import type { Node, Pod, PodSpec } from '../../api/generated/types/core/v1.ts'
import { Cache } from '../cache/cache.ts'
import { podInfoOf } from '../framework/pod-info.ts'

/** A node with 4 CPUs, 8Gi and room for 110 pods, unless told otherwise. */
export function node(name: string, labels: Record<string, string> = {}, more: Partial<Node> = {}): Node {
  return {
    metadata: { name, labels: { 'kubernetes.io/hostname': name, ...labels } },
    spec: {},
    status: { allocatable: { cpu: '4', memory: '8Gi', pods: '110' } },
    ...more,
  }
}

/** A pod that waits for a node, or is on `spec.nodeName`. Its uid is its name. */
export function pod(name: string, spec: Partial<PodSpec> = {}, metadata: Partial<Pod['metadata']> = {}): Pod {
  return {
    metadata: { name, namespace: 'default', uid: name, ...metadata },
    spec: { schedulerName: 'default-scheduler', containers: [{ name: 'main', image: 'app:v1' }], ...spec },
    status: {},
  }
}

/** One container that asks for this much. */
export function asking(cpu: string, memory = '1Mi'): Pick<PodSpec, 'containers'> {
  return { containers: [{ name: 'main', image: 'app:v1', resources: { requests: { cpu, memory } } }] }
}

/** A cache of these nodes and pods; pods without a node name are left out. */
export function cacheOf(nodes: readonly Node[], pods: readonly Pod[] = []): Cache {
  const cache = new Cache((namespace) => ({ 'kubernetes.io/metadata.name': namespace }))
  for (const n of nodes) cache.setNode(n)
  for (const p of pods) if (p.spec.nodeName) cache.assume(podInfoOf(p), p.spec.nodeName)
  return cache
}
