import type { Frozen } from '../../apimachinery/meta.ts'
import type { Secret } from '../../api/generated/types/core/v1.ts'
import type * as cri from '../cri/generated/types.ts'
import type { Init } from '../cri/init.ts'
import { parseImage } from './reference.ts'

interface DockerEntry {
  readonly username?: string
  readonly password?: string
  readonly auth?: string
  readonly identitytoken?: string
  readonly registrytoken?: string
}

/**
 * The credentials in pull secrets that fit an image, the most specific first (upstream's pkg/credentialprovider keyring).
 * Secrets of other types, and what is no valid configuration, are passed over.
 */
export function credentialsFor(image: string, secrets: readonly Frozen<Secret>[]): Init<cri.AuthConfig>[] {
  const parsed = parseImage(image)
  if (!parsed) return []
  const found: { readonly pattern: string; readonly auth: Init<cri.AuthConfig> }[] = []
  for (const secret of secrets) {
    for (const [server, entry] of Object.entries(entriesOf(secret))) {
      const pattern = server.replace(/^https?:\/\//, '').replace(/\/(v1|v2)?\/?$/, '')
      if (fits(pattern, parsed.registry, parsed.repository)) found.push({ pattern, auth: authOf(entry, server) })
    }
  }
  // Later in the alphabet is longer, hence more specific (upstream's reverse sort).
  return found.sort((a, b) => (a.pattern < b.pattern ? 1 : -1)).map(({ auth }) => auth)
}

function entriesOf({ type, data = {} }: Frozen<Secret>): Readonly<Record<string, DockerEntry>> {
  if (type === 'kubernetes.io/dockerconfigjson') {
    const config = decodeJson(data['.dockerconfigjson']) as { auths?: Record<string, DockerEntry> } | undefined
    return config?.auths ?? {}
  }
  if (type === 'kubernetes.io/dockercfg')
    return (decodeJson(data['.dockercfg']) as Record<string, DockerEntry> | undefined) ?? {}
  return {}
}

function decodeJson(encoded: string | undefined): unknown {
  if (encoded === undefined) return undefined
  try {
    return JSON.parse(atob(encoded)) as unknown
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof DOMException) return undefined
    throw error
  }
}

const DOCKER_HUB = new Set(['index.docker.io', 'docker.io', 'registry-1.docker.io'])

/** `*.example.com/team` fits `reg.example.com/team/app`: a star stands for one label, a path for all below it. */
function fits(pattern: string, registry: string, repository: string): boolean {
  const [host = '', ...path] = pattern.split('/')
  if (DOCKER_HUB.has(host) ? !DOCKER_HUB.has(registry) : !hostFits(host, registry)) return false
  const prefix = path.join('/')
  return prefix === '' || `${repository}/`.startsWith(`${prefix}/`)
}

function hostFits(pattern: string, host: string): boolean {
  const [wanted, given] = [pattern.split('.'), host.split('.')]
  if (wanted.length !== given.length) return false
  return wanted.every((label, i) => new RegExp(`^${label.split('*').map(escape).join('[^.]*')}$`).test(given[i] ?? ''))
}

const escape = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')

function authOf(entry: DockerEntry, serverAddress: string): Init<cri.AuthConfig> {
  const { username, password } = entry.auth === undefined ? entry : { ...userAndPassword(entry.auth), ...given(entry) }
  return {
    username: username ?? '',
    password: password ?? '',
    serverAddress,
    ...(entry.identitytoken !== undefined && { identityToken: entry.identitytoken }),
    ...(entry.registrytoken !== undefined && { registryToken: entry.registrytoken }),
  }
}

function given({ username, password }: DockerEntry): DockerEntry {
  return { ...(username && { username }), ...(password && { password }) }
}

function userAndPassword(auth: string): DockerEntry {
  const text = new TextDecoder().decode(Uint8Array.from(atob(auth), (char) => char.charCodeAt(0)))
  const colon = text.indexOf(':')
  return colon < 0 ? {} : { username: text.slice(0, colon), password: text.slice(colon + 1) }
}
