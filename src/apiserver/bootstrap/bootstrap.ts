import type { KubeList, KubeObject } from '../../apimachinery/meta.ts'
import { sleep } from '../../lib/clock.ts'
import { formatIp, parseCidr } from '../../lib/ip.ts'
import { builtInApiServices } from '../aggregation/registration.ts'
import type { UserInfo } from '../authn/types.ts'
import { PRODUCER } from '../flow-control/producer.ts'
import { handle, type LocalResponse } from '../inprocess/handle.ts'
import { type PeerAddress, publishEndpoints } from '../peers/endpoints.ts'
import type { ApiServer } from '../server.ts'
import { flowSchemas, priorityLevels } from './flow-control.ts'
import { ensureStorageClass } from './storage-class.ts'
import { type Trust, trustData } from './trust.ts'
import { bootstrapRbac } from './rbac/bootstrap-rbac.ts'

/** Where clients inside the cluster reach the API. */
export interface BootstrapOptions {
  /** An address of this server that pods can reach; absent when there are none, as on a simulated cluster. */
  readonly advertise?: { readonly address: string; readonly port: number } | undefined
  /** The ranges of cluster IPs, the default family first. */
  readonly serviceCidrs: readonly string[]
  /** Whom extension API servers are to trust. */
  readonly trust?: Trust | undefined
  /** Whether there are nodes that make volumes: then there is a default StorageClass, too. */
  readonly localVolumes?: boolean | undefined
}

/** As whom the server writes what every cluster has. */
export const SELF: UserInfo = { name: 'system:apiserver', groups: ['system:masters', 'system:authenticated'] }

const NAMESPACES = ['default', 'kube-node-lease', 'kube-public', 'kube-system']

/**
 * Makes what every cluster has and upstream's API server makes when it starts: the system namespaces, roles, priorities, the default
 * ServiceCIDR, and the `kubernetes` Service with its endpoints. May run at every start; throws when the store refuses.
 */
export async function bootstrap(server: ApiServer, options: BootstrapOptions): Promise<void> {
  await ensureAll(
    server,
    '/api/v1/namespaces',
    NAMESPACES.map((name) => ({ metadata: { name } })),
  )
  const steps: readonly (() => Promise<void>)[] = [
    () => bootstrapRbac((method, path, body) => send(server, method, path, body)),
    () => ensureAll(server, '/apis/scheduling.k8s.io/v1/priorityclasses', PRIORITY_CLASSES),
    () => ensureAll(server, '/apis/apiregistration.k8s.io/v1/apiservices', builtInApiServices(server) as Named[]),
    () =>
      ensureAll(
        server,
        `${FLOW_CONTROL}/prioritylevelconfigurations`,
        priorityLevels() as unknown as Named[],
        PRODUCER,
      ),
    () => ensureAll(server, `${FLOW_CONTROL}/flowschemas`, flowSchemas() as unknown as Named[], PRODUCER),
    () => ensureServiceCidr(server, options.serviceCidrs).then(() => ensureService(server, options)),
    async () => options.advertise && ensureEndpoints(server, options.advertise),
    () => publishTrust(server, options.trust ?? {}),
    async () => {
      if (options.localVolumes) await ensureStorageClass((method, path, body) => send(server, method, path, body))
    },
  ]
  await Promise.all(steps.map((step) => persistently(server, step)))
}

/** Longer than an address stays taken that another server took and then died. */
const PATIENCE_MS = 90_000
const RETRY_MS = 100

/** Where several servers start at a time they get in each other's way, for a moment. */
async function persistently(server: ApiServer, step: () => Promise<void>): Promise<void> {
  const { clock } = server.env
  const startedMs = clock.monotonic()
  for (;;) {
    try {
      return await step()
    } catch (error) {
      if (!server.registry.store.shared || clock.monotonic() - startedMs > PATIENCE_MS) throw error
      await sleep(clock, RETRY_MS)
    }
  }
}

const FLOW_CONTROL = '/apis/flowcontrol.apiserver.k8s.io/v1'

/** Nothing a user makes may stand above these. */
const PRIORITY_CLASSES: readonly Named[] = [
  {
    metadata: { name: 'system-node-critical' },
    value: 2_000_001_000,
    description: 'Used for system critical pods that must not be moved from their current node.',
  },
  {
    metadata: { name: 'system-cluster-critical' },
    value: 2_000_000_000,
    description:
      'Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.',
  },
]

/** Creates those that are not there. One look tells at later starts that all are. */
async function ensureAll(server: ApiServer, path: string, wanted: readonly Named[], manager = ''): Promise<void> {
  const answer = await send(server, 'GET', path, undefined)
  check(answer, path)
  const there = new Set((answer.body as KubeList<KubeObject>).items.map(({ metadata }) => metadata.name))
  const missing = wanted.filter(({ metadata }) => !there.has(metadata.name))
  const to = manager === '' ? path : `${path}?fieldManager=${manager}`
  await Promise.all(missing.map(async (body) => check(await send(server, 'POST', to, body), path, [409])))
}

/** Tells extension API servers whom to trust. */
export async function publishTrust(server: ApiServer, trust: Trust): Promise<void> {
  const data = trustData(trust)
  if (!data) return
  const metadata = { name: 'extension-apiserver-authentication', namespace: 'kube-system' }
  await put(server, '/api/v1/namespaces/kube-system/configmaps', { metadata, data })
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

/** They follow the address, which may be another one after a restart. Where there may be several servers, each sees to its own. */
async function ensureEndpoints(server: ApiServer, { address, port }: PeerAddress): Promise<void> {
  if (server.registry.store.shared) return
  await publishEndpoints((method, path, body) => send(server, method, path, body), [address], port)
}

/** Creates, or brings up to date. */
async function put(server: ApiServer, path: string, body: Named): Promise<void> {
  const created = await send(server, 'POST', path, body)
  if (created.status === 409) check(await send(server, 'PUT', `${path}/${body.metadata.name}`, body), path)
  else check(created, path)
}
