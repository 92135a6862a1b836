import assert from 'node:assert/strict'
import { execFile, execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { promisify } from 'node:util'
import { startCluster } from './index.ts'

const run = promisify(execFile)
const KUBECTL = process.env.KUBECTL ?? 'kubectl'

function hasKubectl(): boolean {
  try {
    execFileSync(KUBECTL, ['version', '--client'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** kubectl as whoever a kubeconfig says, with files of its own. */
function kubectlWith(kubeconfig: string) {
  const folder = mkdtempSync(join(tmpdir(), 'skiff-testing-'))
  const file = join(folder, 'config')
  writeFileSync(file, kubeconfig, { mode: 0o600 })
  return {
    async kubectl(...args: string[]): Promise<string> {
      const { stdout } = await run(KUBECTL, ['--kubeconfig', file, '--cache-dir', join(folder, 'cache'), ...args])
      return stdout
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  }
}

function portOf(kubeconfig: string): number {
  return Number(/server: https:\/\/127\.0\.0\.1:(\d+)/.exec(kubeconfig)?.[1])
}

describe('kubeconfig', () => {
  it('is made when asked for, and no longer served when the cluster has stopped', async () => {
    const cluster = await startCluster({ time: 'virtual', nodes: 0 })
    const kubeconfig = await cluster.kubeconfig()
    assert.equal(await cluster.kubeconfig(), kubeconfig)
    const port = portOf(kubeconfig)
    assert.equal(await accepts(port), true)
    await cluster.stop()
    assert.equal(await accepts(port), false)
  })

  it('lets kubectl in', { skip: !hasKubectl() && 'kubectl is not installed' }, async () => {
    await using cluster = await startCluster({
      script: { pod: () => ({ containers: { '*': { logs: ['sailing'], exec: { hostname: { stdout: 'boat\n' } } } } }) },
    })
    const kubeconfig = await cluster.kubeconfig()
    using admin = kubectlWith(kubeconfig)
    const { kubectl } = admin
    await kubectl('create', 'deployment', 'web', '--image=web:v1', '--replicas=2')
    await kubectl('rollout', 'status', 'deployment/web', '--timeout=20s')
    assert.match(await kubectl('get', 'nodes'), /node-1 +Ready/)
    const names = await kubectl('get', 'pods', '-l', 'app=web', '-o', 'name')
    const [pod = ''] = names.split('\n')
    assert.match(await kubectl('logs', pod), /^sailing$/m)
    assert.equal(await kubectl('exec', pod, '--', 'hostname'), 'boat\n')
    assert.equal(await kubectl('auth', 'whoami', '-o', 'jsonpath={.status.userInfo.username}'), 'kubernetes-admin')
    // What comes over the network is refused as anything else is.
    const token = (await kubectl('create', 'token', 'default')).trim()
    using account = kubectlWith(
      kubeconfig.replace(/( +)client-certificate-data: .*\n +client-key-data: .*/, `$1token: ${token}`),
    )
    await assert.rejects(
      account.kubectl('get', 'pods'),
      /User "system:serviceaccount:default:default" cannot list resource "pods"/,
    )
  })
})

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => resolve(true) ?? socket.destroy())
    socket.once('error', () => resolve(false))
  })
}
