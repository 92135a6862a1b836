import { join } from 'node:path'
import { nthAddress } from '../../host/cluster/resolve.ts'
import { hostNames } from '../../host/cluster/host-names.ts'
import { defaultConfig, type KubeletConfig } from '../../kubelet/config.ts'
import { cgroupDriverOf } from '../../kubelet/cri/cgroup-driver.ts'
import { criClient } from '../../kubelet/cri/grpc/client.ts'
import type { Client } from '../../client/client.ts'
import { KUBERNETES_VERSION } from '../../apiserver/version.ts'
import { isErrno } from '../../host/user-error.ts'
import { startKubelet, type Kubelet } from '../../kubelet/kubelet.ts'
import { linuxHost } from '../../kubelet/linux/host.ts'
import { serveNode, type NodeServer, type NodeServerOptions } from '../../kubelet/linux/https.ts'
import { webhookAccess, type NodeAccess } from '../../kubelet/server/access.ts'
import { NodeApiError, text, type NodeApi } from '../../kubelet/server/api.ts'
import { keepClientRequested } from './client-request.ts'
import { identities } from './identities.ts'
import { localNode } from './local-node.ts'
import type { PartsOptions } from './parts.ts'
import { ensureNodeServing } from './pki.ts'
import { keepRenewed } from './renewal.ts'
import { keepServingRequested, requestedServing } from './serving-request.ts'

/** Runs the node agent over a CRI socket until the signal aborts. Containers go on. */
export async function runNodeAgent(options: PartsOptions, endpoint: string): Promise<void> {
  const { api, settings, signal } = options
  const env = { ...options.env, log: options.env.log.with({ component: 'kubelet' }) }
  const client = api.clientFor(identities.node(settings.nodeName), 'kubelet')
  await using cleanup = new AsyncDisposableStack()
  const cri = criClient({ endpoint })
  cleanup.defer(() => cri.close())
  const started: { kubelet?: Kubelet } = {}
  const server = await serve(options, webhookAccess(client, env, settings.nodeName), () => started.kubelet?.api)
  cleanup.defer(() => server.close())
  renewing(options, server, cleanup)
  if (options.rotateServerCertificates) requesting(options, client, cleanup)
  if (options.rotateCertificates) requestingClient(options, client, cleanup)
  const kubelet = await startKubelet({
    client,
    env,
    config: { ...configOf(options), port: server.port },
    host: linuxHost(env, await cgroupDriverOf(cri.runtime)),
    runtime: cri.runtime,
    images: cri.images,
  })
  cleanup.defer(() => kubelet.stop())
  started.kubelet = kubelet
  if (api.server) cleanup.defer(api.server.nodes.add(settings.nodeName, localNode(kubelet.api)))
  env.log.info('the node agent runs', { endpoint, port: server.port })
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
}

/** Upstream's port; another when some other node agent of this machine has it. The Node object says which. */
const PORT = 10250

/** Serves the node agent to those outside: metrics servers and the like. The API server of this process needs no socket. */
async function serve(parts: PartsOptions, access: NodeAccess, api: () => NodeApi | undefined): Promise<NodeServer> {
  const options = {
    api: whenReady(api),
    access,
    log: parts.env.log,
    host: parts.bindAddress,
    tls: await certificateOf(parts),
  }
  return serveNode({ ...options, port: PORT }).catch((error: unknown) => {
    if (!isErrno(error, 'EADDRINUSE')) throw error
    return serveNode({ ...options, port: 0 })
  })
}

/** What the node agent serves with, made anew where that is due. */
async function certificateOf({
  api,
  settings,
  paths,
  env,
  nodeIP,
  rotateServerCertificates,
}: PartsOptions): Promise<NodeServerOptions['tls']> {
  const place = { folder: paths.pki, nodeName: settings.nodeName, env }
  const requested = rotateServerCertificates ? requestedServing(place) : undefined
  if (requested) return { ...requested, clientCa: api.rootCa }
  const serving = await ensureNodeServing({ folder: paths.pki, env }, settings.nodeName, [nodeIP, '127.0.0.1'])
  return { ...serving, clientCa: api.rootCa }
}

/** Asks the cluster for certificates to serve with; `cleanup` ends it. What is given is seen by who watches the folder. */
function requesting(
  { settings, paths, env, nodeIP }: PartsOptions,
  client: Client,
  cleanup: AsyncDisposableStack,
): void {
  const ending = new AbortController()
  const place = { folder: paths.pki, nodeName: settings.nodeName, addresses: [nodeIP] }
  const requests = keepServingRequested({ ...place, client, env, signal: ending.signal })
  cleanup.defer(async () => {
    ending.abort(new Error('the node agent ends'))
    await requests
  })
}

/** Asks the cluster for the certificate that the node is known by, where that is one; `cleanup` ends it. */
function requestingClient(
  { api, settings, paths, env }: PartsOptions,
  client: Client,
  cleanup: AsyncDisposableStack,
): void {
  const { clientCertificate, showCertificate } = api
  if (!clientCertificate || !showCertificate) return
  const ending = new AbortController()
  const shown = { clientCertificate, showCertificate }
  const place = { folder: paths.pki, nodeName: settings.nodeName }
  const requests = keepClientRequested({ ...place, api: shown, client, env, signal: ending.signal })
  cleanup.defer(async () => {
    ending.abort(new Error('the node agent ends'))
    await requests
  })
}

/** Keeps the certificate good while the node agent serves; `cleanup` ends it. */
function renewing(options: PartsOptions, server: NodeServer, cleanup: AsyncDisposableStack): void {
  const { api, env, paths } = options
  const ending = new AbortController()
  const renew = async (): Promise<void> => server.renew(await certificateOf(options))
  const renewal = keepRenewed({ folder: paths.pki, env, signal: ending.signal }, renew)
  api.followRootCa?.(() => {
    renew().catch((err: unknown) => env.log.error('the node agent cannot go by another authority', { err }))
  }, ending.signal)
  cleanup.defer(async () => {
    ending.abort(new Error('the node agent ends'))
    await renewal
  })
}

/** The port has to be known before the agent starts, and the agent before it can answer. */
function whenReady(api: () => NodeApi | undefined): NodeApi {
  return {
    request: async (request) => api()?.request(request) ?? text('the node agent is starting', 503),
    async stream(path) {
      const ready = api()
      if (!ready) throw new NodeApiError(503, 'the node agent is starting')
      return ready.stream(path)
    },
  }
}

function configOf({ settings, paths, nodeIP }: PartsOptions): KubeletConfig {
  return {
    ...defaultConfig(settings.nodeName),
    version: KUBERNETES_VERSION,
    rootDir: paths.kubelet,
    podLogsDir: paths.podLogs,
    podsCgroup: `/${hostNames(paths).cgroup}/kubepods`,
    clusterDns: { domain: settings.clusterDomain, servers: [nthAddress(settings.serviceCidr, 10)] },
    nodeIPs: [nodeIP],
    staticPodPath: join(paths.kubelet, 'manifests'),
  }
}
