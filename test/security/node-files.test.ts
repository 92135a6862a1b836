import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { rename, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { describe, test } from 'node:test'
import { checkHostPath } from '../../src/kubelet/volumes/host-path.ts'
import { linuxFiles } from '../../src/kubelet/linux/files.ts'
import { linuxMounts } from '../../src/kubelet/linux/mounts.ts'
import { readLog } from '../../src/kubelet/logs/read.ts'
import type { NodeResponse } from '../../src/kubelet/server/api.ts'
import { nodeLogs } from '../../src/kubelet/server/node-logs.ts'
import { terminationMessage } from '../../src/kubelet/runtime/termination-message.ts'
import type { ContainerStatus } from '../../src/kubelet/cri/generated/types.ts'
import { skipMounts as skip } from '../../src/kubelet/linux/test-mounts.ts'

/** A volume that a container writes to, and what lies outside of it. */
async function withVolume(use: (volume: string, outside: string, dir: string) => Promise<void>): Promise<void> {
  const dir = mkdtempSync(`${tmpdir()}/skiff-volume-`)
  mkdirSync(`${dir}/volume/sub`, { recursive: true })
  mkdirSync(`${dir}/outside`)
  writeFileSync(`${dir}/outside/secret`, "KEY='secret'\n")
  try {
    await use(`${dir}/volume`, `${dir}/outside`, dir)
  } finally {
    await linuxMounts.unmountTree(dir)
    rmSync(dir, { recursive: true })
  }
}

/** Links by which a container may want to get out. */
const LINKS: Readonly<Record<string, (outside: string) => readonly [target: string, asked: string]>> = {
  'an absolute link to a file': (outside) => [`${outside}/secret`, 'link'],
  'a relative link to a file': () => ['../outside/secret', 'link'],
  'an absolute link to a folder': (outside) => [outside, 'link/secret'],
  'a relative link to a folder': () => ['../outside', 'link/secret'],
  'a link to the root': () => ['/', 'link/etc/hostname'],
  'a link into /proc': () => ['/proc/self/root', 'link/etc/hostname'],
  'a link to what is not there yet': (outside) => [`${outside}/new`, 'link'],
  'a folder below what is not there yet': (outside) => [`${outside}/new`, 'link/more'],
}

describe('no sub-path of a volume leads out of it (CVE-2017-1002101)', { skip }, () => {
  for (const [name, make] of Object.entries(LINKS)) {
    test(name, () =>
      withVolume(async (volume, outside, dir) => {
        const [target, asked] = make(outside)
        symlinkSync(target, `${volume}/link`)
        await assert.rejects(linuxMounts.bindSubPath(volume, asked, `${dir}/target`))
        assert.deepEqual(await linuxMounts.below(`${dir}/target`), [])
        assert.deepEqual(readdirSync(outside), ['secret'])
      }),
    )
  }

  test('a folder that becomes a link while it is looked at (CVE-2021-25741)', () =>
    withVolume(async (volume, outside, dir) => {
      writeFileSync(`${volume}/sub/secret`, 'mine')
      let swapping = true
      const swap = async (): Promise<void> => {
        while (swapping) {
          await rename(`${volume}/sub`, `${volume}/away`)
          await symlink(outside, `${volume}/sub`)
          await rm(`${volume}/sub`)
          await rename(`${volume}/away`, `${volume}/sub`)
        }
      }
      const swapped = swap()
      for (let i = 0; i < 40; i++) {
        const target = `${dir}/targets/${i}`
        await linuxMounts.bindSubPath(volume, 'sub/secret', target).catch(() => undefined)
        if (!existsSync(target)) continue
        const read = Buffer.from(await linuxFiles.read(target)).toString()
        assert.ok(read === 'mine' || read === '', read)
      }
      swapping = false
      await swapped
    }))
})

describe('what a container leaves is read as a file of its own, or not at all', () => {
  for (const [name, make] of Object.entries(LINKS)) {
    test(`a file of variables: ${name}`, () =>
      withVolume(async (volume, outside) => {
        const [target, asked] = make(outside)
        symlinkSync(target, `${volume}/link`)
        await assert.rejects(linuxFiles.readWithin(volume, asked, 100))
      }))
  }

  test('a file of variables that is one, and a link that stays', () =>
    withVolume(async (volume) => {
      writeFileSync(`${volume}/sub/env`, "A='b'\n")
      symlinkSync('sub/env', `${volume}/link`)
      for (const path of ['sub/env', 'link', './sub//env'])
        assert.equal(Buffer.from(await linuxFiles.readWithin(volume, path, 100)).toString(), "A='b'\n")
      assert.equal((await linuxFiles.readWithin(volume, 'link', 3)).length, 3)
      await assert.rejects(linuxFiles.readWithin(volume, '../outside/secret', 100))
    }))

  test('a pipe, which nobody writes to, keeps nobody waiting', () =>
    withVolume(async (volume) => {
      execFileSync('mkfifo', [`${volume}/pipe`])
      await assert.rejects(linuxFiles.readWithin(volume, 'pipe', 100), /no regular file/)
      await assert.rejects(linuxFiles.readAt(`${volume}/pipe`, 0, 100), /no regular file/)
      assert.match(await messageAt(`${volume}/pipe`), /^Error on reading termination log .*no regular file$/)
    }))

  test('a device, which a container can make and may not read', { skip }, () =>
    withVolume(async (volume) => {
      execFileSync('mknod', [`${volume}/zero`, 'c', '1', '5'])
      await assert.rejects(linuxFiles.readWithin(volume, 'zero', 100))
      assert.match(await messageAt(`${volume}/zero`), /^Error on reading termination log/)
    }),
  )

  test('last words that are a link', () =>
    withVolume(async (volume, outside) => {
      symlinkSync(`${outside}/secret`, `${volume}/link`)
      const message = await messageAt(`${volume}/link`)
      assert.match(message, /^Error on reading termination log/)
      assert.doesNotMatch(message, /secret'/)
    }))

  test('last words without end are cut', () =>
    withVolume(async (volume) => {
      writeFileSync(`${volume}/long`, 'x'.repeat(10_000))
      assert.equal((await messageAt(`${volume}/long`)).length, 4096)
    }))

  test('a log that is a link is not followed', () =>
    withVolume(async (volume, outside) => {
      writeFileSync(`${outside}/log`, '2026-01-01T00:00:00Z stdout F secret\n')
      symlinkSync(`${outside}/log`, `${volume}/0.log`)
      const { signal } = new AbortController()
      const log = readLog(linuxFiles, `${volume}/0.log`, { follow: false, timestamps: false }, signal, signal)
      await assert.rejects(async () => {
        for await (const part of log) assert.fail(Buffer.from(part).toString())
      }, /ELOOP/)
    }))
})

describe("a node's logs are read from its folder of logs, or not at all", () => {
  for (const [name, make] of Object.entries(LINKS)) {
    test(name, () =>
      withVolume(async (volume, outside) => {
        const [target, asked] = make(outside)
        symlinkSync(target, `${volume}/link`)
        const { status, body } = await nodeLogs(linuxFiles, volume, `/logs/${asked}`)
        assert.ok([403, 404].includes(status), String(status))
        assert.doesNotMatch(await bytesOf(body), /secret/)
      }),
    )
  }

  test('pipes and devices are not read', { skip }, () =>
    withVolume(async (volume) => {
      execFileSync('mkfifo', [`${volume}/pipe`])
      execFileSync('mknod', [`${volume}/zero`, 'c', '1', '5'])
      for (const name of ['pipe', 'zero'])
        assert.equal((await nodeLogs(linuxFiles, volume, `/logs/${name}`)).status, 403)
    }),
  )

  test('a file that becomes a link before it is read', () =>
    withVolume(async (volume, outside) => {
      writeFileSync(`${volume}/log`, 'mine')
      const { body } = await nodeLogs(linuxFiles, volume, '/logs/log')
      await rm(`${volume}/log`)
      await symlink(`${outside}/secret`, `${volume}/log`)
      await assert.rejects(bytesOf(body), /is not within/)
    }))

  test('files and folders, as they are', () =>
    withVolume(async (volume) => {
      const long = 'line\n'.repeat(50_000)
      writeFileSync(`${volume}/sub/<a:b>.log`, long)
      symlinkSync('sub/<a:b>.log', `${volume}/link`)
      const at = (path: string): Promise<NodeResponse> => nodeLogs(linuxFiles, volume, path)
      assert.equal(
        (await at('/logs/')).body,
        '<!doctype html>\n<meta name="viewport" content="width=device-width">\n<pre>\n<a href="link">link</a>\n<a href="sub/">sub/</a>\n</pre>\n',
      )
      assert.match(await bytesOf((await at('/logs/sub/')).body), /<a href="\.\/%3Ca:b%3E\.log">&lt;a:b&gt;\.log<\/a>/)
      for (const path of ['/logs/sub/<a:b>.log', '/logs/link']) assert.equal(await bytesOf((await at(path)).body), long)
      const answers: [path: string, status: number, location?: string][] = [
        ['/logs/sub', 301, 'sub/'],
        ['/logs/link/', 301, '../link'],
        ['/logs/missing', 404],
        ['/logs/link/below', 404],
        ['/logs', 404],
      ]
      for (const [path, status, location] of answers) {
        const answer = await at(path)
        assert.deepEqual([path, answer.status, answer.location], [path, status, location])
      }
    }))
})

async function bytesOf(body: NodeResponse['body']): Promise<string> {
  if (typeof body === 'string') return body
  const pieces: Uint8Array[] = []
  for await (const piece of body) pieces.push(piece)
  return Buffer.concat(pieces).toString()
}

function messageAt(hostPath: string): Promise<string> {
  const status = {
    annotations: { 'io.kubernetes.container.terminationMessagePath': '/dev/termination-log' },
    mounts: [{ containerPath: '/dev/termination-log', hostPath }],
    exitCode: 1,
    logPath: '',
    message: '',
  }
  return terminationMessage(linuxFiles, status as unknown as ContainerStatus)
}

test('a hostPath is what its type says, or is not mounted', () =>
  withVolume(async (volume, outside) => {
    execFileSync('mkfifo', [`${volume}/pipe`])
    for (const [path, type] of [
      [`${outside}/secret`, 'Directory'],
      [outside, 'File'],
      [outside, 'Socket'],
      [`${volume}/pipe`, 'File'],
      [`${outside}/secret`, 'CharDevice'],
      [`${outside}/secret`, 'BlockDevice'],
      [`${outside}/missing`, 'File'],
      [`${outside}/missing`, 'Directory'],
    ] as const)
      await assert.rejects(checkHostPath(linuxFiles, { path, type }), /^Error: hostPath type check failed: .* is not a/)
    assert.ok(!existsSync(`${outside}/missing`))
  }))
