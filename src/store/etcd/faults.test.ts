import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { after, before, describe, test } from 'node:test'
import { systemClock } from '../../lib/clock.ts'
import { silentLogger, type Logger } from '../../lib/log.ts'
import { CompactedError, StoreError, type Store } from '../store.ts'
import { collect, put, text } from '../suite/support.suite.ts'
import { Cluster } from './cluster.ts'
import { COMPACT_REV_KEY, compactOnce } from './compactor.ts'
import { Connection } from './connection.ts'
import { methods } from './messages.ts'
import { EtcdStore, type EtcdStoreOptions } from './store.ts'
import { wireTo } from './testing/wire.ts'
import { noEtcd, startEtcd, type EtcdProcesses, type Member } from './testing/etcd-process.ts'

const skip = noEtcd() ?? false
const KEYS = { from: '/', to: '/registry/' }

function open(endpoints: readonly string[], options: Partial<EtcdStoreOptions> = {}): Promise<EtcdStore> {
  return EtcdStore.open({ endpoints, clock: systemClock, keys: KEYS, ...options })
}

/** Writes until one is acknowledged: etcd may need a moment. */
async function putAtLast(store: Store, key: string, value: string): Promise<void> {
  for (;;) {
    const done = await put(store, key, value).catch((error: unknown) => {
      assert.ok(error instanceof StoreError)
      return undefined
    })
    if (done !== undefined) return
  }
}

describe('three members', { skip }, () => {
  let etcd: EtcdProcesses
  let store: EtcdStore
  before(async () => {
    etcd = await startEtcd({ members: 3 })
    store = await open(etcd.endpoints, { patience: { callMs: 700, allMs: 1500 } })
  })
  after(async () => {
    await store.close()
    await etcd.stop()
  })

  const leader = async (): Promise<Member> => {
    for (;;) {
      for (const member of etcd.members) {
        const connection = new Connection(member.endpoint)
        const status = await connection.call(methods.status, {}, 1000).catch(() => undefined)
        connection.close()
        if (status?.header && status.leader === status.header.memberId) return member
      }
    }
  }

  /** Every event once, and in order, whatever happens to members meanwhile. */
  async function survives(fault: (write: (key: string) => Promise<void>) => Promise<void>): Promise<void> {
    const begin = store.revision
    const watch = collect(store, '/', begin)
    const acknowledged: string[] = []
    await fault(async (key) => {
      await putAtLast(store, key, key)
      acknowledged.push(key)
      assert.equal(text((await store.get(key))?.value), key)
    })
    await watch.until(acknowledged.length)
    const revisions = watch.events.map(({ revision }) => revision)
    assert.deepEqual(
      revisions,
      [...new Set(revisions)].toSorted((a, b) => a - b),
    )
    for (const key of acknowledged) assert.ok(watch.events.some((event) => event.key === key))
    watch.cancel()
  }

  test('the member in use is lost, and comes back', () =>
    survives(async (write) => {
      await write('/a')
      const [member] = etcd.members
      await member?.kill()
      await write('/b')
      await write('/c')
      await member?.restart()
      await write('/d')
    }))

  test('the member in use falls silent', () =>
    survives(async (write) => {
      await write('/silent/a')
      const inUse = etcd.members.find(({ endpoint }) => endpoint === store.endpoint)
      inUse?.freeze()
      await write('/silent/b')
      inUse?.thaw()
      await write('/silent/c')
    }))

  test('the leader is lost', () =>
    survives(async (write) => {
      await write('/e')
      const member = await leader()
      await member.kill()
      await write('/f')
      await member.restart()
      await write('/g')
    }))

  test('without a majority nothing is acknowledged and nothing is read as new; then all goes on', () =>
    survives(async (write) => {
      await write('/h')
      const [, second, third] = etcd.members
      await Promise.all([second?.kill(), third?.kill()])
      await assert.rejects(store.write({ key: '/i', value: Buffer.from('x') }), StoreError)
      await assert.rejects(store.latest(), StoreError)
      assert.equal(text((await store.get('/h', { stale: true }))?.value), '/h')
      await Promise.all([second?.restart(), third?.restart()])
      await write('/j')
    }))
})

