import type { Service, ServiceSpec } from '../../api/generated/types/core/v1.ts'
import { nodes, pods } from '../../api/index.ts'
import type { ControllerBench } from '../testing/bench.suite.ts'

/** A Service named web that selects `app: web`. */
export function serviceOf(spec: Partial<ServiceSpec> = {}): Service {
  return {
    metadata: { name: 'web', namespace: 'default', labels: { team: 'a' } },
    spec: {
      selector: { app: 'web' },
      clusterIP: '10.96.0.10',
      clusterIPs: ['10.96.0.10'],
      ipFamilies: ['IPv4'],
      ipFamilyPolicy: 'SingleStack',
      ports: [{ port: 80, targetPort: 8080, protocol: 'TCP' }],
      ...spec,
    },
  }
}

/** Makes a node in zone z1, and on it pods p1, p2 and so on, ready, with addresses 10.0.0.1, 10.0.0.2 and so on. */
export async function createPods(bench: ControllerBench, count: number): Promise<void> {
  await bench
    .client(nodes)
    .create({ metadata: { name: 'n1', labels: { 'topology.kubernetes.io/zone': 'z1' } }, spec: {} })
  for (let i = 1; i <= count; i++) {
    const pod = await bench.client(pods).create({
      metadata: { name: `p${i}`, namespace: 'default', labels: { app: 'web' } },
      spec: { nodeName: 'n1', containers: [{ name: 'c', image: 'i', ports: [{ name: 'http', containerPort: 8080 }] }] },
    })
    const ip = `10.0.${i >> 8}.${i & 255}`
    await bench.setPod(pod, {
      phase: 'Running',
      podIP: ip,
      podIPs: [{ ip }],
      conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' }],
    })
  }
}
