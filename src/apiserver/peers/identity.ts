import type { Lease } from '../../api/generated/types/coordination/v1.ts'
import { type KubeList, type KubeObject, microTimestamp } from '../../apimachinery/meta.ts'
import type { SendAsServer } from './send.ts'

/** The name of one API server, for as long as it runs. */
export interface PeerIdentity {
  /** Of its Lease: the same after a restart, such as `apiserver-` with a hash of what it is. */
  readonly name: string
  /** Its own for each run. */
  readonly holder: string
  readonly hostname: string
}

const LEASES = '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases'
const LABEL = 'apiserver.kubernetes.io/identity'
const COMPONENT = 'kube-apiserver'
const DURATION_SECONDS = 3600

/** Creates the Lease of this server, or renews it. */
export async function renewIdentity(send: SendAsServer, identity: PeerIdentity, nowMs: number): Promise<void> {
  const found = await send('GET', `${LEASES}/${identity.name}`)
  const before = found.status === 200 ? (found.body as Lease) : undefined
  const labels = { ...before?.metadata.labels, [LABEL]: COMPONENT, 'kubernetes.io/hostname': identity.hostname }
  const lease: Lease = {
    ...before,
    metadata: { ...before?.metadata, name: identity.name, namespace: 'kube-system', labels },
    spec: {
      ...before?.spec,
      holderIdentity: identity.holder,
      leaseDurationSeconds: DURATION_SECONDS,
      renewTime: microTimestamp(nowMs),
    },
  }
  await (before ? send('PUT', `${LEASES}/${identity.name}`, lease) : send('POST', LEASES, lease))
}

/** Deletes the Leases of servers that have not been seen for an hour. */
export async function removeExpired(send: SendAsServer, nowMs: number): Promise<void> {
  const { status, body } = await send('GET', `${LEASES}?labelSelector=${encodeURIComponent(`${LABEL}=${COMPONENT}`)}`)
  if (status !== 200) return
  for (const { metadata, spec } of (body as KubeList<KubeObject & Lease>).items) {
    const endMs = Date.parse(spec?.renewTime ?? '') + (spec?.leaseDurationSeconds ?? 0) * 1000
    if (Number.isNaN(endMs) || endMs < nowMs) await send('DELETE', `${LEASES}/${metadata.name ?? ''}`)
  }
}
