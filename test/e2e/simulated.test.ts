import assert from 'node:assert/strict'
import { chownSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { EXIT } from '../../src/host/user-error.ts'
import { Playground } from './skiff.ts'

const NOBODY = 65534
const isRoot = process.getuid?.() === 0
/** What runs a command as nobody when the tests run as root. */
const wrapper = isRoot ? ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'] : []

describe('a cluster of simulated pods, without root', () => {
  const place = new Playground()
  const skiff = (...args: string[]) => place.run(args, { wrapper, env: { HOME: place.folder } })
  let port = 0

  before(async () => {
    if (isRoot) chownSync(place.folder, NOBODY, NOBODY)
    port = await freePort()
  })
  after(async () => {
    await skiff('delete', '--name', 'sim')
    place.remove()
  })

  test('real containers are refused with what to do', async () => {
    const { code, err } = await skiff('up', '--name', 'real', '--api-port', String(port))
    assert.equal(code, EXIT.hostNotReady)
    assert.match(err, /containers need root, and you are not: sudo skiff up, or skiff up --runtime simulated/)
  })

  test('flags that the API server could not start with are refused before anything is begun, and not remembered', async () => {
    const flags = ['--runtime', 'simulated', '--api-port', String(port)]
    const { code, err } = await skiff('up', '--name', 'bad', ...flags, '--audit-policy-file', '/nowhere/policy.yaml')
    assert.notEqual(code, EXIT.ok)
    assert.match(err, /loading audit policy file: failed to read file path "\/nowhere\/policy.yaml"/)
    assert.doesNotMatch(err, /^ +at /m)
    assert.deepEqual((await skiff('status', '--name', 'bad')).out, '')
    const server = await skiff('server', '--name', 'bad', ...flags, '--max-requests-inflight=-4')
    assert.match(server.err, /--max-requests-inflight can not be negative value/)
    assert.match((await skiff('status', '--name', 'bad')).err, /there is no cluster "bad"/)
  })

  test('comes up, and kubectl reaches it by its context', async () => {
    const { code, err, out } = await skiff('up', '--name', 'sim', '--runtime', 'simulated', '--api-port', String(port))
    assert.equal(code, EXIT.ok, err)
    assert.match(err, /API +ready at https:\/\/127\.0\.0\.1/)
    assert.match(out, /skiff down --name sim/)
    const namespaces = await place.kubectl('--context', 'skiff-sim', 'get', 'namespaces', '-o', 'name')
    assert.match(namespaces.out, /namespace\/kube-system/, namespaces.err)
  })

  test('up again does no harm', async () => {
    const { code, err } = await skiff('up', '--name', 'sim')
    assert.equal(code, EXIT.ok, err)
    assert.match(err, /is already running/)
  })

  test('says how it is, for programs too', async () => {
    const { code, out } = await skiff('status', '--name', 'sim', '-o', 'json')
    assert.equal(code, EXIT.ok)
    const status = JSON.parse(out) as { running: boolean; api: string }
    assert.deepEqual([status.running, status.api], [true, 'ready'])
  })

  test('what cannot change is refused', async () => {
    const { code, err } = await skiff('up', '--name', 'sim', '--service-cidr', '10.50.0.0/16')
    assert.equal(code, EXIT.usage)
    assert.match(err, /was made with --service-cidr/)
  })

  test('objects survive kill -9 and down', async () => {
    const created = await place.kubectl('--context', 'skiff-sim', 'create', 'configmap', 'kept', '--from-literal=a=b')
    assert.equal(created.code, 0, created.err)
    const { out } = await skiff('status', '--name', 'sim', '-o', 'json')
    process.kill((JSON.parse(out) as { pid: number }).pid, 'SIGKILL')
    assert.equal((await skiff('status', '--name', 'sim')).code, EXIT.notRunning)
    await skiff('up', '--name', 'sim')
    assert.equal((await skiff('down', '--name', 'sim')).code, EXIT.ok)
    await skiff('up', '--name', 'sim')
    const kept = await place.kubectl('--context', 'skiff-sim', 'get', 'configmap', 'kept', '-o', 'jsonpath={.data.a}')
    assert.equal(kept.out, 'b', kept.err)
  })

  test('authorities are exchanged while it runs; the kubeconfig goes along, and old certificates until the end', async () => {
    const names = async (): Promise<string[]> => {
      const { out } = await skiff('certs', 'check', '--name', 'sim', '-o', 'json')
      return (JSON.parse(out) as { name: string }[]).map(({ name }) => name)
    }
    // For nodes that join, though this process has nodes of its own.
    assert.ok((await names()).includes('apiserver-kubelet-client'))
    const early = await skiff('certs', 'rotate', '--ca', '--finish', '--name', 'sim')
    assert.match(early.err, /there is nothing to finish/)
    const namespaces = (context: string) =>
      place.kubectl('--context', context, 'get', 'namespace', 'kube-system', '-o', 'name')
    const rotated = await skiff('certs', 'rotate', '--ca', '--name', 'sim')
    assert.equal(rotated.code, EXIT.ok, rotated.err)
    assert.ok((await names()).includes('ca-cross'))
    // This context still has the old authority and its certificate.
    assert.match((await namespaces('skiff-sim')).out, /kube-system/)
    const finished = await skiff('certs', 'rotate', '--ca', '--finish', '--name', 'sim')
    assert.equal(finished.code, EXIT.ok, finished.err)
    assert.notEqual((await namespaces('skiff-sim')).code, 0)
    await skiff('kubeconfig', '--merge', '--name', 'sim')
    assert.match((await namespaces('skiff-sim')).out, /kube-system/)
  })

  test('a port that is taken is named, and nothing is left half-started', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await new Promise((listening) => taken.once('listening', listening))
    const { port: busy } = taken.address() as AddressInfo
    const { code, err } = await skiff('up', '--name', 'other', '--runtime', 'simulated', '--api-port', String(busy))
    taken.close()
    assert.equal(code, EXIT.failed)
    assert.match(err, new RegExp(`port ${busy} is taken by another program\\n +- see by which: ss -ltnp`))
    assert.match((await skiff('status', '--name', 'other')).out, /server +not running/)
  })

  test('delete leaves neither state nor context', async () => {
    assert.equal((await skiff('delete', '--name', 'sim')).code, EXIT.ok)
    assert.equal((await skiff('status', '--name', 'sim')).code, EXIT.failed)
    const contexts = await place.kubectl('config', 'get-contexts', '-o', 'name')
    assert.equal(contexts.out.trim(), '')
  })
})

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
}
