import assert from 'node:assert/strict'
import { test } from 'node:test'
import { builtInResources, configMaps, events, leases, namespaces, nodes, pods } from '../../api/index.ts'
import type { Pod as ApiPod } from '../../api/generated/types/core/v1.ts'
import type { Frozen } from '../../apimachinery/meta.ts'
import { hasReason } from '../../apimachinery/status.ts'
import { alwaysAllow } from '../../apiserver/authz/types.ts'
import { handle } from '../../apiserver/inprocess/handle.ts'
import { createApiServer } from '../../apiserver/server.ts'
import type { Client } from '../../client/client.ts'
import { createClient } from '../../client/create-client.ts'
import { inProcessTransport } from '../../client/inprocess.ts'
import { VirtualClock } from '../../lib/clock.ts'
import { silentLogger } from '../../lib/log.ts'
import { seededRandom } from '../../lib/random.ts'
import { MemoryStore } from '../../store/memory/store.ts'
import type { Pod } from '../pod/spec.ts'
import { Fleet, type HollowNode, type HollowNodeOptions } from './fleet.ts'
import { SCRIPT_ANNOTATION, type PodScript, type Script } from './script.ts'

/** A cluster of an API server and one simulated node, in virtual time. */
class Bench {
  readonly clock = new VirtualClock()
  readonly client: Client
  readonly fleet: Fleet

  constructor(script: Script = {}) {
    const env = { clock: this.clock, random: seededRandom(1), log: silentLogger }
    const server = createApiServer({
      store: new MemoryStore({ clock: this.clock }),
      env,
      resources: builtInResources,
      authenticator: { authenticate: () => undefined },
      authorizer: alwaysAllow,
      admission: [],
      freeze: true,
    })
    const admin = { name: 'admin', groups: ['system:masters'] }
    const transport = inProcessTransport((request, user: typeof admin) => handle(server, request, user), admin)
    this.client = createClient({ transport, env, userAgent: 'test' })
    this.fleet = new Fleet({ client: this.client, env, script })
  }

  async start(options: HollowNodeOptions = {}): Promise<HollowNode> {
    for (const name of ['default', 'kube-node-lease'])
      await this.client(namespaces).create({ metadata: { name }, spec: {} })
    const node = await this.fleet.add('n1', options)
    await this.advance(100)
    return node
  }

  async create(script: PodScript, spec: Partial<ApiPod['spec']> = {}): Promise<void> {
    await this.client(pods).create({
      metadata: { name: 'web', namespace: 'default', annotations: { [SCRIPT_ANNOTATION]: JSON.stringify(script) } },
      spec: { nodeName: 'n1', containers: [{ name: 'app', image: 'busybox:1' }], ...spec },
    })
    await this.advance(50)
  }

  /** Time in ms, in small steps: what one step sets off has come to rest before the next. */
  async advance(ms: number): Promise<void> {
    await this.clock.advance(ms, async () => {
      for (let i = 0; i < 6; i++) await new Promise((resolve) => setImmediate(resolve))
    })
  }

  pod(): Promise<Pod> {
    return this.client(pods).get('default/web')
  }

  async gone(): Promise<boolean> {
    return this.pod().then(
      () => false,
      (error: unknown) => hasReason(error, 'NotFound'),
    )
  }

  async reasons(): Promise<string[]> {
    const { items } = await this.client(events).list()
    return items.filter(({ involvedObject }) => involvedObject.kind === 'Pod').map(({ reason = '' }) => reason)
  }
}

const scenario = (name: string, run: (bench: Bench) => Promise<void>, script: Script = {}): void => {
  test(name, async () => {
    const bench = new Bench(script)
    try {
      await run(bench)
    } finally {
      await bench.fleet.stop()
    }
  })
}

const stateOf = (pod: Frozen<ApiPod>, i = 0): string => {
  const { waiting, running, terminated } = pod.status?.containerStatuses?.[i]?.state ?? {}
  return waiting?.reason ?? terminated?.reason ?? (running ? 'Running' : '')
}
const isReady = (pod: Pod): boolean =>
  pod.status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True') === true