describe('one member', { skip }, () => {
  let etcd: EtcdProcesses
  let other: Cluster
  before(async () => {
    etcd = await startEtcd()
    other = new Cluster({ endpoints: etcd.endpoints, clock: systemClock })
  })
  after(async () => {
    other.close()
    await etcd.stop()
  })

  test("others' keys do not hold up a read of the newest", async () => {
    const store = await open(etcd.endpoints)
    for (const key of ['/elsewhere', 'compact_rev_key']) {
      await other.write(methods.put, { key: Buffer.from(key), value: Buffer.from('0') })
      const { header } = await other.read(methods.range, { key: Buffer.from(key) })
      assert.ok((await store.latest()) >= (header?.revision ?? Infinity))
    }
    assert.deepEqual((await store.range('/')).entries, [])
    await store.close()
  })

  test('keys with a time to live share leases, and go by themselves', async () => {
    const store = await open(etcd.endpoints)
    const watch = collect(store, '/', store.revision)
    await Promise.all(['/x', '/y', '/z'].map((key) => store.write({ key, value: Buffer.from(key), ttlMs: 1000 })))
    await put(store, '/z', 'for good')
    assert.equal((await other.read(methods.leases, {})).leases.length, 1)
    await watch.until(6)
    const gone = watch.events.slice(4).map(({ type, key }) => `${type} ${key}`)
    assert.deepEqual(gone.toSorted(), ['delete /x', 'delete /y'])
    assert.deepEqual(
      (await store.range('/')).entries.map((entry) => text(entry.value)),
      ['for good'],
    )
    watch.cancel()
    await store.close()
  })

  test('a lease that etcd has lost is replaced', async () => {
    const store = await open(etcd.endpoints)
    await store.write({ key: '/leased/a', value: Buffer.from('a'), ttlMs: 60_000 })
    const { leases } = await other.read(methods.leases, {})
    for (const { id } of leases) await other.write(methods.leaseRevoke, { id })
    assert.ok((await store.write({ key: '/leased/b', value: Buffer.from('b'), ttlMs: 60_000 })).ok)
    assert.equal(await store.get('/leased/a'), undefined)
    assert.equal(text((await store.get('/leased/b'))?.value), 'b')
    await store.close()
  })

  test('a server that starts anew has the history that etcd kept', async () => {
    const first = await open(etcd.endpoints)
    const begin = await put(first, '/history/a', '1')
    await put(first, '/history/a', '2')
    await first.close()
    const second = await open(etcd.endpoints)
    const watch = collect(second, '/history/', begin)
    await watch.until(1)
    assert.deepEqual(watch.summary(), [`${begin + 1} put /history/a 2 (was 1)`])
    assert.equal(text((await second.get('/history/a', { revision: begin }))?.value), '1')
    watch.cancel()
    await second.close()
  })

  test('of two compactors one has its turn at a time', async () => {
    let [one, two] = [
      { version: 0, revision: 0 },
      { version: 0, revision: 0 },
    ]
    const { kvs } = await other.read(methods.range, { key: COMPACT_REV_KEY })
    if (kvs[0]) one = two = await compactOnce(other, one)
    one = await compactOnce(other, one)
    const noted = one.revision
    two = await compactOnce(other, two)
    assert.equal(two.version, one.version, 'two has lost this turn')
    await other.write(methods.put, { key: Buffer.from('/registry/c'), value: Buffer.from('1') })
    one = await compactOnce(other, one)
    const error = await other
      .read(methods.range, { key: COMPACT_REV_KEY, revision: noted - 1 })
      .catch((e: unknown) => e)
    assert.match(String(error), /required revision has been compacted/)
    const store = await open(etcd.endpoints)
    assert.equal(text((await store.get('/c'))?.value), '1')
    await store.close()
  })
})

