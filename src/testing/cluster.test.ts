import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { describe, it } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { promisify } from 'node:util'
import type { CronJob } from '../api/generated/types/batch/v1.ts'
import { hasReason } from '../apimachinery/status.ts'
import { configMaps, cronJobs, deployments, jobs, pods, startCluster } from './index.ts'
import type { HistoryEntry } from './index.ts'

const run = promisify(execFile)

function deployment(name: string, replicas: number) {
  const labels = { app: name }
  return {
    metadata: { name, namespace: 'default' },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'main', image: 'app:v1' }] } },
    },
  }
}

const cron: CronJob = {
  metadata: { name: 'tick', namespace: 'default' },
  spec: {
    schedule: '0 * * * *',
    jobTemplate: {
      spec: {
        template: {
          metadata: { annotations: { 'skiff.simulated/script': '{"containers":{"*":{"runMs":5000}}}' } },
          spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'app:v1' }] },
        },
      },
    },
  },
}

describe('a cluster in a test', () => {
  it('has what every cluster has, and takes pods at once', async () => {
    await using cluster = await startCluster()
    const { metadata } = await cluster.client(pods).create({
      metadata: { name: 'a', namespace: 'default' },
      spec: { containers: [{ name: 'main', image: 'app:v1' }] },
    })
    const pod = await cluster.until(async () => {
      const found = await cluster.client(pods).get(`default/${metadata.name}`)
      return found.status?.phase === 'Running' && found
    })
    assert.equal(pod.spec.serviceAccountName, 'default')
    assert.equal(pod.spec.nodeName, 'node-1')
    assert.equal(pod.status?.conditions?.find(({ type }) => type === 'Ready')?.status, 'True')
    const ca = await cluster.client(configMaps).get('default/kube-root-ca.crt')
    assert.match(ca.data?.['ca.crt'] ?? '', /BEGIN CERTIFICATE/)
  })

  it('refuses what its users may not do, as any cluster', async () => {
    await using cluster = await startCluster({ time: 'virtual', nodes: 0 })
    const nobody = cluster.clientAs({ name: 'jane', groups: [] })
    await assert.rejects(nobody(pods).list({ namespace: 'default' }), {
      message: 'pods is forbidden: User "jane" cannot list resource "pods" in API group "" in the namespace "default"',
    })
    await cluster.apply(`
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: jane, namespace: default}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: jane}]
`)
    assert.deepEqual((await nobody(pods).list({ namespace: 'default' })).items, [])
    await assert.rejects(nobody(configMaps).create({ metadata: { name: 'a', namespace: 'default' } }), (error) =>
      hasReason(error, 'Forbidden'),
    )
  })

  it('passes a month of virtual time in the blink of an eye, with all that comes due in it', async () => {
    await using cluster = await startCluster({ time: 'virtual' })
    const began = cluster.now()
    await cluster.client(cronJobs).create({ ...cron, spec: { ...cron.spec, schedule: '0 0 * * *' } })
    await cluster.advance('30d')
    assert.equal(cluster.now() - began, 30 * 86_400_000)
    await cluster.advance('1m')
    const { status } = await cluster.client(cronJobs).get('default/tick')
    assert.equal(status?.lastScheduleTime, '2026-01-31T00:00:00Z')
    const { items } = await cluster.client(jobs).list({ namespace: 'default' })
    assert.deepEqual(
      items.map((job) => job.status?.succeeded),
      [1, 1, 1],
    )
  })

  it('does the same, byte for byte, when it is started with the same seed; with another, others names', async () => {
    const [first, second, other] = [await story(7), await story(7), await story(8)]
    assert.ok(first.length > 300)
    assert.deepEqual(first.map(textOf), second.map(textOf))
    assert.notDeepEqual(new Set(first.map(({ key }) => key)), new Set(other.map(({ key }) => key)))
  })

  it('says what it waited for in vain', async () => {
    await using cluster = await startCluster({ time: 'virtual', nodes: 0 })
    await assert.rejects(
      cluster.until(() => false, { within: '1h', what: 'pigs that fly' }),
      {
        message: 'not within 3600000 ms: pigs that fly',
      },
    )
  })
})

async function story(seed: number): Promise<HistoryEntry[]> {
  await using cluster = await startCluster({ time: 'virtual', nodes: 3, seed })
  await cluster.client(deployments).create(deployment('web', 5))
  await cluster.client(cronJobs).create(cron)
  await cluster.advance('90m')
  await cluster.nodes.stop('node-2')
  await cluster.advance('20m')
  await cluster.nodes.start('node-2')
  await cluster.client(deployments).delete('default/web')
  await cluster.advance('10m')
  return cluster.history()
}

function textOf({ revision, type, key, json = '' }: HistoryEntry): string {
  return `${revision} ${type} ${key} ${json}`
}

describe('clusters one after another', () => {
  it('leave nothing behind', { timeout: 120_000 }, async () => {
    setFlagsFromString('--expose-gc')
    const gc = runInNewContext('gc') as () => void
    const heapAfter = async (count: number): Promise<number> => {
      for (let i = 0; i < count; i++) {
        await using cluster = await startCluster({ time: i % 2 === 0 ? 'real' : 'virtual' })
        await cluster.client(configMaps).create({ metadata: { name: 'a', namespace: 'default' } })
      }
      await new Promise((resolve) => setImmediate(resolve))
      gc()
      return process.memoryUsage().heapUsed / 2 ** 20
    }
    const warm = await heapAfter(20)
    const after = await heapAfter(100)
    // A cluster that is kept is 1.5 MiB and more.
    assert.ok(after - warm < 10, `${warm.toFixed(1)} MiB grew to ${after.toFixed(1)} MiB`)
  })

  it('stop at once, whatever is going on', async () => {
    for (const time of ['real', 'virtual'] as const) {
      const cluster = await startCluster({
        time,
        script: {
          image: () => ({ absent: true, pullMs: 60_000 }),
          pod: ({ name }) => ({ containers: { main: name === 'ends' ? { stopMs: 600_000 } : { startMs: 60_000 } } }),
        },
      })
      for (const name of ['ends', 'starts']) {
        const spec = { containers: [{ name: 'main', image: 'app:v1' }] }
        await cluster.client(pods).create({ metadata: { name, namespace: 'default' }, spec })
      }
      if (time === 'virtual') {
        await cluster.until(async () => (await cluster.client(pods).get('default/ends')).status?.phase === 'Running')
        await cluster.client(pods).delete('default/ends')
      }
      await cluster.settled()
      const before = performance.now()
      await cluster.stop()
      assert.ok(performance.now() - before < 1000)
    }
  })

  it('let the process end by itself, even with a listener, pods and watches', async () => {
    const module = new URL('./index.ts', import.meta.url).href
    const program = `
      const { startCluster, pods } = await import(${JSON.stringify(module)})
      const cluster = await startCluster({ nodes: 2 })
      await cluster.kubeconfig()
      await cluster.client(pods).create({ metadata: { name: 'a', namespace: 'default' }, spec: { containers: [{ name: 'a', image: 'a' }] } })
      await cluster.until(async () => (await cluster.client(pods).get('default/a')).status?.phase === 'Running')
      const watch = cluster.client(pods).watch()
      const next = watch[Symbol.asyncIterator]().next()
      await cluster.stop()
      await next.catch(() => undefined)
      const stopped = performance.now()
      process.on('exit', () => console.log(performance.now() - stopped < 2000 ? 'ended' : 'late'))`
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', program], { timeout: 30_000 })
    assert.equal(stdout.trim(), 'ended')
  })
})
