import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import {
  builtInResources,
  configMaps,
  events,
  namespaces,
  nodes,
  pods,
  secrets,
  serviceAccounts,
} from '../../src/api/index.ts'
import type { Pod } from '../../src/api/generated/types/core/v1.ts'
import type { Frozen } from '../../src/apimachinery/meta.ts'
import { hasReason } from '../../src/apimachinery/status.ts'
import { alwaysAllow } from '../../src/apiserver/authz/types.ts'
import { handle } from '../../src/apiserver/inprocess/handle.ts'
import { createApiServer } from '../../src/apiserver/server.ts'
import { openSpdy } from '../../src/apiserver/streaming/upgrade-target.ts'
import { createClient } from '../../src/client/create-client.ts'
import { inProcessTransport } from '../../src/client/inprocess.ts'
import { hostNames } from '../../src/host/cluster/host-names.ts'
import { clusterPaths } from '../../src/host/cluster/paths.ts'
import { prepareContainerd } from '../../src/host/containerd/prepare.ts'
import { superviseContainerd } from '../../src/host/containerd/supervise.ts'
import { buildImage } from '../../src/host/image/build.ts'
import { importArchive } from '../../src/host/image/import.ts'
import { PAUSE_IMAGE, ensurePauseImage } from '../../src/host/image/pause.ts'
import { writePodNetwork } from '../../src/host/network/pod-network.ts'
import { gatherFacts } from '../../src/host/preflight/facts.ts'
import { tearDown } from '../../src/host/teardown/cluster.ts'
import { defaultConfig } from '../../src/kubelet/config.ts'
import { criClient, type CriClient } from '../../src/kubelet/cri/grpc/client.ts'
import { startKubelet, type Kubelet } from '../../src/kubelet/kubelet.ts'
import { linuxHost } from '../../src/kubelet/linux/host.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { keepAlive } from '../../src/lib/host/keep-alive.ts'
import { silentLogger } from '../../src/lib/log.ts'
import { systemRandom } from '../../src/lib/random.ts'
import { MemoryStore } from '../../src/store/memory/store.ts'
import { eventually } from './eventually.ts'
import { hostSnapshot } from './host-snapshot.ts'
import { busyboxRoot } from './images.ts'
import { noContainers } from './skip.ts'

const NAME = 'e2e-node'
const IMAGE = 'localhost/busy:1'
const env = { clock: systemClock, random: systemRandom, log: silentLogger }
const settings = {
  name: NAME,
  apiPort: 0,
  podCidr: '10.197.0.0/16',
  serviceCidr: '10.196.0.0/16',
  clusterDomain: 'cluster.local',
  nodeName: 'node',
  nodes: 1,
  runtime: 'containerd',
} as const

type Spec = Partial<Pod['spec']>
const container = (script: string, more: object = {}): Pod['spec']['containers'][0] => ({
  name: 'app',
  image: IMAGE,
  imagePullPolicy: 'IfNotPresent',
  command: ['sh', '-c', script],
  ...more,
})
/** Ends at once when it is told to. */
const IDLE = 'trap "exit 0" TERM; sleep 10000 & wait'