/** Notes what is logged. */
function notes(): { readonly lines: string[]; readonly log: Logger } {
  const lines: string[] = []
  const note = (message: string, fields?: object): void => void lines.push(`${message} ${JSON.stringify(fields)}`)
  const log: Logger = { ...silentLogger, warn: note, error: note, with: () => log }
  return { lines, log }
}

test(
  'what etcd forgot while it was out of reach is not skipped: watches end, and lists begin anew',
  { skip },
  async () => {
    const etcd = await startEtcd()
    const wire = await wireTo(etcd.endpoints[0] ?? '')
    const store = await open([wire.endpoint])
    const watch = collect(store, '/', await put(store, '/a', '1'))
    const other = await open(etcd.endpoints)
    wire.cut()
    await put(other, '/a', '2')
    await put(other, '/b', '3')
    const { revision } = other
    await other.compact(revision)
    wire.mend()
    const ended = await watch.error
    assert.ok(ended instanceof CompactedError)
    assert.equal(ended.compactRevision, revision)
    const { entries } = await store.range('/')
    assert.deepEqual(
      entries.map(({ key, value }) => [key, text(value)]),
      [
        ['/a', '2'],
        ['/b', '3'],
      ],
    )
    const again = collect(store, '/', revision)
    await put(other, '/c', '4')
    await again.until(1)
    assert.deepEqual(again.summary(), [`${revision + 1} put /c 4`])
    assert.deepEqual(watch.events, [])
    again.cancel()
    await Promise.all([store.close(), other.close()])
    await Promise.all([wire.close(), etcd.stop()])
  },
)

test('an etcd that was restored from a snapshot is noticed', { skip }, async () => {
  const etcd = await startEtcd()
  const [member] = etcd.members
  assert.ok(member)
  const { lines, log } = notes()
  const store = await open(etcd.endpoints, { log })
  await put(store, '/kept', '1')
  const snapshot = `${etcd.folder}/snapshot.db`
  etcdctl(etcd, 'snapshot', 'save', snapshot)
  await put(store, '/kept', '2')
  const lost = await put(store, '/lost', '1')
  const watch = collect(store, '/', store.revision)
  await member.kill()
  etcd.restore(snapshot)
  await member.restart()
  const ended = await watch.error
  assert.ok(ended instanceof CompactedError)
  assert.ok(ended.compactRevision < lost)
  assert.equal(text((await store.get('/kept'))?.value), '1')
  assert.equal(await store.get('/lost'), undefined)
  assert.ok(
    lines.some((line) => /etcd was restored/.test(line)),
    lines.join('\n'),
  )
  await store.close()
  await etcd.stop()
})

test('an etcd without space refuses writes in its own words; reads and deletes go on', { skip }, async () => {
  const etcd = await startEtcd({ flags: ['--quota-backend-bytes=2097152'] })
  const store = await open(etcd.endpoints)
  await put(store, '/small', 'x')
  const value = new Uint8Array(700_000)
  const fill = async (): Promise<void> => {
    for (let i = 0; ; i++) await store.write({ key: `/large/${i}`, value })
  }
  await assert.rejects(fill, { message: 'etcdserver: mvcc: database space exceeded' })
  await assert.rejects(put(store, '/small', 'y'), { message: 'etcdserver: mvcc: database space exceeded' })
  assert.equal(text((await store.get('/small'))?.value), 'x')
  assert.ok((await store.write({ key: '/large/0', value: null })).ok)
  assert.equal(await store.get('/large/0'), undefined)
  await store.close()
  await etcd.stop()
})

function etcdctl(etcd: EtcdProcesses, ...args: string[]): void {
  const env = { ...process.env, ETCDCTL_API: '3' }
  const { status, stderr } = spawnSync('etcdctl', ['--endpoints', etcd.endpoints.join(','), ...args], { env })
  assert.equal(status, 0, String(stderr))
}
