import { X509Certificate } from 'node:crypto'
import type { CertificateSigningRequest } from '../../api/generated/types/certificates/v1.ts'
import { certificateSigningRequests } from '../../api/index.ts'
import type { Frozen } from '../../apimachinery/meta.ts'
import type { Client } from '../../client/client.ts'
import { sleep } from '../../lib/clock.ts'
import type { Env } from '../../lib/env.ts'
import type { KeyPair } from './certificates.ts'
import { readPair, writePair } from './pki.ts'
import { keepRenewed } from './renewal.ts'

export interface ServingRequestOptions {
  readonly client: Client
  readonly env: Env
  readonly folder: string
  readonly nodeName: string
  /** Beside the node's name. */
  readonly addresses: readonly string[]
  readonly signal: AbortSignal
}

/** How often it is looked whether the certificate is due; also how long it is waited after a failure. */
const CHECK_MS = 5 * 60_000
/** How long it is waited for somebody to approve, as upstream does; then another request is made. */
const APPROVAL_MS = 15 * 60_000

/** The certificate that the cluster gave the node agent to serve with, while it is good. */
export function requestedServing({
  folder,
  nodeName,
  env,
}: Pick<ServingRequestOptions, 'folder' | 'nodeName' | 'env'>) {
  const pair = readPair(folder, fileOf(nodeName))
  return pair && new X509Certificate(pair.cert).validToDate.getTime() > env.clock.now() ? pair : undefined
}

/**
 * Asks the cluster for the node agent's serving certificate, and again between 70 and 90 % of its life, until the signal aborts. Each one
 * is written to the folder. Somebody has to approve the requests: nothing here can tell whose address it is.
 */
export async function keepServingRequested(options: ServingRequestOptions): Promise<void> {
  const { folder, nodeName, env, signal } = options
  const share = 0.7 + 0.2 * env.random.next()
  const renew = async (): Promise<void> => {
    const known = requestedServing(options)
    if (known && !isDue(known, share, env.clock.now())) return
    const { addresses } = options
    const subject = { ...nodeSubject(nodeName), serves: [nodeName, ...addresses] }
    const pair = await requestCertificate(options, { signer: 'kubelet-serving', usage: 'server auth', subject })
    writePair(folder, fileOf(nodeName), pair)
    env.log.info('the node agent has a serving certificate of the cluster')
  }
  await keepRenewed({ folder, env, signal, checkMs: CHECK_MS, atOnce: true }, renew)
}

const fileOf = (nodeName: string): string => `kubelet-server-${nodeName}`

/** Whether a share of a certificate's life is over. */
export function isDue({ cert }: KeyPair, share: number, now: number): boolean {
  const { validFromDate, validToDate } = new X509Certificate(cert)
  const from = validFromDate.getTime()
  return now >= from + share * (validToDate.getTime() - from)
}

/** Whose certificates a node's are. */
export function nodeSubject(nodeName: string): { readonly O: string[]; readonly CN: string } {
  return { O: ['system:nodes'], CN: `system:node:${nodeName}` }
}

/** What a node asks for; of the signers of kubernetes.io. */
export interface AskedCertificate {
  readonly signer: 'kubelet-serving' | 'kube-apiserver-client-kubelet'
  readonly usage: 'server auth' | 'client auth'
  readonly subject: { readonly O: string[]; readonly CN: string; readonly serves?: string[] }
}

/** Asks for a certificate. Rejects when it is denied, when it fails, and when nobody decides in time. */
export async function requestCertificate(
  options: Pick<ServingRequestOptions, 'client' | 'env' | 'signal'>,
  { signer, usage, subject }: AskedCertificate,
): Promise<KeyPair> {
  const { client, env } = options
  const { makeRequest } = await import('./certificate-request.ts')
  const { request, key } = await makeRequest(subject)
  const made = await client(certificateSigningRequests).create({
    metadata: { generateName: 'csr-' },
    spec: { request, signerName: `kubernetes.io/${signer}`, usages: ['digital signature', usage] },
  })
  const timeout = new AbortController()
  const signal = AbortSignal.any([options.signal, timeout.signal])
  const late = sleep(env.clock, APPROVAL_MS, signal).then(
    () => timeout.abort(new Error('nobody has approved it')),
    ignore,
  )
  try {
    return { cert: await issued(client, made, signal), key }
  } finally {
    timeout.abort(new Error('it is decided'))
    await late
  }
}

/** The wait is over before its time. */
const ignore = (): void => undefined

async function issued(client: Client, made: Frozen<CertificateSigningRequest>, signal: AbortSignal): Promise<string> {
  const { name = '', resourceVersion = '' } = made.metadata
  const watch = { fieldSelector: `metadata.name=${name}`, resourceVersion, signal }
  for await (const { object } of client(certificateSigningRequests).watch(watch)) {
    const { status } = object as Frozen<CertificateSigningRequest>
    if (status?.certificate) return Buffer.from(status.certificate, 'base64').toString()
    const refused = status?.conditions?.find(({ type }) => type === 'Denied' || type === 'Failed')
    if (refused) {
      const word = refused.type === 'Denied' ? 'is denied' : 'failed'
      throw new Error(`certificate signing request ${word}, reason: ${refused.reason}, message: ${refused.message}`)
    }
  }
  throw new Error(`the watch of certificate signing request ${name} has ended`, { cause: signal.reason })
}