describe('the node agent on a real machine', { skip: noContainers() }, () => {
  const release = keepAlive()
  const dataDir = mkdtempSync('/var/tmp/skiff-e2e-')
  const paths = clusterPaths(dataDir, NAME)
  const names = hostNames(paths)
  const untouched = hostSnapshot(paths)
  const stop = new AbortController()
  const client = testClient()
  let cri: CriClient
  let kubelet: Kubelet

  before(async () => {
    const facts = gatherFacts(dataDir)
    writePodNetwork(paths, { bridge: names.bridge, nodeCidr: '10.197.0.0/24' })
    await prepareContainerd(paths, facts, PAUSE_IMAGE)
    const cgroup = `${names.cgroup}/containerd`
    await superviseContainerd({ program: 'containerd', paths, cgroup, env, signal: stop.signal })
    const target = { socket: paths.containerd.socket }
    await ensurePauseImage(target, facts)
    const output = join(dataDir, 'busy.tar')
    const config = { env: ['PATH=/bin', 'FROM_IMAGE=yes'] }
    await buildImage({ folder: busyboxRoot(join(dataDir, 'rootfs')), name: IMAGE, config, keepOwners: false, output })
    await importArchive(target, output)
    for (const name of ['default', 'kube-node-lease']) await client(namespaces).create({ metadata: { name }, spec: {} })
    await client(serviceAccounts).create({ metadata: { name: 'default', namespace: 'default' } })
    kubelet = await startAgent()
    await eventually(async () => assert.ok(kubelet.node))
  })

  after(async () => {
    await kubelet?.stop()
    cri?.close()
    stop.abort()
    await tearDown(env, paths, settings)
    rmSync(dataDir, { recursive: true })
    release()
  })

  function startAgent(): Promise<Kubelet> {
    cri = criClient({ endpoint: paths.containerd.socket })
    const config = {
      ...defaultConfig('node'),
      rootDir: paths.kubelet,
      podLogsDir: paths.podLogs,
      podsCgroup: `/${names.cgroup}/kubepods`,
      clusterDns: { domain: 'cluster.local', servers: ['10.196.0.10'] },
    }
    return startKubelet({ client, env, config, host: linuxHost(env), runtime: cri.runtime, images: cri.images })
  }

  async function run(name: string, spec: Spec, metadata: object = {}): Promise<void> {
    await client(pods).create({
      metadata: { name, namespace: 'default', ...metadata },
      spec: { nodeName: 'node', terminationGracePeriodSeconds: 2, containers: [container(IDLE)], ...spec },
    })
  }

  const get = (name: string): Promise<Frozen<Pod>> => client(pods).get(`default/${name}`)
  const conditionOf = (pod: Frozen<Pod>, type: string): string | undefined =>
    pod.status?.conditions?.find((condition) => condition.type === type)?.status
  const ready = (name: string): Promise<Frozen<Pod>> =>
    eventually(async () => {
      const pod = await get(name)
      assert.equal(conditionOf(pod, 'Ready'), 'True', JSON.stringify(pod.status))
      return pod
    })
  const ended = (name: string): Promise<Frozen<Pod>> =>
    eventually(async () => {
      const pod = await get(name)
      assert.match(pod.status?.phase ?? '', /^(Succeeded|Failed)$/)
      return pod
    })

  async function remove(name: string): Promise<void> {
    await client(pods).delete(`default/${name}`)
    await eventually(() => assert.rejects(get(name), (error: unknown) => hasReason(error, 'NotFound')))
  }

  async function logs(name: string, query = ''): Promise<string> {
    const path = `/containerLogs/default/${name}/app?${query}`
    const { status, body } = await kubelet.api.request({ method: 'GET', path, signal: AbortSignal.timeout(20_000) })
    if (typeof body === 'string') throw new Error(`${status}: ${body}`)
    let text = ''
    for await (const piece of body) text += Buffer.from(piece).toString()
    return text
  }

  async function inside(name: string, ...command: string[]): Promise<string> {
    const pod = await get(name)
    const id = pod.status?.containerStatuses?.[0]?.containerID?.split('://')[1] ?? ''
    const { stdout, stderr } = await cri.runtime.execSync(id, command, 10)
    return Buffer.from(stdout).toString() + Buffer.from(stderr).toString()
  }

  test('registers a node that says what it is', async () => {
    const node = await client(nodes).get('node')
    assert.equal(conditionOf(node as unknown as Frozen<Pod>, 'Ready'), 'True')
    assert.match(node.status?.nodeInfo?.containerRuntimeVersion ?? '', /^containerd:\/\//)
    assert.ok(node.status?.images?.some(({ names: tags }) => tags?.includes(IMAGE)))
  })

  test('runs a pod with an environment, volumes and limits of its own', async () => {
    await client(configMaps).create({ metadata: { name: 'cm', namespace: 'default' }, data: { a: '1', b: '2' } })
    await client(secrets).create({ metadata: { name: 'sec', namespace: 'default' }, data: { pw: btoa('hunter2') } })
    await run(
      'full',
      {
        hostname: 'box',
        hostAliases: [{ ip: '1.2.3.4', hostnames: ['alias'] }],
        securityContext: { runAsUser: 1000, fsGroup: 2000 },
        volumes: [
          { name: 'cm', configMap: { name: 'cm', defaultMode: 0o400 } },
          { name: 'sec', secret: { secretName: 'sec' } },
          { name: 'disk', emptyDir: {} },
          { name: 'mem', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } },
        ],
        containers: [
          container(`echo "$A $PW $FROM_IMAGE"; hostname; grep alias /etc/hosts; id; cat /sub; echo; ${IDLE}`, {
            resources: { limits: { cpu: '500m', memory: '64Mi' } },
            env: [
              { name: 'A', valueFrom: { configMapKeyRef: { name: 'cm', key: 'a' } } },
              { name: 'PW', valueFrom: { secretKeyRef: { name: 'sec', key: 'pw' } } },
            ],
            volumeMounts: [
              { name: 'cm', mountPath: '/cm' },
              { name: 'sec', mountPath: '/sec' },
              { name: 'disk', mountPath: '/disk', subPath: 'deep/er' },
              { name: 'mem', mountPath: '/mem' },
              { name: 'cm', mountPath: '/sub', subPath: 'b' },
            ],
          }),
        ],
      },
      { labels: { app: 'full' } },
    )
    const pod = await ready('full')
    assert.match(pod.status?.podIP ?? '', /^10\.197\.0\./)
    assert.equal(await logs('full'), '1 hunter2 yes\nbox\n1.2.3.4\talias\nuid=1000 gid=0 groups=0,2000\n2\n')
    assert.equal(await inside('full', 'cat', '/cm/a', '/sec/pw'), '1hunter2')
    assert.match(await inside('full', 'df', '-k', '/mem'), /1024/)
    assert.equal(await inside('full', 'sh', '-c', 'echo x > /disk/file && cat /disk/file'), 'x\n')
    const uid = pod.metadata.uid ?? ''
    assert.equal(
      cgroupFile(`kubepods/pod${uid}`, ['memory/memory.limit_in_bytes', 'memory.max']),
      String(64 * 1024 ** 2),
    )
    await client(configMaps).patch('default/cm', 'merge', { data: { a: 'changed' } })
    await eventually(async () => assert.equal(await inside('full', 'cat', '/cm/a'), 'changed'))
    await remove('full')
    assert.ok(!existsSync(join(paths.kubelet, 'pods', uid)))
    assert.equal(cgroupFile(`kubepods/pod${uid}`, ['memory/memory.limit_in_bytes', 'memory.max']), undefined)
  })

  /** A file of a cgroup: in v1's hierarchy, or v2's. */
  function cgroupFile(path: string, [v1 = '', v2 = '']: readonly string[]): string | undefined {
    const [controller, file] = v1.split('/')
    const folder = `${names.cgroup}/${path}`
    for (const candidate of [`/sys/fs/cgroup/${controller}/${folder}/${file}`, `/sys/fs/cgroup/${folder}/${v2}`])
      if (existsSync(candidate)) return readFileSync(candidate, 'utf8').trim()
    return undefined
  }

  test('runs init containers, then the others, and tells their last words', async () => {
    await run('job', {
      restartPolicy: 'Never',
      volumes: [{ name: 'v', emptyDir: {} }],
      initContainers: [
        { ...container('echo from-init > /v/file', { volumeMounts: [{ name: 'v', mountPath: '/v' }] }), name: 'init' },
        { ...container(IDLE), name: 'side', restartPolicy: 'Always' },
      ],
      containers: [
        container('cat /v/file; echo bye > /dev/termination-log; exit 3', {
          volumeMounts: [{ name: 'v', mountPath: '/v' }],
        }),
      ],
    })
    const { status } = await ended('job')
    assert.equal(status?.phase, 'Failed')
    const end = status?.containerStatuses?.[0]?.state?.terminated
    assert.deepEqual([end?.exitCode, end?.reason, end?.message], [3, 'Error', 'bye\n'])
    assert.deepEqual(
      status?.initContainerStatuses?.map(({ state }) => state?.terminated?.exitCode),
      [0, 0],
    )
    assert.equal(await logs('job'), 'from-init\n')
    await remove('job')
  })

  test('probes, kills what fails, and runs hooks', async () => {
    await run('probed', {
      containers: [
        container('mkdir /www; echo ok > /www/index.html; sleep 1; httpd -f -p 8080 -h /www', {
          startupProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1, failureThreshold: 30 },
          readinessProbe: { httpGet: { port: 8080 }, periodSeconds: 1 },
          livenessProbe: { exec: { command: ['test', '!', '-e', '/bad'] }, periodSeconds: 1, failureThreshold: 1 },
          lifecycle: { postStart: { exec: { command: ['touch', '/hooked'] } } },
        }),
      ],
    })
    await ready('probed')
    await inside('probed', 'ls', '/hooked').then((out) => assert.equal(out, '/hooked\n'))
    await inside('probed', 'touch', '/bad')
    const again = await eventually(async () => {
      const pod = await get('probed')
      assert.equal(pod.status?.containerStatuses?.[0]?.restartCount, 1)
      assert.equal(conditionOf(pod, 'Ready'), 'True')
      return pod
    })
    assert.equal(again.status?.containerStatuses?.[0]?.lastState?.terminated?.exitCode, 137)
    const { items } = await client(events).list({ namespace: 'default' })
    const said = items.filter(({ involvedObject }) => involvedObject.name === 'probed').map(({ message }) => message)
    assert.ok(said.includes('Container app failed liveness probe, will be restarted'), said.join('\n'))
    await remove('probed')
  })

  test('says what is wrong with containers that cannot start', async () => {
    await run('wrong', {
      containers: [
        { ...container(''), name: 'noimage', image: 'localhost:1/none:1' },
        { ...container(''), name: 'nocommand', command: ['/nope'] },
        { ...container(''), name: 'root', securityContext: { runAsNonRoot: true } },
        { ...container('exit 1'), name: 'crash' },
      ],
    })
    await eventually(async () => {
      const waiting = (await get('wrong')).status?.containerStatuses?.map(({ state }) => state?.waiting?.reason)
      assert.match(waiting?.[0] ?? '', /^(ErrImagePull|ImagePullBackOff)$/)
      assert.match(waiting?.[1] ?? '', /^(RunContainerError|CrashLoopBackOff)$/)
      assert.equal(waiting?.[2], 'CreateContainerConfigError')
      assert.equal(waiting?.[3], 'CrashLoopBackOff')
    })
    await remove('wrong')
  })

  test('carries sessions to containers', async () => {
    await run('session', {})
    await ready('session')
    const url = new URL(await kubelet.api.stream('/exec/default/session/app?command=cat&input=1&output=1&error=1'))
    const { session } = await openSpdy({ url }, ['v4.channel.k8s.io'])
    const error = await session.open({ streamtype: 'error' })
    const stdin = await session.open({ streamtype: 'stdin' })
    const stdout = await session.open({ streamtype: 'stdout' })
    const stderr = await session.open({ streamtype: 'stderr' })
    stdin.end('through\n')
    assert.equal(await textOf(stdout), 'through\n')
    assert.match(await textOf(error), /"Success"/)
    stderr.destroy()
    session.close()
    await remove('session')
  })

  test('a killed agent is followed by another that leaves everything running', async () => {
    await run('kept', {
      containers: [container(IDLE, { readinessProbe: { exec: { command: ['true'] }, periodSeconds: 1 } })],
    })
    await run('deleted', {})
    const before = await ready('kept')
    await ready('deleted')
    await kubelet.stop()
    cri.close()
    await client(pods).delete('default/deleted', { gracePeriodSeconds: 0 })
    kubelet = await startAgent()
    await eventually(async () => {
      const running = await cri.runtime.listContainers({ state: { state: 'CONTAINER_RUNNING' } })
      assert.deepEqual(
        running.map(({ labels }) => labels['io.kubernetes.pod.name']),
        ['kept'],
        'what is not in the API any more goes',
      )
    })
    const now = await get('kept')
    assert.equal(now.status?.containerStatuses?.[0]?.containerID, before.status?.containerStatuses?.[0]?.containerID)
    assert.equal(now.status?.containerStatuses?.[0]?.restartCount, 0)
    const since = (pod: Frozen<Pod>): string | undefined =>
      pod.status?.conditions?.find(({ type }) => type === 'Ready')?.lastTransitionTime
    assert.equal(since(now), since(before), 'and it was Ready all along')
    await remove('kept')
  })

  test('leaves nothing behind of pods that are gone', async () => {
    await eventually(async () => {
      assert.deepEqual(await cri.runtime.listPodSandbox(), [])
      assert.deepEqual(readdirSync(join(paths.kubelet, 'pods')), [])
      assert.deepEqual(readdirSync(paths.podLogs), [])
    })
    await kubelet.stop()
    cri.close()
    stop.abort()
    await tearDown(env, paths, settings)
    assert.deepEqual(hostSnapshot(paths), untouched)
  })
})

/** An API in this process where everyone may do everything. */
function testClient(): ReturnType<typeof createClient> {
  const server = createApiServer({
    store: new MemoryStore({ clock: systemClock }),
    env,
    resources: builtInResources,
    authenticator: { authenticate: () => undefined },
    authorizer: alwaysAllow,
    admission: [],
    freeze: true,
  })
  const admin = { name: 'admin', groups: ['system:masters'] }
  const transport = inProcessTransport((request, user: typeof admin) => handle(server, request, user), admin)
  return createClient({ transport, env, userAgent: 'test' })
}

async function textOf(stream: AsyncIterable<Buffer>): Promise<string> {
  let text = ''
  for await (const piece of stream) text += piece.toString()
  return text
}