scenario('a node registers, is Ready, and keeps its lease', async (bench) => {
  await bench.start({ labels: { zone: 'a' }, taints: [{ key: 'new', effect: 'NoSchedule' }], cpus: 3 })
  const node = await bench.client(nodes).get('n1')
  assert.equal(node.metadata.labels?.zone, 'a')
  assert.equal(node.metadata.labels?.['kubernetes.io/hostname'], 'n1')
  assert.deepEqual(node.spec?.taints, [{ key: 'new', effect: 'NoSchedule' }])
  assert.equal(node.status?.capacity?.cpu, '3')
  assert.equal(node.status?.conditions?.find(({ type }) => type === 'Ready')?.status, 'True')
  const before = (await bench.client(leases).get('kube-node-lease/n1')).spec.renewTime ?? ''
  await bench.advance(21_000)
  const lease = await bench.client(leases).get('kube-node-lease/n1')
  assert.ok((lease.spec.renewTime ?? '') > before)
  assert.equal(lease.metadata.ownerReferences?.[0]?.uid, node.metadata.uid)
})

scenario('a pod starts, is Ready, is deleted and gone', async (bench) => {
  await bench.start()
  await bench.create({})
  const pod = await bench.pod()
  assert.ok(isReady(pod))
  assert.equal(pod.status?.phase, 'Running')
  assert.match(pod.status?.podIP ?? '', /^10\.128\./)
  assert.deepEqual((await bench.reasons()).sort(), ['Created', 'Pulled', 'Started'])
  await bench.client(pods).delete('default/web')
  await bench.advance(100)
  assert.ok(await bench.gone())
  assert.ok((await bench.reasons()).includes('Killing'))
})

scenario('a container takes as long to end as it takes, but no longer than its grace period', async (bench) => {
  await bench.start()
  await bench.create({ containers: { app: { stopMs: 100_000 } } }, { terminationGracePeriodSeconds: 20 })
  await bench.client(pods).delete('default/web')
  await bench.advance(19_000)
  assert.equal((await bench.pod()).status?.phase, 'Running')
  await bench.advance(2000)
  assert.ok(await bench.gone())
})

scenario('a shorter grace period overtakes a longer one', async (bench) => {
  await bench.start()
  await bench.create({ containers: { app: { stopMs: 100_000 } } }, { terminationGracePeriodSeconds: 90 })
  await bench.client(pods).delete('default/web')
  await bench.advance(1000)
  await bench.client(pods).delete('default/web', { gracePeriodSeconds: 3 })
  await bench.advance(5000)
  assert.ok(await bench.gone())
})

scenario('all containers are started again without a back-off, but not in a rush', async (bench) => {
  await bench.start()
  const rule = { action: 'RestartAllContainers' as const, exitCodes: { operator: 'In' as const, values: [42] } }
  await bench.create(
    { containers: { app: { runMs: 100, exitCode: 42 } } },
    { containers: [{ name: 'app', image: 'busybox:1', restartPolicy: 'Never', restartPolicyRules: [rule] }] },
  )
  await bench.advance(60_000)
  const [container] = (await bench.pod()).status?.containerStatuses ?? []
  const restarts = container?.restartCount ?? 0
  assert.ok(restarts > 25 && restarts <= 60, String(restarts))
})

scenario('a crash loop waits longer each time', async (bench) => {
  await bench.start()
  await bench.create({ containers: { app: { runMs: 100, exitCode: 1, message: 'boom' } } })
  await bench.advance(1000)
  const pod = await bench.pod()
  assert.equal(stateOf(pod), 'CrashLoopBackOff')
  const [container] = pod.status?.containerStatuses ?? []
  assert.equal(container?.restartCount, 1)
  assert.equal(container?.lastState?.terminated?.message, 'boom')
  assert.match(
    container?.state?.waiting?.message ?? '',
    /^back-off 10s restarting failed container=app pod=web_default/,
  )
  const counts: number[] = []
  for (const seconds of [10, 20, 40, 80]) {
    await bench.advance(seconds * 1000)
    counts.push((await bench.pod()).status?.containerStatuses?.[0]?.restartCount ?? 0)
  }
  assert.deepEqual(counts, [2, 3, 4, 5])
})

