import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { after, describe, test } from 'node:test'
import { clusterPaths } from '../../src/host/cluster/paths.ts'
import type { ProcessIdentity } from '../../src/host/cluster/process-file.ts'
import { isAlive, readProcessFile, signalProcess, waitForExit } from '../../src/host/cluster/process-file.ts'
import { hostNames } from '../../src/host/cluster/host-names.ts'
import { socketAnswers } from '../../src/host/containerd/connection.ts'
import { prepareContainerd } from '../../src/host/containerd/prepare.ts'
import { superviseContainerd } from '../../src/host/containerd/supervise.ts'
import { PAUSE_IMAGE, ensurePauseImage } from '../../src/host/image/pause.ts'
import { writePodNetwork } from '../../src/host/network/pod-network.ts'
import { gatherFacts } from '../../src/host/preflight/facts.ts'
import { tearDown } from '../../src/host/teardown/cluster.ts'
import { criClient } from '../../src/kubelet/cri/grpc/client.ts'
import { sleep, systemClock } from '../../src/lib/clock.ts'
import { keepAlive } from '../../src/lib/host/keep-alive.ts'
import { silentLogger } from '../../src/lib/log.ts'
import { systemRandom } from '../../src/lib/random.ts'
import { hostSnapshot } from './host-snapshot.ts'
import { noContainers } from './skip.ts'

const NAME = 'e2e-containerd'
const env = { clock: systemClock, random: systemRandom, log: silentLogger }
const settings = {
  name: NAME,
  apiPort: 0,
  podCidr: '10.199.0.0/16',
  serviceCidr: '10.198.0.0/16',
  clusterDomain: 'cluster.local',
  nodeName: 'node',
  nodes: 1,
  runtime: 'containerd',
} as const

describe('the containerd of a cluster', { skip: noContainers() }, () => {
  const release = keepAlive()
  const dataDir = mkdtempSync('/var/tmp/skiff-e2e-')
  const paths = clusterPaths(dataDir, NAME)
  const before = hostSnapshot(paths)
  const facts = gatherFacts(dataDir)
  let server = new AbortController()
  const options = {
    program: 'containerd',
    paths,
    cgroup: `${hostNames(paths).cgroup}/containerd`,
    env,
  }
  after(async () => {
    server.abort()
    await tearDown(env, paths, settings)
    rmSync(dataDir, { recursive: true })
    release()
  })

  test('starts, has the pause image, and runs a sandbox with an address', async () => {
    writePodNetwork(paths, { bridge: hostNames(paths).bridge, nodeCidr: '10.199.0.0/24' })
    await prepareContainerd(paths, facts, PAUSE_IMAGE)
    const { adopted } = await superviseContainerd({ ...options, signal: server.signal })
    assert.equal(adopted, false)
    await ensurePauseImage({ socket: paths.containerd.socket }, facts)
    assert.match(await runSandbox(paths.containerd.socket, hostNames(paths).cgroup), /^10\.199\.0\.\d+$/)
  })

  test('is adopted by the next server', async () => {
    server.abort()
    server = new AbortController()
    const again = await superviseContainerd({ ...options, signal: server.signal })
    assert.equal(again.adopted, true)
  })

  test('comes back when it is killed', async () => {
    const first = identityOf()
    signalProcess(first, 'SIGKILL')
    await waitForExit(systemClock, first, 5_000)
    await until(
      async () =>
        readProcessFile(paths.containerd.pidFile) !== undefined && (await socketAnswers(paths.containerd.socket)),
    )
    assert.notEqual(identityOf().pid, first.pid)
  })

  test('is torn down without a trace, sandboxes and all', async () => {
    const containerd = identityOf()
    server.abort()
    await tearDown(env, paths, settings)
    assert.equal(isAlive(containerd), false)
    assert.deepEqual(hostSnapshot(paths), before)
  })

  function identityOf(): ProcessIdentity {
    const identity = readProcessFile(paths.containerd.pidFile)
    assert.ok(identity)
    return identity
  }
})

async function runSandbox(socket: string, cgroup: string): Promise<string> {
  const client = criClient({ endpoint: socket })
  try {
    const metadata = { name: 'web', namespace: 'default', uid: 'uid-1', attempt: 0 }
    const linux = { cgroupParent: `/${cgroup}/kubepods/pod-1` }
    const id = await client.runtime.runPodSandbox({ metadata, linux, logDirectory: '/var/tmp' }, '')
    const { status } = await client.runtime.podSandboxStatus(id)
    return status?.network?.ip ?? ''
  } finally {
    client.close()
  }
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(systemClock, 20)
}
