import type { Deployment } from '../../src/api/generated/types/apps/v1.ts'
import type { Job } from '../../src/api/generated/types/batch/v1.ts'
import type { Pod, PodSpec } from '../../src/api/generated/types/core/v1.ts'

/** A pod of one container. */
export function pod(name: string, spec: Partial<PodSpec> = {}, annotations: Record<string, string> = {}): Pod {
  return {
    metadata: { name, namespace: 'default', annotations },
    spec: { containers: [{ name: 'main', image: 'app:v1' }], ...spec },
  }
}

/** A Deployment whose pods are labelled `app: <name>`. */
export function deployment(name: string, replicas: number, spec: Partial<Deployment['spec']> = {}): Deployment {
  const labels = { app: name }
  return {
    metadata: { name, namespace: 'default' },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'main', image: 'app:v1' }] } },
      ...spec,
    },
  }
}

/** A Job whose pods run `script` (see kubelet/simulated/script.ts). */
export function job(name: string, script: object, spec: Partial<NonNullable<Job['spec']>> = {}): Job {
  return {
    metadata: { name, namespace: 'default' },
    spec: {
      template: {
        metadata: { annotations: { 'skiff.simulated/script': JSON.stringify({ containers: { '*': script } }) } },
        spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'app:v1' }] },
      },
      ...spec,
    },
  }
}
