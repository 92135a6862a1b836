import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import { createServer as createTcpServer, type AddressInfo, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import { systemClock } from '../../lib/clock.ts'
import { linuxCgroups } from './cgroups.ts'
import { linuxFiles } from './files.ts'
import { linuxMachine } from './machine.ts'
import { linuxMounts } from './mounts.ts'
import { linuxNetwork } from './network.ts'
import { skipMounts as skip } from './test-mounts.ts'

function noLoopDevice(): boolean {
  try {
    execFileSync('losetup', ['--find'], { stdio: 'ignore' })
    execFileSync('mkfs.ext4', ['-V'], { stdio: 'ignore' })
    return false
  } catch {
    return true
  }
}

async function inFolder(use: (dir: string) => Promise<void>): Promise<void> {
  const dir = mkdtempSync(`${tmpdir()}/skiff-linux-`)
  try {
    await use(dir)
  } finally {
    await linuxMounts.unmountTree(dir)
    rmSync(dir, { recursive: true })
  }
}

test('a tmpfs is mounted once, with its size, and unmounted', { skip }, () =>
  inFolder(async (dir) => {
    mkdirSync(`${dir}/m`)
    await linuxMounts.tmpfs(`${dir}/m`, { sizeBytes: 1024 * 1024 })
    await linuxMounts.tmpfs(`${dir}/m`, { sizeBytes: 1024 * 1024 })
    assert.deepEqual(await linuxMounts.below(dir), [`${dir}/m`])
    assert.equal((await linuxFiles.statfs(`${dir}/m`)).capacityBytes, 1024 * 1024)
    assert.equal(statSync(`${dir}/m`).mode & 0o7777, 0o1777)
    await linuxMounts.unmountTree(dir)
    assert.deepEqual(await linuxMounts.below(dir), [])
  }),
)

test(
  'a device gets a file system once, and what is on it stays',
  { skip: skip || (noLoopDevice() && 'needs loop devices and mkfs.ext4') },
  () =>
    inFolder(async (dir) => {
      writeFileSync(`${dir}/disk`, '')
      truncateSync(`${dir}/disk`, 8 * 1024 * 1024)
      const device = execFileSync('losetup', ['--find', '--show', `${dir}/disk`], { encoding: 'utf8' }).trim()
      try {
        for (const name of ['a', 'b']) mkdirSync(`${dir}/${name}`)
        await linuxMounts.device(device, `${dir}/a`, 'ext4')
        await linuxMounts.device(device, `${dir}/a`, 'ext4')
        assert.deepEqual(await linuxMounts.below(dir), [`${dir}/a`])
        writeFileSync(`${dir}/a/kept`, 'x')
        await linuxMounts.device(device, `${dir}/b`, 'ext4')
        assert.equal(readFileSync(`${dir}/b/kept`, 'utf8'), 'x')
      } finally {
        await linuxMounts.unmountTree(dir)
        execFileSync('losetup', ['--detach', device])
      }
    }),
)

test('sub-paths are bound: a folder, a file, one that is made, one through a symlink inside', { skip }, () =>
  inFolder(async (dir) => {
    mkdirSync(`${dir}/v/a/b`, { recursive: true })
    writeFileSync(`${dir}/v/a/b/file`, 'x')
    symlinkSync('a/b', `${dir}/v/link`)
    await linuxMounts.bindSubPath(`${dir}/v`, 'a/b', `${dir}/t/folder`)
    await linuxMounts.bindSubPath(`${dir}/v`, 'a/b/file', `${dir}/t/file`)
    await linuxMounts.bindSubPath(`${dir}/v`, 'new/one', `${dir}/t/new`)
    await linuxMounts.bindSubPath(`${dir}/v`, 'link/file', `${dir}/t/linked`)
    assert.equal(readFileSync(`${dir}/t/folder/file`, 'utf8'), 'x')
    assert.equal(readFileSync(`${dir}/t/file`, 'utf8'), 'x')
    assert.equal(readFileSync(`${dir}/t/linked`, 'utf8'), 'x')
    assert.ok(statSync(`${dir}/v/new/one`).isDirectory())
    await linuxMounts.bindSubPath(`${dir}/v`, 'a/b', `${dir}/t/folder`)
    assert.equal((await linuxMounts.below(`${dir}/t`)).length, 4)
  }),
)

test(
  'a sub-path that is made has the mode of its volume, and what is made in it belongs to the volume’s group',
  { skip },
  () =>
    inFolder(async (dir) => {
      mkdirSync(`${dir}/v`)
      chownSync(`${dir}/v`, 0, 123)
      chmodSync(`${dir}/v`, 0o2777)
      await linuxMounts.bindSubPath(`${dir}/v`, 'new/one', `${dir}/t`)
      for (const path of ['v/new', 'v/new/one', 't']) {
        const { mode, gid } = statSync(`${dir}/${path}`)
        assert.deepEqual([mode & 0o7777, gid], [0o2777, 123], path)
      }
    }),
)

test('no sub-path leads out of its volume', { skip }, () =>
  inFolder(async (dir) => {
    mkdirSync(`${dir}/v`)
    mkdirSync(`${dir}/outside`)
    symlinkSync(`${dir}/outside`, `${dir}/v/absolute`)
    symlinkSync('../outside', `${dir}/v/relative`)
    for (const subPath of ['absolute', 'relative', 'absolute/new', 'relative/new']) {
      await assert.rejects(linuxMounts.bindSubPath(`${dir}/v`, subPath, `${dir}/t`), /not within volume path/, subPath)
    }
    assert.ok(!existsSync(`${dir}/outside/new`))
    assert.deepEqual(await linuxMounts.below(`${dir}/t`), [])
  }),
)

test('a folder is not emptied through a mount', { skip }, () =>
  inFolder(async (dir) => {
    mkdirSync(`${dir}/pod/mounted`, { recursive: true })
    await linuxMounts.tmpfs(`${dir}/pod/mounted`, {})
    writeFileSync(`${dir}/pod/mounted/precious`, 'x')
    await assert.rejects(linuxFiles.remove(`${dir}/pod`), /is on another file system/)
    assert.ok(existsSync(`${dir}/pod/mounted/precious`))
  }),
)

test('a cgroup is made with its limits, and removed with its processes', { skip }, async () => {
  const cgroups = linuxCgroups(systemClock, 'cgroupfs')
  const path = `/skiff-test-${process.pid}/pod1`
  try {
    await cgroups.ensure(path, {
      cpuShares: 512,
      cpuQuota: 50_000,
      cpuPeriod: 100_000,
      memoryLimitBytes: 64 * 1024 ** 2,
    })
    const usage = await cgroups.usage(path)
    assert.ok(usage && usage.memoryUsageBytes >= 0)
    assert.ok((await cgroups.children(`/skiff-test-${process.pid}`)).includes('pod1'))
  } finally {
    await cgroups.remove(`/skiff-test-${process.pid}`)
  }
  assert.deepEqual(await cgroups.children(`/skiff-test-${process.pid}`), [])
  await cgroups.remove(path)
})

test('systemd’s names of cgroups', () => {
  assert.equal(
    linuxCgroups(systemClock, 'systemd').parentFor('/kubepods/burstable/pod1-2'),
    'kubepods-burstable-pod1_2.slice',
  )
})

test('the machine is described', () => {
  const machine = linuxMachine(2)
  assert.ok(machine.cpus > 0 && machine.memoryBytes > 0)
  assert.match(machine.bootId, /^[0-9a-f-]{36}$/)
})

async function serving(server: Server, use: (port: number) => Promise<void>): Promise<void> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  try {
    await use((server.address() as AddressInfo).port)
  } finally {
    server.close()
  }
}

