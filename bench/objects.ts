/** A pod of about 1.9 KB as it stands in a list. */
export function benchPod(name: string, node?: string): unknown {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: 'default',
      labels: { app: 'bench', tier: 'backend', release: 'r1' },
      annotations: { note: 'n'.repeat(100) },
    },
    spec: {
      ...(node && { nodeName: node }),
      terminationGracePeriodSeconds: 0,
      containers: [
        {
          name: 'main',
          image: 'registry.example/app:v1',
          env: [{ name: 'A', value: 'b' }],
          resources: { requests: { cpu: '10m', memory: '16Mi' } },
        },
      ],
    },
  }
}

/** A ready node for scheduling; nothing runs on it. */
export function benchNode(name: string): unknown {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels: { 'kubernetes.io/hostname': name, 'kubernetes.io/os': 'linux' } },
    status: {
      capacity: { cpu: '32', memory: '256Gi', pods: '110' },
      allocatable: { cpu: '32', memory: '256Gi', pods: '110' },
      conditions: [
        {
          type: 'Ready',
          status: 'True',
          reason: 'KubeletReady',
          message: 'ready',
          lastHeartbeatTime: new Date().toISOString().replace(/\.\d+/, ''),
          lastTransitionTime: new Date().toISOString().replace(/\.\d+/, ''),
        },
      ],
    },
  }
}

export function benchDeployment(name: string, replicas: number): unknown {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace: 'default' },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: {
          containers: [
            { name: 'main', image: 'registry.example/app:v1', resources: { requests: { cpu: '10m', memory: '16Mi' } } },
          ],
        },
      },
    },
  }
}
