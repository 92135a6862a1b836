import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join, resolve } from 'node:path'
import { after, describe, test } from 'node:test'
import { eventually } from './eventually.ts'
import { busyboxRoot } from './images.ts'
import { Playground } from './skiff.ts'
import { noContainers } from './skip.ts'

const BIN = resolve(import.meta.dirname, '../../bin/skiff.mjs')

/** Runs `skiff server` until it is stopped. */
function serve(place: Playground, name: string, ...flags: string[]): ChildProcess {
  const env = { ...process.env, SKIFF_DATA_DIR: place.folder }
  return spawn(process.execPath, [BIN, 'server', '--name', name, ...flags], { env, stdio: 'ignore' })
}

/** The last started first. */
async function stopAll(servers: readonly ChildProcess[]): Promise<void> {
  for (const server of servers.toReversed()) {
    server.kill('SIGTERM')
    if (server.exitCode === null) await once(server, 'exit')
  }
}

describe('a cluster in three processes', () => {
  const place = new Playground()
  const kubeconfig = join(place.folder, 'api', 'kubeconfig')
  const servers: ChildProcess[] = []
  const kubectl = (...args: string[]) => place.kubectl('--kubeconfig', kubeconfig, ...args)

  const start = (name: string, components: string, ...flags: string[]): void =>
    void servers.push(serve(place, name, '--runtime', 'simulated', '--components', components, ...flags))
  after(async () => {
    await stopAll(servers)
    place.remove()
  })

  test('runs a Deployment', async () => {
    start('api', 'apiserver', '--api-port', '16706')
    await eventually(async () => assert.equal((await kubectl('get', '--raw', '/readyz')).out, 'ok'))
    start('control', 'controllers,scheduler', '--kubeconfig', kubeconfig)
    start('node', 'node', '--kubeconfig', kubeconfig, '--node-name', 'apart')
    const created = await kubectl('create', 'deployment', 'web', '--image', 'web')
    assert.equal(created.code, 0, created.err)
    const ready = await kubectl('wait', '--for=condition=Available', 'deployment/web', '--timeout=60s')
    assert.equal(ready.code, 0, ready.err)
    const where = await kubectl('get', 'pods', '-o', 'jsonpath={.items[*].spec.nodeName}')
    assert.equal(where.out, 'apart')
  })

  test('what is no component, or has no API to go to, is refused', async () => {
    const unknown = await place.run(['server', '--name', 'x', '--runtime', 'simulated', '--components', 'etcd'])
    assert.match(unknown.err, /there is no component "etcd"\n {2}- choose of apiserver, controllers/)
    const alone = await place.run(['server', '--name', 'x', '--runtime', 'simulated', '--components', 'scheduler'])
    assert.match(alone.err, /name its kubeconfig with --kubeconfig/)
  })
})

describe('a node with real containers apart from its API server', { skip: noContainers() }, () => {
  const place = new Playground()
  const kubeconfig = join(place.folder, 'api', 'kubeconfig')
  const ranges = ['--pod-cidr', '10.246.0.0/16', '--service-cidr', '10.247.0.0/16']
  const servers: ChildProcess[] = []
  const kubectl = (...args: string[]) => place.kubectl('--kubeconfig', kubeconfig, ...args)
  after(async () => {
    await stopAll(servers)
    await place.run(['delete', '--name', 'node'])
    place.remove()
  })

  test('runs a pod whose log is read and in which a command is run, over the network', async () => {
    servers.push(
      serve(place, 'api', '--components', 'apiserver,controllers,scheduler', '--api-port', '16707', ...ranges),
    )
    await eventually(async () => assert.equal((await kubectl('get', '--raw', '/readyz')).out, 'ok'))
    servers.push(serve(place, 'node', '--components', 'node', '--kubeconfig', kubeconfig, ...ranges))
    const root = busyboxRoot(join(place.folder, 'rootfs'))
    await eventually(async () => {
      const built = await place.run(['image', 'build', root, '--name', 'node', '-t', 'e2e/busy:1'])
      assert.equal(built.code, 0, built.err)
    })
    await kubectl('run', 'busy', '--image', 'e2e/busy:1', '--command', '--', 'sh', '-c', 'echo hello; exec sleep 1000')
    const ready = await kubectl('wait', '--for=condition=Ready', 'pod/busy', '--timeout=60s')
    assert.equal(ready.code, 0, ready.err)
    assert.equal((await kubectl('logs', 'busy')).out, 'hello\n')
    assert.equal((await kubectl('exec', 'busy', '--', 'echo', 'inside')).out, 'inside\n')
  })
})