scenario('a pod that is never restarted ends as its containers end', async (bench) => {
  await bench.start()
  const containers = ['a', 'b'].map((name) => ({ name, image: 'x' }))
  await bench.create(
    { containers: { a: { runMs: 1000 }, b: { runMs: 2000, exitCode: 3 } } },
    { restartPolicy: 'Never', containers },
  )
  await bench.advance(1500)
  assert.equal((await bench.pod()).status?.phase, 'Running')
  await bench.advance(1000)
  const pod = await bench.pod()
  assert.equal(pod.status?.phase, 'Failed')
  assert.deepEqual([stateOf(pod, 0), stateOf(pod, 1)], ['Completed', 'Error'])
})

scenario('init containers run one after another, sidecars beside, and go last', async (bench) => {
  const node = await bench.start()
  await bench.create(
    { containers: { i1: { runMs: 1000 }, i2: { runMs: 1000 }, app: { runMs: 5000 } } },
    {
      restartPolicy: 'Never',
      initContainers: [
        { name: 'i1', image: 'x' },
        { name: 'side', image: 'x', restartPolicy: 'Always' },
        { name: 'i2', image: 'x' },
      ],
    },
  )
  await bench.advance(500)
  const pod = await bench.pod()
  assert.equal(pod.status?.phase, 'Pending')
  assert.deepEqual(
    pod.status?.initContainerStatuses?.map((s) => Object.keys(s.state ?? {})[0]),
    ['running', 'waiting', 'waiting'],
  )
  await bench.advance(2000)
  assert.ok(isReady(await bench.pod()))
  await bench.advance(5000)
  assert.equal((await bench.pod()).status?.phase, 'Succeeded')
  assert.deepEqual(await node.runtime.listContainerStats(), [], 'nothing runs any more')
})

scenario('readiness comes when the script says, and liveness goes', async (bench) => {
  await bench.start()
  await bench.create(
    { containers: { app: [{ readyAfterMs: 3000, liveForMs: 20_000 }, {}] } },
    {
      containers: [
        {
          name: 'app',
          image: 'x',
          readinessProbe: { httpGet: { port: 80 } },
          livenessProbe: { httpGet: { port: 80 }, failureThreshold: 1 },
        },
      ],
    },
  )
  assert.ok(!isReady(await bench.pod()))
  await bench.advance(4000)
  assert.ok(isReady(await bench.pod()))
  await bench.advance(30_000)
  const pod = await bench.pod()
  assert.equal(pod.status?.containerStatuses?.[0]?.restartCount, 1)
  assert.ok(isReady(pod), 'the second start goes better')
})

scenario('a pod waits for the ConfigMap it needs, and starts when it comes', async (bench) => {
  await bench.start()
  await bench.create(
    {},
    {
      containers: [
        { name: 'app', image: 'x', env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'cm', key: 'a' } } }] },
      ],
    },
  )
  const waiting = await bench.pod()
  assert.equal(stateOf(waiting), 'CreateContainerConfigError')
  assert.equal(waiting.status?.containerStatuses?.[0]?.state?.waiting?.message, 'configmap "cm" not found')
  await bench.client(configMaps).create({ metadata: { name: 'cm', namespace: 'default' }, data: { a: '1' } })
  await bench.advance(100)
  assert.ok(isReady(await bench.pod()))
})

scenario('an image that cannot be pulled is backed off from', async (bench) => {
  await bench.start()
  await bench.create({}, { containers: [{ name: 'app', image: 'registry.invalid/app:1' }] })
  assert.equal(stateOf(await bench.pod()), 'ErrImagePull')
  await bench.advance(11_000)
  assert.ok((await bench.reasons()).includes('Failed'))
  assert.match(stateOf(await bench.pod()), /^(ErrImagePull|ImagePullBackOff)$/)
})

scenario('a pod past its deadline fails', async (bench) => {
  await bench.start()
  await bench.create({}, { activeDeadlineSeconds: 30 })
  await bench.advance(29_000)
  assert.equal((await bench.pod()).status?.phase, 'Running')
  await bench.advance(2000)
  const { status } = await bench.pod()
  assert.deepEqual([status?.phase, status?.reason], ['Failed', 'DeadlineExceeded'])
})

