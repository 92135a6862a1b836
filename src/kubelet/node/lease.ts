import { leases } from '../../api/coordination/v1/lease.ts'
import type { Lease } from '../../api/generated/types/coordination/v1.ts'
import { microTimestamp, type Frozen } from '../../apimachinery/meta.ts'
import { hasReason } from '../../apimachinery/status.ts'
import type { Client } from '../../client/client.ts'
import { sleep } from '../../lib/clock.ts'
import type { Env } from '../../lib/env.ts'

const NAMESPACE = 'kube-node-lease'
/** A lease is renewed four times in its life (upstream's nodeLeaseRenewIntervalFraction). */
const RENEWALS_PER_LIFE = 4
const RETRY_MS = 200
const MAX_RETRY_MS = 7000

export interface NodeLeaseOptions {
  readonly client: Client
  readonly env: Env
  readonly nodeName: string
  readonly leaseSeconds: number
  /** The node's uid, once it is registered: the lease goes when the node goes. */
  readonly nodeUid: () => string | undefined
}

/** Says every few seconds that the node is alive, until the signal aborts: a small object, so that the node itself needs no writing. */
export async function keepLease(options: NodeLeaseOptions, signal: AbortSignal): Promise<void> {
  const { env, leaseSeconds } = options
  let lease: Frozen<Lease> | undefined
  let retryMs = RETRY_MS
  while (!signal.aborted) {
    let waitMs = (leaseSeconds * 1000) / RENEWALS_PER_LIFE
    try {
      lease = await renewLease(options, lease)
      retryMs = RETRY_MS
    } catch (err) {
      if (signal.aborted) return
      env.log.warn('could not renew the node lease', { err })
      lease = undefined
      waitMs = Math.min(waitMs, retryMs)
      retryMs = Math.min(retryMs * 2, MAX_RETRY_MS)
    }
    await sleep(env.clock, waitMs, signal).catch(() => undefined)
  }
}

/** Writes the lease, from what it was last, or read anew when that isn't known. */
export async function renewLease(
  { client, env, nodeName, leaseSeconds, nodeUid }: NodeLeaseOptions,
  last: Frozen<Lease> | undefined,
): Promise<Frozen<Lease>> {
  const known = last ?? (await find(client, nodeName))
  const uid = nodeUid()
  const spec = {
    holderIdentity: nodeName,
    leaseDurationSeconds: leaseSeconds,
    renewTime: microTimestamp(env.clock.now()),
  }
  const ownerReferences = uid === undefined ? undefined : [{ apiVersion: 'v1', kind: 'Node', name: nodeName, uid }]
  if (known) {
    const metadata = { ...known.metadata, ...(ownerReferences && { ownerReferences }) }
    return client(leases).update({ ...known, metadata, spec: { ...known.spec, ...spec } })
  }
  return client(leases).create({
    metadata: { name: nodeName, namespace: NAMESPACE, ...(ownerReferences && { ownerReferences }) },
    spec,
  })
}

async function find(client: Client, nodeName: string): Promise<Frozen<Lease> | undefined> {
  return client(leases)
    .get(`${NAMESPACE}/${nodeName}`)
    .catch((error: unknown) => {
      if (hasReason(error, 'NotFound')) return undefined
      throw error
    })
}
