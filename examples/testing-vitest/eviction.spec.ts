// With Vitest. Run it: npx vitest run --root examples/testing-vitest
import { deployments, nodes, pods, startCluster, type Cluster } from 'skiff/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const web = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 4
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: web, image: "web:v1"}]
`

describe('a node that fails', () => {
  let cluster: Cluster

  beforeEach(async () => {
    cluster = await startCluster({ time: 'virtual', nodes: 2 })
    await cluster.apply(web)
    await cluster.until(async () => (await cluster.client(deployments).get('default/web')).status?.readyReplicas === 4)
  })
  afterEach(() => cluster.stop())

  it('is noticed within a minute', async () => {
    await cluster.nodes.stop('node-2')
    await cluster.advance('1m')
    const { spec } = await cluster.client(nodes).get('node-2')
    expect(spec.taints?.map(({ key }) => key)).toContain('node.kubernetes.io/unreachable')
  })

  it('loses its pods to the others after five more', async () => {
    await cluster.nodes.stop('node-2')
    await cluster.advance('6m')
    const { items } = await cluster.client(pods).list({ namespace: 'default', fieldSelector: 'spec.nodeName=node-1' })
    expect(items).toHaveLength(4)
  })

  it('may come back in time and keep them', async () => {
    await cluster.nodes.stop('node-2')
    await cluster.advance('2m')
    await cluster.nodes.start('node-2')
    await cluster.advance('10m')
    const { items } = await cluster.client(pods).list({ namespace: 'default' })
    expect(items.map(({ metadata }) => metadata.deletionTimestamp)).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ])
  })
})
