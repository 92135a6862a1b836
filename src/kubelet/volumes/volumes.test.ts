import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, readlink, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import { VirtualClock } from '../../lib/clock.ts'
import { silentLogger } from '../../lib/log.ts'
import { seededRandom } from '../../lib/random.ts'
import { linuxFiles } from '../linux/files.ts'
import { testPod } from '../testing/objects.ts'
import { sameFiles, writeAtomically } from './atomic-writer.ts'
import { downwardFiles, keyFiles, tokenFile, type VolumeFiles } from './files.ts'
import { checkHostPath } from './host-path.ts'
import { Tokens } from './tokens.ts'

async function inFolder(use: (dir: string) => Promise<void>): Promise<void> {
  const dir = await mkdtemp(`${tmpdir()}/skiff-volumes-`)
  try {
    await use(dir)
  } finally {
    await rm(dir, { recursive: true })
  }
}

const text = (files: VolumeFiles): Record<string, string> =>
  Object.fromEntries(
    [...files].map(([path, { content, mode }]) => [path, `${new TextDecoder().decode(content)} ${mode.toString(8)}`]),
  )
const files = (content: Record<string, string>, mode = 0o644): VolumeFiles =>
  new Map(Object.entries(content).map(([path, value]) => [path, { content: new TextEncoder().encode(value), mode }]))

test('files are seen one version or the other, and what is gone goes', () =>
  inFolder(async (dir) => {
    await writeAtomically(linuxFiles, dir, files({ a: '1', 'd/b': '2', 'd/c': '3' }), { version: 'v1' })
    assert.equal(await readFile(`${dir}/a`, 'utf8'), '1')
    assert.equal(await readFile(`${dir}/d/b`, 'utf8'), '2')
    assert.equal(await readlink(`${dir}/a`), '..data/a')
    assert.equal(await readlink(`${dir}/..data`), '..v1')
    await writeAtomically(linuxFiles, dir, files({ a: 'new', e: '4' }), { version: 'v2' })
    assert.equal(await readFile(`${dir}/a`, 'utf8'), 'new')
    assert.deepEqual((await readdir(dir)).sort(), ['..data', '..v2', 'a', 'e'])
    await writeAtomically(linuxFiles, dir, files({}), { version: 'v3' })
    assert.deepEqual((await readdir(dir)).sort(), ['..data', '..v3'])
  }))

test('files have the modes that are asked for', () =>
  inFolder(async (dir) => {
    await writeAtomically(linuxFiles, dir, files({ secret: 'x' }, 0o400), { version: 'v1' })
    assert.equal((await stat(`${dir}/secret`)).mode & 0o777, 0o400)
  }))

test('sets of files are the same by content, mode and owner', () => {
  assert.ok(sameFiles(files({ a: '1' }), files({ a: '1' })))
  for (const other of [files({ a: '2' }), files({ b: '1' }), files({ a: '1', b: '1' }), files({ a: '1' }, 0o600)])
    assert.ok(!sameFiles(files({ a: '1' }), other))
  assert.ok(!sameFiles(undefined, files({})))
})

test('keys become files, all or picked', () => {
  const map = { metadata: {}, data: { a: '1', b: '2' }, binaryData: { bin: btoa('\x00\x01') } }
  assert.deepEqual(Object.keys(text(keyFiles('configmap', map, undefined, 0o644, false))), ['a', 'b', 'bin'])
  const picked = keyFiles('configmap', map, [{ key: 'b', path: 'x/y', mode: 0o600 }], 0o644, false)
  assert.deepEqual(text(picked), { 'x/y': '2 600' })
  assert.throws(() => keyFiles('configmap', map, [{ key: 'z', path: 'z' }], 0o644, false), {
    message: 'configmap references non-existent config key: z',
  })
  assert.throws(() => keyFiles('secret', { metadata: {} }, [{ key: 'z', path: 'z' }], 0o644, false), {
    message: 'secret references non-existent secret key: z',
  })
  assert.equal(keyFiles('configmap', map, [{ key: 'z', path: 'z' }], 0o644, true).size, 0)
  for (const path of ['../up', '/abs', '..data/x', 'a/../b'])
    assert.throws(() => keyFiles('configmap', map, [{ key: 'a', path }], 0o644, false), /invalid path/, path)
})

test('the pod’s own fields become files', () => {
  const pod = testPod({}, { metadata: { name: 'web', namespace: 'default', uid: 'u1', labels: { b: '2', a: 'x"y' } } })
  const sources = { podIPs: [], hostIPs: [], allocatable: {} }
  const written = downwardFiles(
    pod,
    [
      { path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } },
      { path: 'one', fieldRef: { fieldPath: "metadata.labels['b']" }, mode: 0o600 },
      { path: 'cpu', resourceFieldRef: { containerName: 'app', resource: 'requests.cpu' } },
    ],
    0o644,
    sources,
  )
  assert.deepEqual(text(written), { labels: 'a="x\\"y"\nb="2" 644', one: '2 600', cpu: '0 644' })
})

test('a token is its user’s alone where that is known', () => {
  const projection = { path: 'token' }
  const of = (spec: object): { mode: number; uid?: number } | undefined =>
    tokenFile(projection, 't', 0o644, testPod(spec)).get('token')
  assert.equal(of({})?.mode, 0o644)
  const user = of({ securityContext: { runAsUser: 7 } })
  assert.deepEqual([user?.mode, user?.uid], [0o600, 7])
  assert.equal(of({ securityContext: { fsGroup: 5 } })?.mode, 0o600)
})

test('host paths are checked against their type', () =>
  inFolder(async (dir) => {
    await checkHostPath(linuxFiles, { path: `${dir}/made`, type: 'DirectoryOrCreate' })
    await checkHostPath(linuxFiles, { path: `${dir}/file`, type: 'FileOrCreate' })
    assert.ok((await stat(`${dir}/made`)).isDirectory())
    assert.ok((await stat(`${dir}/file`)).isFile())
    const refused = checkHostPath(linuxFiles, { path: `${dir}/file`, type: 'Directory' })
    await assert.rejects(refused, { message: `hostPath type check failed: ${dir}/file is not a directory` })
    await assert.rejects(checkHostPath(linuxFiles, { path: `${dir}/none`, type: 'Socket' }), /is not a socket file/)
    await checkHostPath(linuxFiles, { path: `${dir}/none` })
  }))

test('tokens are renewed when four fifths of their life have passed, and kept while the API is away', async () => {
  const clock = new VirtualClock()
  const due: string[] = []
  let issued = 0
  let away = false
  const issue = (): Promise<{ token: string; expiresAtMs: number }> => {
    if (away) return Promise.reject(new Error('away'))
    return Promise.resolve({ token: `t${++issued}`, expiresAtMs: clock.now() + 1000_000 })
  }
  const tokens = new Tokens({ clock, random: seededRandom(1), log: silentLogger }, issue, (uid) => due.push(uid))
  const get = (): Promise<string> => tokens.get(testPod(), { path: 'token', expirationSeconds: 1000 })
  assert.equal(await get(), 't1')
  await clock.advance(799_000)
  assert.equal(await get(), 't1')
  assert.deepEqual(due, [])
  await clock.advance(1000)
  assert.deepEqual(due, ['u1'])
  away = true
  assert.equal(await get(), 't1', 'it is still good')
  await clock.advance(60_000)
  assert.deepEqual(due, ['u1', 'u1'], 'and is tried again')
  away = false
  assert.equal(await get(), 't2')
  tokens.forget('u1')
  await clock.advance(10_000_000)
  assert.equal(due.length, 2, 'nobody is woken for a pod that is gone')
})
