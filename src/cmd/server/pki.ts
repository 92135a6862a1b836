import { X509Certificate, createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { syncFolder, writeFileAtomic } from '../../host/files.ts'
import { UserError } from '../../host/user-error.ts'
import type { Env } from '../../lib/env.ts'
import { crossCertificate, rotateAuthorities, signingPair } from './authority-rotation.ts'
import { checkAuthority, readable } from './authority.ts'
import type { KeyPair, Subject } from './certificates.ts'

/** What the cluster's parts prove themselves with. */
export interface Pki {
  readonly ca: KeyPair
  readonly serving: KeyPair
  readonly admin: KeyPair
  /** The authority of front proxies, and what the API server shows as one to aggregated API servers. */
  readonly frontProxy: { readonly ca: string; readonly client: KeyPair }
  /** The key that signs service account tokens: PKCS #8 and SPKI PEM. */
  readonly serviceAccount: { readonly privateKey: string; readonly publicKey: string }
}

export interface PkiOptions {
  readonly folder: string
  readonly env: Env
  /** Names and addresses that the API server is reached by. */
  readonly servingNames: readonly string[]
}

/** A certificate that ends sooner than this is made anew at the next start. */
const RENEW_BEFORE_MS = 30 * 86_400_000

/**
 * Reads the cluster's certificates and keys, making those that are missing, near their end, or for other names. The library
 * that makes them takes its time to load; a cluster that has its certificates never does.
 */
export async function ensurePki(options: PkiOptions): Promise<Pki> {
  const { env, folder } = options
  await rotateAuthorities(options)
  const [ca, frontProxyCa] = await Promise.all([authority(options), authority(options, FRONT_PROXY)])
  const place = { folder, env, ca }
  const [serving, admin, proxy] = await Promise.all([
    leaf(place, 'apiserver', { name: 'CN=kube-apiserver', serves: options.servingNames }),
    leaf(place, 'admin', { name: 'O=system:masters, CN=kubernetes-admin' }),
    leaf({ ...place, ca: frontProxyCa }, 'front-proxy-client', { name: 'CN=front-proxy-client' }),
  ])
  const frontProxy = { ca: frontProxyCa.cert, client: proxy }
  const shown = { cert: serving.cert + crossCertificate(folder, ca), key: serving.key }
  return { ca, serving: shown, admin, frontProxy, serviceAccount: serviceAccountKeys(folder) }
}

/** What a node agent's server shows. A node apart from its API server has an authority of its own for that. */
export async function ensureNodeServing(
  { folder, env }: Pick<PkiOptions, 'folder' | 'env'>,
  nodeName: string,
  addresses: readonly string[],
): Promise<KeyPair> {
  const ca = await authority({ folder, env })
  const subject = { name: `O=system:nodes, CN=system:node:${nodeName}`, serves: [nodeName, ...addresses] }
  return leaf({ folder, env, ca }, `kubelet-${nodeName}`, subject)
}

/** What the API server shows to node agents that are not of its process. */
export async function ensureKubeletClient({ folder, env }: Pick<PkiOptions, 'folder' | 'env'>): Promise<KeyPair> {
  const subject = { name: 'O=system:masters, CN=kube-apiserver-kubelet-client' }
  return leaf({ folder, env, ca: await authority({ folder, env }) }, 'apiserver-kubelet-client', subject)
}

interface Authority {
  readonly file: string
  readonly name: string
}

const CLUSTER: Authority = { file: 'ca', name: 'CN=kubernetes' }
const FRONT_PROXY: Authority = { file: 'front-proxy-ca', name: 'CN=front-proxy-ca' }

async function authority(
  { folder, env }: Pick<PkiOptions, 'folder' | 'env'>,
  { file, name }: Authority = CLUSTER,
): Promise<KeyPair> {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const kept = readPair(folder, file)
  if (kept) return checkAuthority(signingPair(folder, file, kept), join(folder, file), env)
  // Another one in its place would leave everyone who trusts it outside.
  if (existsSync(join(folder, `${file}.crt`)))
    throw new UserError(`${join(folder, file)}.crt is there without its key, ${file}.key`, { hints: [RESTORE] })
  return writePair(folder, file, await (await library()).makeAuthority(env, name))
}

const RESTORE =
  'put both back from a backup; or take both away, and the next start makes a new authority, which every client and node has to be given'

interface Place extends Pick<PkiOptions, 'folder' | 'env'> {
  readonly ca: KeyPair
}

/** The certificate that is kept while it is good, otherwise a new one. */
async function leaf({ folder, env, ca }: Place, file: string, subject: Subject): Promise<KeyPair> {
  const kept = readPair(folder, file)
  if (kept && stillGood(env, ca, kept, subject)) return kept
  return writePair(folder, file, await (await library()).makeCertificate(env, ca, subject))
}

const library = () => import('./certificates.ts')

/** No certificate outlasts its authority: near the end of that, a new one would not last longer. */
function renewBeforeMs({ validToDate }: X509Certificate, ca: KeyPair): number {
  return validToDate >= new X509Certificate(ca.cert).validToDate ? 0 : RENEW_BEFORE_MS
}

function stillGood({ clock }: Env, ca: KeyPair, { cert, key }: KeyPair, { serves = [] }: Subject): boolean {
  const certificate = readable(() => new X509Certificate(cert))
  const privateKey = readable(() => createPrivateKey(key))
  // Whoever was cut off between the two files left one of each pair.
  if (!certificate || !privateKey || !certificate.checkPrivateKey(privateKey)) return false
  // It may be of another authority, or of a time when the clock was ahead.
  if (!certificate.verify(new X509Certificate(ca.cert).publicKey)) return false
  if (certificate.validFromDate.getTime() > clock.now()) return false
  if (certificate.validToDate.getTime() - clock.now() < renewBeforeMs(certificate, ca)) return false
  return serves.every((name) => (certificate.checkHost(name) ?? certificate.checkIP(name)) !== undefined)
}

function serviceAccountKeys(folder: string): Pki['serviceAccount'] {
  const [privateFile, publicFile] = [join(folder, 'sa.key'), join(folder, 'sa.pub')]
  if (!existsSync(privateFile)) {
    const { privateKey, publicKey } = generateKeyPairSync('ec', {
      namedCurve: 'P-256',
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
      publicKeyEncoding: { type: 'spki', format: 'pem' },
    })
    writeFileAtomic(publicFile, publicKey, { mode: 0o644 })
    writeFileAtomic(privateFile, privateKey, { mode: 0o600 })
  }
  const privateKey = readFileSync(privateFile, 'utf8')
  const publicKey = publicOf(privateKey, privateFile)
  if (!existsSync(publicFile)) writeFileAtomic(publicFile, publicKey, { mode: 0o644 })
  return { privateKey, publicKey }
}

function publicOf(privateKey: string, file: string): string {
  try {
    return createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }).toString()
  } catch (cause) {
    throw new UserError(`${file} is not a private key that can be read`, {
      cause,
      hints: [
        'put it back from a backup; or take it away, and the next start makes a new one: all service account tokens end then',
      ],
    })
  }
}

