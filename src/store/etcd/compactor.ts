import { Buffer } from 'node:buffer'
import { sleep, type Clock } from '../../lib/clock.ts'
import type { Logger } from '../../lib/log.ts'
import type { Cluster } from './cluster.ts'
import { EQUAL, methods, VERSION } from './messages.ts'

/** Where every server, upstream's too, notes the revision up to which it has compacted. */
export const COMPACT_REV_KEY = Buffer.from('compact_rev_key')

export interface CompactorOptions {
  readonly cluster: Cluster
  readonly clock: Clock
  readonly log: Logger
  /** Upstream's --etcd-compaction-interval: etcd keeps history for once to twice as long. */
  readonly intervalMs: number
  readonly signal: AbortSignal
}

/**
 * Has etcd forget history by and by, until the signal aborts. Of all servers of an etcd one does it each time: who first raises the version of
 * a key that all know (upstream's compactor, with its key).
 */
export async function runCompactor({ cluster, clock, log, intervalMs, signal }: CompactorOptions): Promise<void> {
  let turn: Turn = { version: 0, revision: 0 }
  while (!signal.aborted) {
    await sleep(clock, intervalMs, signal).catch(() => undefined)
    if (signal.aborted) return
    try {
      turn = await compactOnce(cluster, turn)
    } catch (err) {
      log.warn('etcd could not be compacted', { err })
    }
  }
}

/** What was found the last time: the key's version, and the newest revision then. */
export interface Turn {
  readonly version: number
  readonly revision: number
}

/** Compacts up to the revision of the last turn, unless another server has had a turn since. */
export async function compactOnce(cluster: Cluster, { version, revision }: Turn): Promise<Turn> {
  const { header, succeeded, responses } = await cluster.write(methods.txn, {
    compare: [{ result: EQUAL, target: VERSION, key: COMPACT_REV_KEY, version }],
    success: [{ put: { key: COMPACT_REV_KEY, value: Buffer.from(String(revision)) } }],
    failure: [{ range: { key: COMPACT_REV_KEY } }],
  })
  const newest = header?.revision ?? 0
  if (!succeeded) return { version: responses[0]?.range?.kvs[0]?.version ?? 0, revision: newest }
  if (revision > 0) await cluster.write(methods.compact, { revision })
  return { version: version + 1, revision: newest }
}
