import { X509Certificate } from 'node:crypto'
import { readCertificate } from '../../apimachinery/x509/certificate.ts'
import { nodeClientFile } from './node-kubeconfig.ts'
import { readPair, writePair } from './pki.ts'
import type { ShownToOthers } from './remote-api.ts'
import { keepRenewed } from './renewal.ts'
import { isDue, nodeSubject, requestCertificate, type ServingRequestOptions } from './serving-request.ts'

export interface ClientRequestOptions extends Omit<ServingRequestOptions, 'addresses'> {
  /** Where the node shows its certificate. */
  readonly api: ShownToOthers
}

/** How often it is looked whether the certificate is due; also how long it is waited after a failure. */
const CHECK_MS = 5 * 60_000

/**
 * Asks the cluster for the certificate that a node is known by, between 70 and 90 % of the life of the one it has, until the signal aborts. Each
 * one is written to the folder, and shown from then on instead of the kubeconfig's. A node that is known by something else asks for none.
 */
export async function keepClientRequested(options: ClientRequestOptions): Promise<void> {
  const { api, folder, nodeName, env, signal } = options
  const share = 0.7 + 0.2 * env.random.next()
  const renew = async (): Promise<void> => {
    const kept = requestedClient(options)
    const shown = api.clientCertificate()
    if (kept && shown && kept.cert !== shown.cert && isNewer(kept.cert, shown.cert)) api.showCertificate(kept)
    const current = api.clientCertificate()
    if (!current || !isOfNode(current.cert, nodeName) || !isDue(current, share, env.clock.now())) return
    const asked = {
      signer: 'kube-apiserver-client-kubelet',
      usage: 'client auth',
      subject: nodeSubject(nodeName),
    } as const
    const pair = await requestCertificate(options, asked)
    writePair(folder, nodeClientFile(nodeName), pair)
    api.showCertificate(pair)
    env.log.info('the node has a new client certificate')
  }
  await keepRenewed({ folder, env, signal, checkMs: CHECK_MS, atOnce: true }, renew)
}

/** The certificate that the cluster gave the node, while it is good. */
function requestedClient({ folder, nodeName, env }: Pick<ClientRequestOptions, 'folder' | 'nodeName' | 'env'>) {
  const pair = readPair(folder, nodeClientFile(nodeName))
  return pair && new X509Certificate(pair.cert).validToDate.getTime() > env.clock.now() ? pair : undefined
}

/** Somebody may have put a newer one into the kubeconfig. */
function isNewer(cert: string, than: string): boolean {
  return new X509Certificate(cert).validFromDate >= new X509Certificate(than).validFromDate
}

function isOfNode(cert: string, nodeName: string): boolean {
  return readCertificate(new X509Certificate(cert).raw).subject.commonName === nodeSubject(nodeName).CN
}
