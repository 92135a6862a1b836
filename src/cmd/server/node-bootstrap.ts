import { createSecureContext } from 'node:tls'
import { existsSync, mkdirSync } from 'node:fs'
import { resolve } from 'node:path'
import { stringify } from 'yaml'
import type { HttpConfig } from '../../client/http/config.ts'
import { loadKubeconfig } from '../../client/http/kubeconfig.ts'
import { writeFileAtomic } from '../../host/files.ts'
import { UserError, messageOf } from '../../host/user-error.ts'
import { sleep } from '../../lib/clock.ts'
import type { Env } from '../../lib/env.ts'
import { nodeClientFile } from './node-kubeconfig.ts'
import { certificatesOf } from './pem.ts'
import { finishPair, writePair } from './pki.ts'
import { readConfig, remoteApi, type RemoteApi } from './remote-api.ts'
import { nodeSubject, requestCertificate } from './serving-request.ts'

export interface NodeBootstrapOptions {
  /** Where the node finds the cluster later, written when there is none that is good. */
  readonly kubeconfig: string
  /** Who may ask for a node's certificate: mostly a bootstrap token. */
  readonly bootstrapKubeconfig: string
  /** Where the node's certificate is put. */
  readonly folder: string
  readonly nodeName: string
  readonly env: Env
  readonly signal: AbortSignal
}

/**
 * Gets a node its place in a cluster, as upstream's --bootstrap-kubeconfig: asks for the certificate that the node is known by, and writes the
 * kubeconfig that names it. Does nothing where the kubeconfig has a certificate that is not over. Rejects with a UserError when it is not given one.
 */
export async function bootstrapNode(options: NodeBootstrapOptions): Promise<void> {
  const { kubeconfig, bootstrapKubeconfig, folder, nodeName, env, signal } = options
  // Whoever renewed the certificate may have been cut off.
  finishPair(folder, nodeClientFile(nodeName))
  if (isStillGood(kubeconfig, env)) return
  const config = readConfig(bootstrapKubeconfig, env)
  const api = remoteApi(bootstrapKubeconfig, env)
  try {
    await untilServed(api, options)
    const pair = await requestCertificate(
      { client: api.clientFor({ name: '', groups: [] }, 'kubelet'), env, signal },
      { signer: 'kube-apiserver-client-kubelet', usage: 'client auth', subject: nodeSubject(nodeName) },
    )
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    writePair(folder, nodeClientFile(nodeName), pair)
  } catch (cause) {
    if (signal.aborted) throw cause
    throw new UserError(`the node was not given a certificate: ${messageOf(cause)}`, { cause, hints: HINTS })
  } finally {
    api.close()
  }
  const file = resolve(folder, nodeClientFile(nodeName))
  writeFileAtomic(kubeconfig, kubeconfigOf(config, file), { mode: 0o600 })
  env.log.info('the node has joined the cluster', { server: config.server, kubeconfig })
}

const HINTS = [
  'is the bootstrap token still good, and may its group create certificatesigningrequests? (clusterrole system:node-bootstrapper)',
  'kubectl get csr shows who waits; kubectl certificate approve lets it in',
]

/** Whether a kubeconfig is there with a certificate that can be used. What is wrong with it is logged: another one comes in its place. */
function isStillGood(kubeconfig: string, { clock, log }: Env): boolean {
  if (!existsSync(kubeconfig)) return false
  try {
    const shown = loadKubeconfig({ clock, paths: [kubeconfig] }).config.certificate?.()
    if (!shown) throw new Error('it has no client certificate')
    createSecureContext({ cert: shown.cert, key: shown.key })
    const over = certificatesOf(shown.cert).find(({ validToDate }) => clock.now() > validToDate.getTime())
    if (over) throw new Error(`its client certificate ended at ${over.validToDate.toISOString()}`)
    return true
  } catch (err) {
    log.warn('the kubeconfig is of no use; the node asks for a certificate anew', { kubeconfig, err })
    return false
  }
}

const PATIENCE_MS = 60_000
const LOOK_AGAIN_MS = 2000

/** Waits a minute for the API server, as upstream; then it is asked all the same, and says what is wrong. */
async function untilServed(api: RemoteApi, { env, signal }: NodeBootstrapOptions): Promise<void> {
  const until = env.clock.monotonic() + PATIENCE_MS
  const transport = api.transportFor({ name: '', groups: [] })
  while (env.clock.monotonic() < until) {
    try {
      await transport.request({ method: 'GET', path: '/version', headers: {} })
      return
    } catch (err) {
      // What has an answer is served, whatever it says.
      if (!(err instanceof Error && err.name === 'TransportError')) return
      env.log.info('waiting for the API server', { err })
    }
    await sleep(env.clock, LOOK_AGAIN_MS, signal)
  }
}

/** Names the certificate by its files: they are what is renewed. */
function kubeconfigOf({ server, ca, serverName, insecureSkipTlsVerify }: HttpConfig, file: string): string {
  const cluster = {
    server,
    ...(ca !== undefined && { 'certificate-authority-data': Buffer.from(ca).toString('base64') }),
    ...(serverName !== undefined && { 'tls-server-name': serverName }),
    ...(insecureSkipTlsVerify === true && { 'insecure-skip-tls-verify': true }),
  }
  const user = { 'client-certificate': `${file}.crt`, 'client-key': `${file}.key` }
  const context = { cluster: 'default-cluster', user: 'default-auth', namespace: 'default' }
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: context.cluster, cluster }],
    users: [{ name: context.user, user }],
    contexts: [{ name: 'default-context', context }],
    'current-context': 'default-context',
  })
}