const get = (port: number, path: string, more: object = {}): ReturnType<typeof linuxNetwork.http> =>
  linuxNetwork.http({
    scheme: 'http',
    host: '127.0.0.1',
    port,
    path,
    headers: [],
    timeoutMs: 5000,
    maxBytes: 4,
    ...more,
  })

test('http: redirects on the same host are followed, others are an answer', () => {
  const handler: RequestListener = (request, response) => {
    if (request.url === '/same') response.writeHead(302, { location: '/end' }).end()
    else if (request.url === '/other') response.writeHead(302, { location: 'http://elsewhere.example/' }).end()
    else if (request.url === '/loop') response.writeHead(302, { location: '/loop' }).end()
    else response.end(`${request.headers['user-agent']}`)
  }
  return serving(createServer(handler), async (port) => {
    assert.deepEqual(await get(port, '/same', { headers: [{ name: 'User-Agent', value: 'probing' }] }), {
      status: 200,
      body: 'prob',
    })
    assert.equal((await get(port, '/other')).redirectedTo, 'http://elsewhere.example/')
    await assert.rejects(get(port, '/loop'), /stopped after 10 redirects/)
  })
})

test('http and tcp failures are worded as Go words them', () =>
  serving(createTcpServer(), async (open) => {
    const closed = await new Promise<number>((resolve) => {
      const server = createTcpServer().listen(0, '127.0.0.1', () => {
        const { port } = server.address() as AddressInfo
        server.close(() => resolve(port))
      })
    })
    await assert.rejects(get(closed, '/x'), {
      message: `Get "http://127.0.0.1:${closed}/x": dial tcp 127.0.0.1:${closed}: connect: connection refused`,
    })
    await assert.rejects(get(open, '/x', { timeoutMs: 50 }), {
      message: `Get "http://127.0.0.1:${open}/x": context deadline exceeded (Client.Timeout exceeded while awaiting headers)`,
    })
    await assert.rejects(linuxNetwork.tcp('127.0.0.1', closed, 1000), {
      message: `dial tcp 127.0.0.1:${closed}: connect: connection refused`,
    })
    await linuxNetwork.tcp('127.0.0.1', open, 1000)
    await assert.rejects(
      linuxNetwork.grpcHealth('127.0.0.1', closed, '', 200),
      /timeout: failed to connect service "127\.0\.0\.1:\d+" within 200ms/,
    )
  }))
