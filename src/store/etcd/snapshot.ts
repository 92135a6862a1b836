import { Buffer } from 'node:buffer'
import { systemClock } from '../../lib/clock.ts'
import type { Restoration, Restored, SnapshotEntry, SnapshotSource } from '../snapshot/snapshot.ts'
import { StoreError } from '../store.ts'
import { Cluster } from './cluster.ts'
import { COMPACT_REV_KEY } from './compactor.ts'
import { KeySpace } from './keys.ts'
import { methods, type RequestOp } from './messages.ts'
import { DEFAULT_KEYS, type EtcdStoreOptions } from './store.ts'

/** Where the store is. */
export type EtcdPlace = Pick<EtcdStoreOptions, 'endpoints' | 'tls' | 'keys'>

const PAGE_KEYS = 1000

/** Reads the store in an etcd as of now; servers may go on. */
export async function readEtcd({ endpoints, tls, keys = DEFAULT_KEYS }: EtcdPlace): Promise<SnapshotSource> {
  const cluster = new Cluster({ endpoints, clock: systemClock, ...(tls && { tls }) })
  const space = new KeySpace(keys)
  const { kvs, header } = await cluster.read(methods.range, { key: space.own('revision-offset') })
  if (kvs[0]) space.offset = Number(Buffer.from(kvs[0].value).toString())
  const revision = header?.revision ?? 0
  return {
    revision: revision + space.offset,
    entries: () => entriesAt(cluster, space, revision),
    close: async () => cluster.close(),
  }
}

async function* entriesAt(cluster: Cluster, space: KeySpace, revision: number): AsyncIterable<SnapshotEntry> {
  const due = new Map<number | bigint, Promise<number>>()
  const dueOf = (lease: number | bigint): Promise<number> => {
    const known = due.get(lease) ?? dueMs(cluster, lease)
    due.set(lease, known)
    return known
  }
  const { rangeEnd } = space.all
  for (let { key } = space.all; ;) {
    const { kvs, more } = await cluster.read(methods.range, { key, rangeEnd, revision, limit: PAGE_KEYS })
    for (const { key: name, value, createRevision, modRevision, lease } of kvs) {
      const decoded = space.decode(name)
      if (decoded === undefined) continue
      yield {
        key: decoded,
        value,
        createRevision: createRevision + space.offset,
        modRevision: modRevision + space.offset,
        dueMs: lease === 0 ? 0 : await dueOf(lease),
      }
    }
    const last = kvs.at(-1)
    if (!more || !last) return
    key = Buffer.concat([last.key, Buffer.of(0)])
  }
}

async function dueMs(cluster: Cluster, id: number | bigint): Promise<number> {
  const { ttl } = await cluster.read(methods.leaseTimeToLive, { id })
  return Math.floor(systemClock.now() + Math.max(1, ttl) * 1000)
}

/** etcd's own limits of one transaction are 128 and 1.5 MiB unless told. */
const TXN_KEYS = 100
const TXN_BYTES = 512 * 1024

/**
 * Writes a snapshot into an etcd that has none of the store's keys. While it does, and when it was interrupted, servers refuse to start on it.
 * etcd numbers revisions by itself; what they fall short of the snapshot's is noted as an offset, which every server adds.
 */
export async function fillEtcd(
  { endpoints, tls, keys = DEFAULT_KEYS }: EtcdPlace,
  { head, entries, bump }: Restoration,
): Promise<Restored> {
  const cluster = new Cluster({ endpoints, clock: systemClock, ...(tls && { tls }) })
  const space = new KeySpace(keys)
  try {
    const found = await cluster.read(methods.range, { ...space.all, limit: 1, keysOnly: true })
    if (found.kvs.length > 0)
      throw new StoreError(`etcd has keys below ${keys.to} already: choose another prefix, or delete them`)
    const offset = Math.max(0, head.revision + bump - (found.header?.revision ?? 0))
    await put(cluster, space.own('restoring'), '')
    await put(cluster, space.own('revision-offset'), String(offset))
    const count = await writeAll(cluster, space, entries)
    const { header } = await cluster.write(methods.deleteRange, { key: space.own('restoring') })
    const revision = header?.revision ?? 0
    await put(cluster, COMPACT_REV_KEY, String(revision))
    await cluster.write(methods.compact, { revision })
    return { keys: count, revision: revision + offset }
  } finally {
    cluster.close()
  }
}

async function put(cluster: Cluster, key: Uint8Array, value: string): Promise<void> {
  await cluster.write(methods.put, { key, value: Buffer.from(value) })
}

async function writeAll(cluster: Cluster, space: KeySpace, entries: AsyncIterable<SnapshotEntry>): Promise<number> {
  const leases = new Map<number, Promise<number | bigint>>()
  let batch: RequestOp[] = []
  let bytes = 0
  let count = 0
  const flush = async (): Promise<void> => {
    if (batch.length > 0) await cluster.write(methods.txn, { compare: [], success: batch, failure: [] })
    batch = []
    bytes = 0
  }
  for await (const { key, value, dueMs: due } of entries) {
    const lease = due === 0 ? undefined : await leaseUntil(cluster, leases, due)
    if (bytes + value.length > TXN_BYTES || batch.length >= TXN_KEYS) await flush()
    batch.push({ put: { key: space.encode(key), value, ...(lease !== undefined && { lease }) } })
    bytes += value.length
    count++
  }
  await flush()
  return count
}

/** Keys that go in the same minute share a lease. */
function leaseUntil(
  cluster: Cluster,
  leases: Map<number, Promise<number | bigint>>,
  due: number,
): Promise<number | bigint> {
  const minute = Math.ceil(due / 60_000)
  const seconds = Math.max(1, Math.ceil((minute * 60_000 - systemClock.now()) / 1000))
  const lease = leases.get(minute) ?? cluster.write(methods.leaseGrant, { ttl: seconds }).then(({ id }) => id)
  leases.set(minute, lease)
  return lease
}
