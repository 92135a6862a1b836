import { setTimeout as sleep } from 'node:timers/promises'
import { benchDeployment, benchNode } from '../objects.ts'
import { cpuSeconds, must, residentMb, watch, type Target } from '../target.ts'
import type { Row } from './row.ts'

const NODES = 100
const REPLICAS = 2000
const IDLE_SECONDS = 10

/** From nothing to `/readyz`. */
export const readyRow: Row = {
  name: 'API ready from cold',
  unit: 's',
  higherIsBetter: false,
  mark: 0.6,
  measure: (target) => Promise.resolve(target.readyMs / 1000),
}

/** After the start has settled and nobody asks for anything. */
export const idleRows: readonly Row[] = [
  {
    name: 'control plane memory, idle',
    unit: 'MB',
    higherIsBetter: false,
    mark: 180,
    async measure(target) {
      await sleep(5000)
      return residentMb(target.pids())
    },
  },
  {
    name: 'control plane CPU, idle',
    unit: '%',
    higherIsBetter: false,
    mark: 2,
    async measure(target) {
      const before = cpuSeconds(target.pids())
      await sleep(IDLE_SECONDS * 1000)
      return ((cpuSeconds(target.pids()) - before) / IDLE_SECONDS) * 100
    },
  },
]

/** One Deployment, until every pod has a node. Nothing runs on the nodes. */
export const deploymentRow: Row = {
  name: 'Deployment of 2,000 pods on 100 nodes, scheduled',
  unit: 's',
  higherIsBetter: false,
  mark: 2,
  async measure(target) {
    for (let i = 0; i < NODES; i++) await makeNode(target, `bench-node-${i}`)
    const bound = new Set<string>()
    let finish: () => void = () => {}
    const all = new Promise<void>((resolve) => (finish = resolve))
    const end = await watch(target, '/api/v1/namespaces/default/pods?watch=true&labelSelector=app%3Dbig', (line) => {
      const name = /"name":"(big-[^"]+)"/.exec(line)?.[1]
      if (name === undefined || !line.includes('"nodeName":"')) return
      bound.add(name)
      if (bound.size === REPLICAS) finish()
    })
    const started = performance.now()
    await must(target, 'POST', '/apis/apps/v1/namespaces/default/deployments', benchDeployment('big', REPLICAS))
    await Promise.race([
      all,
      sleep(120_000).then(() => Promise.reject(new Error(`only ${bound.size} pods were scheduled`))),
    ])
    const seconds = (performance.now() - started) / 1000
    end()
    return seconds
  },
}

async function makeNode(target: Target, name: string): Promise<void> {
  const node = benchNode(name) as { status: unknown }
  await must(target, 'POST', '/api/v1/nodes', node)
  await must(target, 'PATCH', `/api/v1/nodes/${name}/status`, { status: node.status }, 'application/merge-patch+json')
}
