import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** A measurement with real containers on a cluster that `skiff up` has started; kubectl's current context names it. */
export interface PodRow {
  readonly name: string
  readonly unit: string
  readonly higherIsBetter: boolean
  readonly mark: number
  measure(note: (text: string) => void): Promise<number>
}

const POD = (name: string, image: string): string =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels: { bench: 'pod' } },
    spec: { terminationGracePeriodSeconds: 0, containers: [{ name: 'main', image, command: ['/bin/sleep', '3600'] }] },
  })

/** An image that is on the node already. */
const IMAGE = process.env.SKIFF_BENCH_IMAGE ?? 'docker.io/library/skiff-example:v1'

export const podRows: readonly PodRow[] = [
  {
    name: 'pod created to Ready, seen by kubectl',
    unit: 's',
    higherIsBetter: false,
    mark: 0.5,
    async measure(note) {
      const times: number[] = []
      for (let i = 0; i < 5; i++) {
        const started = performance.now()
        await kubectlApply(POD(`bench-${i}`, IMAGE))
        await kubectl(['wait', '--for=condition=Ready', `pod/bench-${i}`, '--timeout=60s'])
        times.push((performance.now() - started) / 1000)
        await kubectl(['delete', 'pod', `bench-${i}`, '--wait=true'])
      }
      note(`five in turn: ${times.map((t) => t.toFixed(2)).join(', ')} s, kubectl's own start included`)
      return times.toSorted((a, b) => a - b)[2] ?? NaN
    },
  },
  {
    name: '30 pods of one Deployment Ready',
    unit: 's',
    higherIsBetter: false,
    mark: 4.5,
    async measure() {
      const deployment = {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'bench-30' },
        spec: {
          replicas: 30,
          selector: { matchLabels: { app: 'bench-30' } },
          template: {
            metadata: { labels: { app: 'bench-30' } },
            spec: {
              terminationGracePeriodSeconds: 0,
              containers: [{ name: 'main', image: IMAGE, command: ['/bin/sleep', '3600'] }],
            },
          },
        },
      }
      const started = performance.now()
      await kubectlApply(JSON.stringify(deployment))
      await kubectl(['rollout', 'status', 'deployment/bench-30', '--timeout=120s'])
      const seconds = (performance.now() - started) / 1000
      await kubectl(['delete', 'deployment', 'bench-30', '--wait=true'])
      return seconds
    },
  },
]

async function kubectl(args: readonly string[]): Promise<string> {
  return (await run('kubectl', args)).stdout
}

function kubectlApply(manifest: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = execFile('kubectl', ['apply', '-f', '-'], (error) => (error ? reject(error) : resolve()))
    child.stdin?.end(manifest)
  })
}
