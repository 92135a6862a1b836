import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { deployments, pods, startCluster, type Cluster } from 'skiff/testing'
import { siteController, sites } from './operator.ts'

const blog = '{apiVersion: example.dev/v1, kind: Site, metadata: {name: blog}, spec: {image: "blog:v1", replicas: 3}}'
const crd = readFileSync(new URL('site.crd.yaml', import.meta.url), 'utf8')

async function withOperator(): Promise<Cluster> {
  const cluster = await startCluster({ time: 'virtual', nodes: 2 })
  await cluster.apply(crd)
  await cluster.run([siteController])
  await cluster.apply(blog)
  await cluster.until(async () => (await cluster.client(sites).get('default/blog')).status?.readyReplicas === 3)
  return cluster
}

describe('the site operator', () => {
  it('makes a Deployment and reports its pods', async () => {
    await using cluster = await withOperator()
    const { spec } = await cluster.client(deployments).get('default/blog')
    assert.equal(spec?.template.spec?.containers[0]?.image, 'blog:v1')
  })

  it('puts back what somebody changed by hand', async () => {
    await using cluster = await withOperator()
    await cluster.client(deployments).patch('default/blog', 'merge', { spec: { replicas: 1 } })
    await cluster.until(async () => (await cluster.client(deployments).get('default/blog')).spec?.replicas === 3)
  })

  it('goes on where it was after the API server was out of reach', async () => {
    await using cluster = await withOperator()
    const heal = cluster.faults.inject({ request: '/deployments', as: 'connection refused' })
    await cluster.client(sites).patch('default/blog', 'merge', { spec: { replicas: 5 } })
    await cluster.advance('5m')
    assert.equal((await cluster.client(sites).get('default/blog')).status?.readyReplicas, 3)
    heal()
    await cluster.until(async () => (await cluster.client(sites).get('default/blog')).status?.readyReplicas === 5)
  })

  it('leaves nothing when a Site is deleted', async () => {
    await using cluster = await withOperator()
    await cluster.client(sites).delete('default/blog')
    await cluster.until(async () => (await cluster.client(pods).list({ namespace: 'default' })).items.length === 0)
  })

  it('runs as a program of its own', async () => {
    await using cluster = await startCluster()
    await cluster.apply(crd)
    const folder = mkdtempSync(join(tmpdir(), 'site-operator-'))
    const kubeconfig = join(folder, 'config')
    writeFileSync(kubeconfig, await cluster.kubeconfig(), { mode: 0o600 })
    const env = { ...process.env, KUBECONFIG: kubeconfig }
    const program = spawn(process.execPath, [fileURLToPath(new URL('operator.ts', import.meta.url))], { env })
    const ended = once(program, 'exit')
    try {
      await cluster.apply(blog)
      await cluster.until(async () => (await cluster.client(sites).get('default/blog')).status?.readyReplicas === 3)
    } finally {
      program.kill()
      rmSync(folder, { recursive: true })
    }
    assert.deepEqual(await ended, [0, null])
  })

  it('is kept from Sites that make no sense', async () => {
    await using cluster = await withOperator()
    const bad = { metadata: { name: 'bad', namespace: 'default' }, spec: { image: '', replicas: -1 } }
    await assert.rejects(cluster.client(sites).create(bad), /spec.replicas: Invalid value: -1/)
  })
})
