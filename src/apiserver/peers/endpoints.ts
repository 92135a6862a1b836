import type { KubeObject } from '../../apimachinery/meta.ts'
import { parseIp } from '../../lib/ip.ts'
import type { Store } from '../../store/store.ts'
import type { SendAsServer } from './send.ts'

/** Where an API server is reached. */
export interface PeerAddress {
  readonly address: string
  readonly port: number
}

/** Below it a key for the address of each API server that lives (upstream's --endpoint-reconciler-type=lease, with its key). */
const PREFIX = '/registry/masterleases/'
/** Upstream's: half as long again as the time between two renewals. */
const LEASE_MS = 15_000

/** Says that this server lives. */
export async function renewAddress(store: Store, { address }: PeerAddress): Promise<void> {
  const object = { kind: 'Endpoints', apiVersion: 'v1', metadata: {}, subsets: [{ addresses: [{ ip: address }] }] }
  const value = new TextEncoder().encode(JSON.stringify(object))
  await store.write({ key: PREFIX + address, value, ttlMs: LEASE_MS })
}

/** Says that it ends. */
export async function removeAddress(store: Store, { address }: PeerAddress): Promise<void> {
  await store.write({ key: PREFIX + address, value: null })
}

/** The addresses of all servers that live. */
export async function livingAddresses(store: Store): Promise<string[]> {
  const { entries } = await store.range(PREFIX)
  return entries.map(({ key }) => key.slice(PREFIX.length)).toSorted()
}

/** Has the `kubernetes` Service lead to these addresses. Endpoints and the EndpointSlice are written here both, none mirrored from the other. */
export async function publishEndpoints(send: SendAsServer, addresses: readonly string[], port: number): Promise<void> {
  const ports = [{ name: 'https', port, protocol: 'TCP' }]
  await put(send, '/api/v1/namespaces/default/endpoints', {
    metadata: {
      name: 'kubernetes',
      namespace: 'default',
      labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' },
    },
    subsets: addresses.length === 0 ? [] : [{ addresses: addresses.map((ip) => ({ ip })), ports }],
  })
  await put(send, '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices', {
    metadata: { name: 'kubernetes', namespace: 'default', labels: { 'kubernetes.io/service-name': 'kubernetes' } },
    addressType: parseIp(addresses[0] ?? '')?.version === 6 ? 'IPv6' : 'IPv4',
    endpoints: addresses.map((address) => ({ addresses: [address], conditions: { ready: true } })),
    ports,
  })
}

/** Creates, or brings up to date; an update to the same writes nothing. */
async function put(
  send: SendAsServer,
  path: string,
  body: KubeObject & Readonly<Record<string, unknown>>,
): Promise<void> {
  const created = await send('POST', path, body)
  const { status, body: said } =
    created.status === 409 ? await send('PUT', `${path}/${body.metadata.name ?? ''}`, body) : created
  if (status >= 300) throw new Error(`cannot publish ${path}: ${(said as { message?: string }).message ?? status}`)
}