/** A certificate and its key, when both are there. */
export function readPair(folder: string, name: string): KeyPair | undefined {
  finishPair(folder, name)
  const [cert, key] = [join(folder, `${name}.crt`), join(folder, `${name}.key`)]
  if (!existsSync(cert) || !existsSync(key)) return undefined
  return { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') }
}

/**
 * Writes a certificate and its key, which is for its owner alone. They are two files: the key waits beside the old one until its certificate is
 * there, so that whoever is cut off in between leaves the old pair or the new one, and never half of each.
 */
export function writePair(folder: string, name: string, pair: KeyPair): KeyPair {
  writeFileAtomic(waitingKey(folder, name), pair.key, { mode: 0o600 })
  writeFileAtomic(join(folder, `${name}.crt`), pair.cert, { mode: 0o644 })
  finishPair(folder, name)
  return pair
}

/** Puts the key that waits for its certificate in its place, if that has come; otherwise the key is of no use. */
export function finishPair(folder: string, name: string): void {
  const waiting = waitingKey(folder, name)
  if (!existsSync(waiting)) return
  const certificate = readable(() => new X509Certificate(readFileSync(join(folder, `${name}.crt`))))
  const key = readable(() => createPrivateKey(readFileSync(waiting)))
  if (certificate && key && certificate.checkPrivateKey(key)) renameSync(waiting, join(folder, `${name}.key`))
  else rmSync(waiting)
  syncFolder(folder)
}

const waitingKey = (folder: string, name: string): string => join(folder, `${name}.key.waiting`)
