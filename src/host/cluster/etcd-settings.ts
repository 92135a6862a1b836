import { EXIT, UserError } from '../user-error.ts'

/** How a cluster reaches its etcd. */
export interface EtcdSettings {
  /** The members' URLs. */
  readonly servers: readonly string[]
  /** Below which all keys are. */
  readonly prefix: string
  /** Files in PEM: who signs etcd's certificate, the client's own certificate, and its key. */
  readonly caFile?: string
  readonly certFile?: string
  readonly keyFile?: string
  /** History is kept for so long, to twice as long; 0: somebody else compacts. */
  readonly compactionSeconds: number
}

export const DEFAULT_ETCD_PREFIX = '/registry'
export const DEFAULT_COMPACTION_SECONDS = 300

/** Refuses what cannot be. */
export function checkEtcdSettings(etcd: EtcdSettings): EtcdSettings {
  const { servers, prefix, certFile, keyFile } = etcd
  if (servers.length === 0)
    throw usage('--store etcd needs to know where etcd is', 'name it: --etcd-servers URL[,URL...]')
  for (const server of servers) checkServer(server, etcd)
  if ((certFile === undefined) !== (keyFile === undefined))
    throw usage('a client certificate needs its key', 'give both --etcd-certfile and --etcd-keyfile')
  if (!/^\/[!-~]*[^/]$/.test(prefix))
    throw usage(
      `--etcd-prefix ${prefix} cannot be`,
      `it starts with a slash and ends without, as ${DEFAULT_ETCD_PREFIX} does`,
    )
  return etcd
}

function checkServer(server: string, { caFile, certFile }: EtcdSettings): void {
  const url = URL.canParse(server) ? new URL(server) : undefined
  const isPlain = url?.protocol === 'http:'
  if (!url || !(isPlain || url.protocol === 'https:') || url.port === '' || url.pathname !== '/')
    throw usage(`"${server}" is not the URL of an etcd`, 'such as https://10.0.0.1:2379')
  if (isPlain && (caFile ?? certFile) !== undefined)
    throw usage(`certificates are of no use for ${server}`, 'its URL must begin with https:')
}

function usage(message: string, hint: string): UserError {
  return new UserError(message, { hints: [hint], exitCode: EXIT.usage })
}