scenario('a pod that does not fit is refused', async (bench) => {
  await bench.start({ cpus: 1 })
  await bench.create({}, { containers: [{ name: 'app', image: 'x', resources: { requests: { cpu: '2' } } }] })
  const { status } = await bench.pod()
  assert.deepEqual([status?.phase, status?.reason], ['Failed', 'OutOfcpu'])
  assert.match(status?.message ?? '', /^Pod was rejected: Node didn't have enough resource: cpu/)
})

scenario(
  'a sandbox that cannot be made is tried again',
  async (bench) => {
    await bench.start()
    await bench.create({})
    assert.ok((await bench.reasons()).includes('FailedCreatePodSandBox'))
    await bench.advance(5000)
    assert.ok(isReady(await bench.pod()))
  },
  { pod: failOnce() },
)

function failOnce(): (pod: unknown) => PodScript {
  let tries = 0
  return () => (tries++ < 2 ? { sandboxError: 'no network' } : {})
}

scenario('a runtime that goes makes the node NotReady until it is back', async (bench) => {
  const node = await bench.start()
  const ready = async (): Promise<string | undefined> => {
    const { status } = await bench.client(nodes).get('n1')
    return status?.conditions?.find(({ type }) => type === 'Ready')?.message
  }
  node.runtime.fail('connection refused')
  await bench.advance(20_000)
  assert.equal(await ready(), 'kubelet is posting ready status', 'it may be back soon')
  await bench.advance(11_000)
  assert.match((await ready()) ?? '', /container runtime is down/)
  await bench.create({})
  assert.equal((await bench.pod()).status?.phase, 'Pending')
  node.runtime.fail(undefined)
  await bench.advance(20_000)
  assert.equal(await ready(), 'kubelet is posting ready status')
  assert.ok(isReady(await bench.pod()))
})

scenario('a container that is killed from outside is started again', async (bench) => {
  const node = await bench.start()
  await bench.create({})
  const [{ id } = { id: '' }] = await node.runtime.listContainers()
  node.runtime.end(id, 137, 'OOMKilled')
  await bench.advance(100)
  const [container] = (await bench.pod()).status?.containerStatuses ?? []
  assert.equal(container?.restartCount, 1)
  assert.equal(container?.lastState?.terminated?.reason, 'OOMKilled')
})

scenario('a pod is resized in place when there is room', async (bench) => {
  const node = await bench.start({ cpus: 2 })
  const containers = (cpu: string): ApiPod['spec']['containers'] => [
    { name: 'app', image: 'x', resources: { requests: { cpu } } },
  ]
  await bench.create({}, { containers: containers('500m') })
  const resize = async (cpu: string): Promise<void> => {
    const patch = { spec: { containers: [{ name: 'app', resources: { requests: { cpu } } }] } }
    await bench.client(pods).patch('default/web', 'strategic', patch, { subresource: 'resize' })
    await bench.advance(2000)
  }
  const shares = async (): Promise<number | undefined> => {
    const [{ id } = { id: '' }] = await node.runtime.listContainers()
    return (await node.runtime.containerStatus(id)).status?.resources?.linux?.cpuShares
  }
  const pending = async (): Promise<string | undefined> =>
    (await bench.pod()).status?.conditions?.find(({ type }) => type === 'PodResizePending')?.reason
  await resize('1')
  assert.equal(await shares(), 1024)
  const [container] = (await bench.pod()).status?.containerStatuses ?? []
  assert.deepEqual([container?.resources?.requests?.cpu, container?.allocatedResources?.cpu], ['1', '1'])
  assert.equal(container?.restartCount, 0)
  await resize('3')
  assert.equal(await pending(), 'Infeasible')
  assert.equal(await shares(), 1024)
  await resize('1500m')
  assert.equal(await pending(), undefined)
  assert.equal(await shares(), 1536)
})

scenario('logs are read and followed', async (bench) => {
  const node = await bench.start()
  await bench.create({ containers: { app: { logs: ['one', 'two'] } } })
  const request = {
    method: 'GET',
    path: '/containerLogs/default/web/app?tailLines=1',
    signal: new AbortController().signal,
  }
  const { status, body } = await node.kubelet.api.request(request)
  assert.equal(status, 200)
  let text = ''
  for await (const piece of body as AsyncIterable<Uint8Array>) text += new TextDecoder().decode(piece)
  assert.equal(text, 'two\n')
  const missing = await node.kubelet.api.request({ ...request, path: '/containerLogs/default/web/nope' })
  assert.deepEqual([missing.status, missing.body], [404, 'container "nope" not found in pod "web"'])
})
