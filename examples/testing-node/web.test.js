// Plain JavaScript with node:test. Run it: node --test examples/testing-node/
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deployments, events, pods, startCluster } from 'skiff/testing'

const web = (image) => `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: web
          image: ${image}
          readinessProbe: {httpGet: {path: /, port: 80}}
`

const isReady = (cluster) => async () => {
  const { metadata, spec, status = {} } = await cluster.client(deployments).get('default/web')
  return (
    status.observedGeneration === metadata.generation &&
    status.updatedReplicas === spec.replicas &&
    status.availableReplicas === spec.replicas &&
    status.replicas === spec.replicas
  )
}

test('a Deployment becomes ready', async (t) => {
  const cluster = await startCluster({ nodes: 2 })
  t.after(() => cluster.stop())
  await cluster.apply(web('web:v1'))
  await cluster.until(isReady(cluster))
})

test('a version that never becomes ready does not take the place of the old one', async (t) => {
  const cluster = await startCluster({
    time: 'virtual',
    script: { image: (name) => (name === 'web:typo' ? { absent: true, pullError: 'not found' } : undefined) },
  })
  t.after(() => cluster.stop())
  await cluster.apply(web('web:v1'))
  await cluster.until(isReady(cluster))
  await cluster.apply(web('web:typo'))
  await cluster.advance('11m')
  const { status } = await cluster.client(deployments).get('default/web')
  assert.equal(status.availableReplicas, 3)
  assert.equal(status.conditions.find(({ type }) => type === 'Progressing').reason, 'ProgressDeadlineExceeded')
})

test('a container that crashes is restarted later and later', async (t) => {
  const cluster = await startCluster({
    time: 'virtual',
    script: { pod: () => ({ containers: { '*': { runMs: 2000, exitCode: 1 } } }) },
  })
  t.after(() => cluster.stop())
  await cluster.client(pods).create({
    metadata: { name: 'crash', namespace: 'default' },
    spec: { containers: [{ name: 'main', image: 'crash:v1' }] },
  })
  await cluster.advance('1h')
  const { status } = await cluster.client(pods).get('default/crash')
  assert.equal(status.containerStatuses[0].restartCount, 16)
  const { items } = await cluster.client(events).list({ namespace: 'default' })
  assert.ok(items.some(({ reason }) => reason === 'BackOff'))
})
