import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { parse } from 'yaml'
import type { Clock } from '../../lib/clock.ts'
import type { ClientCertificate, HttpConfig } from './config.ts'

/** The parts of a kubeconfig (client.config.k8s.io v1) that are understood here. */
export interface Kubeconfig {
  'current-context'?: string
  clusters?: { name: string; cluster: KubeconfigCluster }[]
  users?: { name: string; user: KubeconfigUser }[]
  contexts?: { name: string; context: KubeconfigContext }[]
}
export interface KubeconfigCluster {
  server: string
  'certificate-authority'?: string
  'certificate-authority-data'?: string
  'tls-server-name'?: string
  'insecure-skip-tls-verify'?: boolean
}
export interface KubeconfigUser {
  'client-certificate'?: string
  'client-certificate-data'?: string
  'client-key'?: string
  'client-key-data'?: string
  token?: string
  tokenFile?: string
  exec?: unknown
  'auth-provider'?: unknown
}
export interface KubeconfigContext {
  cluster: string
  user: string
  namespace?: string
}

/** What a context of a kubeconfig says. */
export interface LoadedContext {
  readonly config: HttpConfig
  readonly namespace: string
  readonly context: string
}

export interface LoadOptions {
  readonly clock: Clock
  /** Default: the files of KUBECONFIG, else ~/.kube/config. */
  readonly paths?: readonly string[]
  /** Default: the current one. */
  readonly context?: string
}

/** How to reach the cluster of a kubeconfig's context. Throws an Error that names what is missing. */
export function loadKubeconfig({ clock, paths = defaultPaths(), context }: LoadOptions): LoadedContext {
  const merged = mergeFiles(paths)
  const name = context ?? merged['current-context']
  if (!name) throw new Error(`no current context in ${paths.join(', ')}`)
  const { context: chosen } = named(merged.contexts, name, 'context')
  const { cluster } = named(merged.clusters, chosen.cluster, 'cluster')
  const user = chosen.user ? named(merged.users, chosen.user, 'user').user : {}
  if (user.exec || user['auth-provider'])
    throw new Error(`user ${chosen.user} needs a credential plugin, which is not supported`)
  return { config: httpConfig(cluster, user, clock), namespace: chosen.namespace ?? 'default', context: name }
}

const SERVICE_ACCOUNT_DIR = '/var/run/secrets/kubernetes.io/serviceaccount'

/** How a pod reaches the cluster it runs in, with its service account. Undefined outside of one. */
export function inClusterConfig(
  clock: Clock,
  env: Readonly<Record<string, string | undefined>>,
): HttpConfig | undefined {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = env
  if (!host || !port) return undefined
  return {
    server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
    ca: readFileSync(join(SERVICE_ACCOUNT_DIR, 'ca.crt'), 'utf8'),
    token: tokenFromFile(join(SERVICE_ACCOUNT_DIR, 'token'), clock),
  }
}

/** A token that is read again once a minute, as its file is rotated. */
export function tokenFromFile(path: string, clock: Clock): () => string {
  let token = ''
  let readMs = -Infinity
  return () => {
    if (clock.monotonic() - readMs >= 60_000) {
      token = readFileSync(path, 'utf8').trim()
      readMs = clock.monotonic()
    }
    return token
  }
}

function defaultPaths(): string[] {
  const fromEnvironment = (process.env['KUBECONFIG'] ?? '').split(':').filter(Boolean)
  return fromEnvironment.length > 0 ? fromEnvironment : [join(homedir(), '.kube', 'config')]
}

/** As kubectl merges: the first file that has a name or value wins. Relative paths are those of the file they stand in. */
function mergeFiles(paths: readonly string[]): Kubeconfig {
  const merged: Required<Omit<Kubeconfig, 'current-context'>> & Kubeconfig = { clusters: [], users: [], contexts: [] }
  for (const path of paths) {
    const file = readKubeconfig(path, paths.length > 1)
    merged['current-context'] ||= file['current-context'] ?? ''
    merged.clusters.push(...(file.clusters ?? []))
    merged.users.push(...(file.users ?? []))
    merged.contexts.push(...(file.contexts ?? []))
  }
  return merged
}

function readKubeconfig(path: string, mayBeAbsent: boolean): Kubeconfig {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (cause) {
    if (mayBeAbsent && (cause as NodeJS.ErrnoException).code === 'ENOENT') return {}
    throw new Error(`cannot read kubeconfig ${path}`, { cause })
  }
  const file = (parse(text) ?? {}) as Kubeconfig
  const absolute = (value: string | undefined): string | undefined => value && resolve(dirname(path), value)
  for (const { cluster } of file.clusters ?? []) rewrite(cluster, ['certificate-authority'], absolute)
  for (const { user } of file.users ?? []) rewrite(user, ['client-certificate', 'client-key', 'tokenFile'], absolute)
  return file
}

function rewrite<T, K extends keyof T>(object: T, keys: readonly K[], change: (value: T[K]) => T[K]): void {
  for (const key of keys) if (object[key] !== undefined) object[key] = change(object[key])
}

function named<T extends { readonly name: string }>(list: readonly T[] | undefined, name: string, what: string): T {
  const found = list?.find((item) => item.name === name)
  if (!found) throw new Error(`kubeconfig has no ${what} "${name}"`)
  return found
}

function httpConfig(cluster: KubeconfigCluster, user: KubeconfigUser, clock: Clock): HttpConfig {
  const ca = pem(cluster['certificate-authority-data'], cluster['certificate-authority'])
  const { token, tokenFile } = user
  return {
    server: cluster.server,
    ...(ca && { ca }),
    ...(cluster['tls-server-name'] && { serverName: cluster['tls-server-name'] }),
    ...(cluster['insecure-skip-tls-verify'] && { insecureSkipTlsVerify: true }),
    certificate: () => certificateOf(user),
    ...(tokenFile ? { token: tokenFromFile(tokenFile, clock) } : token ? { token: () => token } : {}),
  }
}

function certificateOf(user: KubeconfigUser): ClientCertificate | undefined {
  const cert = pem(user['client-certificate-data'], user['client-certificate'])
  const key = pem(user['client-key-data'], user['client-key'])
  if (!cert !== !key)
    throw new Error(`a user has a client ${cert ? 'certificate without its key' : 'key without its certificate'}`)
  return cert && key ? { cert, key } : undefined
}

/** Inline data wins over a file. */
function pem(base64: string | undefined, path: string | undefined): string | undefined {
  if (base64) return Buffer.from(base64, 'base64').toString('utf8')
  return path ? readFileSync(path, 'utf8') : undefined
}
