import { formatIp, parseCidr, parseIp } from '../../lib/ip.ts'
import type { UserInfo } from '../authn/types.ts'
import { handle, type LocalResponse } from '../inprocess/handle.ts'
import type { ApiServer } from '../server.ts'

/** Where clients inside the cluster reach the API. */
export interface BootstrapOptions {
  /** An address of this server that pods can reach; absent when there are none, as on a simulated cluster. */
  readonly advertise?: { readonly address: string; readonly port: number } | undefined
  /** The ranges of cluster IPs, the default family first. */
  readonly serviceCidrs: readonly string[]
}

/** As whom the server writes what every cluster has. */
const SELF: UserInfo = { name: 'system:apiserver', groups: ['system:masters', 'system:authenticated'] }

const NAMESPACES = ['default', 'kube-node-lease', 'kube-public', 'kube-system']

/**
 * Makes what every cluster has and upstream's API server makes when it starts: the system namespaces, the default ServiceCIDR, and
 * the `kubernetes` Service with its endpoints. May run at every start; throws when the store refuses.
 */
export async function bootstrap(server: ApiServer, options: BootstrapOptions): Promise<void> {
  for (const name of NAMESPACES) await ensure(server, '/api/v1/namespaces', { metadata: { name } })
  await ensureServiceCidr(server, options.serviceCidrs)
  await ensureService(server, options)
  if (options.advertise) await ensureEndpoints(server, options.advertise)
}

async function send(server: ApiServer, method: string, path: string, body: unknown): Promise<LocalResponse> {
  const headers = { 'user-agent': 'kube-apiserver/bootstrap' }
  return handle(server, { method, path, body, headers }, SELF)
}

interface Named {
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly labels?: Record<string, string> }
  readonly [field: string]: unknown
}

/** Creates unless it is there. */
async function ensure(server: ApiServer, path: string, body: Named): Promise<void> {
  const there = await send(server, 'GET', `${path}/${body.metadata.name}`, undefined)
  if (there.status === 404) check(await send(server, 'POST', path, body), path, [409])
}

function check({ status, body }: LocalResponse, path: string, fine: readonly number[] = []): void {
  if (status < 300 || fine.includes(status)) return
  const { message = '' } = body as { message?: string }
  throw new Error(`cannot prepare ${path}: ${message}`)
}

async function ensureServiceCidr(server: ApiServer, cidrs: readonly string[]): Promise<void> {
  const path = '/apis/networking.k8s.io/v1/servicecidrs'
  await ensure(server, path, { metadata: { name: 'kubernetes' }, spec: { cidrs } })
  const now = new Date(server.env.clock.now()).toISOString().replace(/\.\d+Z$/, 'Z')
  const ready = {
    type: 'Ready',
    status: 'True',
    reason: '',
    message: 'Kubernetes default Service CIDR is ready',
    lastTransitionTime: now,
  }
  const current = (await send(server, 'GET', `${path}/kubernetes`, undefined)).body as {
    status?: { conditions?: unknown[] }
  }
  if (current.status?.conditions?.length) return
  check(await send(server, 'PUT', `${path}/kubernetes/status`, { ...current, status: { conditions: [ready] } }), path)
}

const SERVICE_PORT = { name: 'https', port: 443, protocol: 'TCP' }

async function ensureService(server: ApiServer, { advertise, serviceCidrs }: BootstrapOptions): Promise<void> {
  await ensure(server, '/api/v1/namespaces/default/services', {
    metadata: { name: 'kubernetes', labels: { component: 'apiserver', provider: 'kubernetes' } },
    spec: {
      clusterIP: firstAddress(serviceCidrs[0] ?? ''),
      ipFamilyPolicy: 'SingleStack',
      sessionAffinity: 'None',
      type: 'ClusterIP',
      ports: [{ ...SERVICE_PORT, targetPort: advertise?.port ?? 6443 }],
    },
  })
}

function firstAddress(text: string): string {
  const cidr = parseCidr(text)
  if (!cidr) throw new Error(`not a CIDR: ${text}`)
  return formatIp({ version: cidr.version, value: cidr.base + 1n })
}

/** Endpoints and the EndpointSlice follow the address, which may be another one after a restart. */
async function ensureEndpoints(
  server: ApiServer,
  { address, port }: { readonly address: string; readonly port: number },
): Promise<void> {
  const ports = [{ name: 'https', port, protocol: 'TCP' }]
  await put(server, '/api/v1/namespaces/default/endpoints', {
    metadata: {
      name: 'kubernetes',
      namespace: 'default',
      // The EndpointSlice is written here as well, not mirrored from the Endpoints.
      labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' },
    },
    subsets: [{ addresses: [{ ip: address }], ports }],
  })
  await put(server, '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices', {
    metadata: { name: 'kubernetes', namespace: 'default', labels: { 'kubernetes.io/service-name': 'kubernetes' } },
    addressType: parseIp(address)?.version === 6 ? 'IPv6' : 'IPv4',
    endpoints: [{ addresses: [address], conditions: { ready: true } }],
    ports,
  })
}

/** Creates, or brings up to date. */
async function put(server: ApiServer, path: string, body: Named): Promise<void> {
  const created = await send(server, 'POST', path, body)
  if (created.status === 409) check(await send(server, 'PUT', `${path}/${body.metadata.name}`, body), path)
  else check(created, path)
}
