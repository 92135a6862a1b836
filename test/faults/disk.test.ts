import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test, type TestContext } from 'node:test'
import { Api, Lost, type WatchEvent } from '../histories/api.ts'
import { Victim } from '../histories/victim.ts'
import { buildFaults, type Fault, FaultyDisk } from './faulty-disk.ts'

const folder = mkdtempSync(join(tmpdir(), 'skiff-faults-library-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const built = buildFaults(folder)
const skip = 'reason' in built && built.reason
const MAPS = '/api/v1/namespaces/default/configmaps'

/** A server on a disk that can be told to fail. */
async function onFaultyDisk(t: TestContext): Promise<{ disk: FaultyDisk; victim: Victim; api: Api }> {
  const disk = new FaultyDisk('library' in built ? built.library : '')
  const victim = await Victim.start(disk.folder, { env: disk.env, stderr: 'ignore' })
  const api = new Api(() => victim.port)
  t.after(async () => {
    api.close()
    await victim.stop()
    disk.remove()
  })
  return { disk, victim, api }
}

async function create(api: Api, name: string, size = 10): Promise<number> {
  const { status, body } = await api.send('POST', MAPS, { metadata: { name }, data: { a: 'x'.repeat(size) } })
  if (status !== 201) assert.match(body.message ?? '', /^the store in .* could not write: /)
  return status
}

const names = async (api: Api): Promise<(string | undefined)[]> => {
  const { status, body } = await api.send('GET', MAPS)
  assert.equal(status, 200)
  return (body.items ?? []).map(({ metadata }) => metadata.name).filter((name) => name !== 'kube-root-ca.crt')
}

/** A file system of 24 MiB, or why there can be none. */
function smallDisk(path: string): string | undefined {
  mkdirSync(path)
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', path], { stdio: 'ignore' })
  return status === 0 ? undefined : 'file systems cannot be mounted here'
}

test('a full disk: writes fail loudly, reads and deletes go on; with space there are writes again', async (t) => {
  const home = mkdtempSync(join(tmpdir(), 'skiff-full-'))
  const data = join(home, 'data')
  const why = smallDisk(data)
  const victim = why === undefined ? await Victim.start(home) : undefined
  const api = new Api(() => victim?.port ?? 0)
  t.after(async () => {
    api.close()
    await victim?.stop()
    spawnSync('umount', ['-l', data])
    rmSync(home, { recursive: true, force: true })
  })
  if (!victim) return t.skip(why)
  const filler = join(data, 'filler')
  writeFileSync(filler, Buffer.alloc(12 * 2 ** 20))
  const told: string[] = []
  for (let i = 0; ; i++) {
    const { status, body } = await api.send('POST', MAPS, {
      metadata: { name: `m${i}` },
      data: { a: 'x'.repeat(900_000) },
    })
    if (status === 500) {
      assert.match(body.message ?? '', /^etcdserver: mvcc: database space exceeded$/)
      break
    }
    told.push(`m${i}`)
  }
  assert.ok(told.length > 0)
  assert.deepEqual(new Set(await names(api)), new Set(told))
  assert.equal((await api.send('DELETE', `${MAPS}/m0`)).status, 200)
  rmSync(filler)
  assert.equal(await create(api, 'later'), 201)
  await victim.killAndRestart(() => {})
  assert.deepEqual(new Set(await names(api)), new Set(['later', ...told.filter((name) => name !== 'm0')]))
})

/** Faults of writes and syncs after which the store can go on. */
const PASSING: readonly Fault[] = ['short', 'fsync']

test('short writes and failed syncs: writes fail loudly, nothing of them is seen, reads go on', { skip }, async (t) => {
  const { disk, victim, api } = await onFaultyDisk(t)
  assert.equal(await create(api, 'before'), 201)
  const events: WatchEvent[] = []
  const watch = api.watch(`${MAPS}?watch=true`, (event) => void events.push(event))
  const told = ['before']
  for (const fault of PASSING) {
    disk.set(fault)
    for (const size of [10, 100_000]) {
      assert.equal(await create(api, `failed-${size}`, size), 500)
      assert.equal((await api.send('PUT', `${MAPS}/before`, { metadata: { name: 'before' } })).status, 500)
      assert.equal((await api.send('DELETE', `${MAPS}/before`)).status, 500)
      assert.deepEqual(await names(api), told)
      assert.equal((await api.send('GET', `${MAPS}/before`)).status, 200)
    }
    disk.set('')
    assert.equal(await create(api, `later-${fault}`), 201)
    told.push(`later-${fault}`)
    told.sort()
    assert.deepEqual(await names(api), told)
  }
  await victim.killAndRestart(() => {})
  await watch.ended
  const added = events.filter(({ object }) => object.metadata.name !== 'kube-root-ca.crt')
  assert.deepEqual(
    added.map(({ type, object }) => `${type} ${object.metadata.name}`),
    ['before', ...PASSING.map((fault) => `later-${fault}`)].map((name) => `ADDED ${name}`),
  )
  assert.deepEqual(await names(api), told)
})

test(
  'meta: when the page that points to all others cannot be written, the server says so, and the disk has what was told',
  { skip },
  async (t) => {
    const { disk, victim, api } = await onFaultyDisk(t)
    assert.equal(await create(api, 'before'), 201)
    disk.set('meta')
    assert.equal(await create(api, 'failed'), 500)
    disk.set('')
    assert.equal((await api.send('POST', MAPS, { metadata: { name: 'after' } })).status, 500)
    await victim.killAndRestart(() => {})
    const kept = await names(api)
    assert.ok(kept.includes('before') && !kept.includes('after'), String(kept))
    assert.equal(await create(api, 'later'), 201)
  },
)

for (const fault of ['eio', 'torn', 'lost'] as const) {
  test(`${fault}: a crash in the middle of a write leaves all that was told`, { skip }, async (t) => {
    const { disk, victim, api } = await onFaultyDisk(t)
    for (let i = 0; i < 2; i++) {
      assert.equal(await create(api, `told-${i}`, 20_000 * i), 201)
      disk.set(fault)
      if (fault === 'eio') await refusedOrLost(api, `crash-${i}`)
      else await assert.rejects(create(api, `crash-${i}`, 20_000), Lost)
      if (fault !== 'eio') await victim.ended()
      disk.set('')
      await victim.killAndRestart(() => {})
      const kept = await names(api)
      for (let told = 0; told <= i; told++) assert.ok(kept.includes(`told-${told}`), String(kept))
    }
  })
}

/** An I/O error may end the process. */
async function refusedOrLost(api: Api, name: string): Promise<void> {
  try {
    assert.equal(await create(api, name, 20_000), 500)
  } catch (error) {
    assert.ok(error instanceof Lost, String(error))
  }
}
