import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { clusterPaths } from '../../src/host/cluster/paths.ts'
import { EXIT } from '../../src/host/user-error.ts'
import { sleep, systemClock } from '../../src/lib/clock.ts'
import { keepAlive } from '../../src/lib/host/keep-alive.ts'
import { Playground } from './skiff.ts'
import type { Ran } from './skiff.ts'
import { noContainers } from './skip.ts'

const isRoot = process.getuid?.() === 0
const MIB = 1024 * 1024

/** Tries until it succeeds, or gives the last failure after a while. */
async function eventually(attempt: () => Promise<Ran>, timeoutMs = 30_000): Promise<Ran> {
  const release = keepAlive()
  try {
    for (const until = systemClock.monotonic() + timeoutMs; ; await sleep(systemClock, 100)) {
      const result = await attempt()
      if (result.code === 0 || systemClock.monotonic() > until) return result
    }
  } finally {
    release()
  }
}

describe('containerd that dies', { skip: noContainers() }, () => {
  const NAME = 'e2e-trouble'
  const place = new Playground()
  const skiff = (command: string, ...args: string[]) => place.run([command, '--name', NAME, ...args])
  after(async () => {
    await skiff('delete')
    place.remove()
  })

  test('is started again by itself, and the node is Ready again', async () => {
    const up = await skiff(
      'up',
      '--api-port',
      '16702',
      '--pod-cidr',
      '10.234.0.0/16',
      '--service-cidr',
      '10.235.0.0/16',
    )
    assert.equal(up.code, EXIT.ok, up.err)
    const { pidFile } = clusterPaths(place.folder, NAME).containerd
    const pid = (): number => (JSON.parse(readFileSync(pidFile, 'utf8')) as { pid: number }).pid
    const first = pid()
    process.kill(first, 'SIGKILL')
    const status = await eventually(async () => {
      const found = await skiff('status', '-o', 'json')
      return { ...found, code: pid() !== first && /"containerd": "running"/.test(found.out) ? 0 : 1 }
    })
    assert.equal(status.code, 0, status.out)
    const ready = await place.kubectl(
      '--context',
      `skiff-${NAME}`,
      'wait',
      '--for=condition=Ready',
      'node',
      '--all',
      '--timeout=60s',
    )
    assert.equal(ready.code, 0, ready.err)
  })

  test('a runtime that is named and does not answer is said so, and nothing is left half-started', async () => {
    const up = await place.run([
      'up',
      '--name',
      'e2e-named',
      '--api-port',
      '16703',
      '--container-runtime-endpoint',
      '/run/no-such.sock',
    ])
    assert.equal(up.code, EXIT.hostNotReady)
    assert.match(up.err, /no container runtime answers on \/run\/no-such\.sock/)
    assert.equal((await place.run(['status', '--name', 'e2e-named'])).code, EXIT.notRunning)
  })
})

describe('a disk that is full', { skip: isRoot ? false : 'mounting a small disk needs root' }, () => {
  const place = new Playground()
  const disk = join(place.folder, 'disk')
  const ballast = join(disk, 'ballast')
  const skiff = (...args: string[]) => place.run(args, { env: { SKIFF_DATA_DIR: disk } })
  const kubectl = (...args: string[]) => place.kubectl('--context', 'skiff-full', ...args)
  mkdirSync(disk)
  after(async () => {
    await skiff('delete', '--name', 'full')
    execFileSync('umount', [disk])
    place.remove()
  })

  test('is refused before anything is started', async () => {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=100m', 'tmpfs', disk])
    const { code, err } = await skiff('up', '--name', 'full', '--runtime', 'simulated', '--api-port', '16704')
    assert.equal(code, EXIT.hostNotReady)
    assert.match(err, /has \d+ MiB free, and a cluster needs 512 MiB: free some space, or name another folder/)
  })

  test('stops writes loudly, and they go on when there is space again', async () => {
    execFileSync('mount', ['-o', 'remount,size=600m', disk])
    const up = await skiff('up', '--name', 'full', '--runtime', 'simulated', '--api-port', '16704')
    assert.equal(up.code, EXIT.ok, up.err)
    fillDisk(ballast)
    const create = (name: string) => kubectl('create', 'configmap', name, `--from-literal=a=${'x'.repeat(100_000)}`)
    let refused: Ran | undefined
    for (let n = 0; n < 50 && !refused; n++) {
      const result = await create(`filler-${n}`)
      if (result.code !== 0) refused = result
    }
    assert.match(refused?.err ?? '', /space|full/i, 'a write must fail and say why')
    const read = await kubectl('get', 'namespaces')
    assert.equal(read.code, 0, read.err)
    rmSync(ballast)
    const created = await eventually(() => create('after'))
    assert.equal(created.code, 0, created.err)
  })
})

/** Leaves a disk without a free byte. */
function fillDisk(file: string): void {
  const block = Buffer.alloc(MIB)
  try {
    for (;;) writeFileSync(file, block, { flag: 'a' })
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC')
  }
}

describe('manifests of a folder', () => {
  const place = new Playground()
  const folder = join(place.folder, 'deploy')
  const skiff = (...args: string[]) => place.run(args)
  const kubectl = (...args: string[]) => place.kubectl('--context', 'skiff-manifests', ...args)
  const map = (name: string, value: string): string =>
    JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { value } })
  const valueOf = async (name: string): Promise<string> =>
    (await kubectl('get', 'configmap', name, '-o', 'jsonpath={.data.value}')).out
  async function becomes(name: string, value: string): Promise<void> {
    const result = await eventually(async () => {
      const out = await valueOf(name)
      return { code: out === value ? 0 : 1, out, err: '' }
    })
    assert.equal(result.out, value, `the value of ${name}`)
  }
  after(async () => {
    await skiff('delete', '--name', 'manifests')
    place.remove()
  })

  test('are applied at start, when they change, and are removed with their file', async () => {
    mkdirSync(folder)
    writeFileSync(join(folder, 'a.json'), map('a', '1'))
    writeFileSync(join(folder, 'b.json'), map('b', '1'))
    const up = await skiff(
      'up',
      '--name',
      'manifests',
      '--runtime',
      'simulated',
      '--api-port',
      '16705',
      '--manifests',
      folder,
    )
    assert.equal(up.code, EXIT.ok, up.err)
    for (const name of ['a', 'b']) await becomes(name, '1')
    writeFileSync(join(folder, 'a.json'), map('a', '2'))
    await becomes('a', '2')
    rmSync(join(folder, 'b.json'))
    await becomes('b', '')
    assert.equal(await valueOf('a'), '2')
  })

  test('a broken file is told of, and what it held stays', async () => {
    writeFileSync(join(folder, 'a.json'), '{')
    const said = await eventually(async () => {
      const { out } = await skiff('logs', '--name', 'manifests', '--tail', '-1')
      return { code: /a manifest is not applied .*a\.json/.test(out) ? 0 : 1, out, err: '' }
    })
    assert.equal(said.code, 0, said.out)
    assert.equal(await valueOf('a'), '2')
  })
})
