import { resolve } from 'node:path'
import { Option } from 'commander'
import type { Command } from 'commander'
import { DEFAULT_COMPACTION_SECONDS, DEFAULT_ETCD_PREFIX, type EtcdSettings } from '../../host/cluster/etcd-settings.ts'
import type { ClusterSettings } from '../../host/cluster/settings.ts'
import { EXIT, UserError } from '../../host/user-error.ts'
import { parseSeconds } from '../flags.ts'

export type StoreKind = 'lmdb' | 'etcd'

/** The flags that choose where a cluster's state is. */
export interface StoreFlags {
  readonly store?: StoreKind
  readonly etcdServers?: readonly string[]
  readonly etcdPrefix?: string
  readonly etcdCafile?: string
  readonly etcdCertfile?: string
  readonly etcdKeyfile?: string
  readonly etcdCompactionInterval?: number
}

/** Adds them; those of etcd are named as kube-apiserver's. */
export function withStore(command: Command): Command {
  return command
    .addOption(
      new Option('--store <kind>', "where the state is: in this machine's lmdb, or in etcd").choices(['lmdb', 'etcd']),
    )
    .option('--etcd-servers <urls>', "the etcd members' URLs, with commas between", parseList)
    .option('--etcd-prefix <path>', `what all keys in etcd begin with (${DEFAULT_ETCD_PREFIX})`)
    .option('--etcd-cafile <file>', "who signs etcd's certificate")
    .option('--etcd-certfile <file>', 'the certificate to show etcd')
    .option('--etcd-keyfile <file>', 'its key')
    .option(
      '--etcd-compaction-interval <time>',
      'how long etcd keeps history at least (5m; 0: others compact)',
      parseSpan,
    )
}

function parseList(text: string): string[] {
  return text.split(',').map((item) => item.trim())
}

/** A span, or 0. */
function parseSpan(text: string): number {
  return text === '0' ? 0 : parseSeconds(text)
}

/** What the flags say of etcd, upon what was said before; undefined without any. */
export function etcdSettings(flags: StoreFlags, saved: ClusterSettings | undefined): EtcdSettings | undefined {
  const { etcdServers: servers, etcdPrefix: prefix, etcdCompactionInterval: compactionSeconds } = flags
  const files = { caFile: flags.etcdCafile, certFile: flags.etcdCertfile, keyFile: flags.etcdKeyfile }
  const paths = Object.fromEntries(
    Object.entries(files).flatMap(([name, file]) => (file === undefined ? [] : [[name, resolve(file)]])),
  )
  const said = {
    ...(servers && { servers }),
    ...(prefix !== undefined && { prefix }),
    ...paths,
    ...(compactionSeconds !== undefined && { compactionSeconds }),
  }
  const isEtcd = flags.store === undefined ? saved?.etcd !== undefined : flags.store === 'etcd'
  if (!isEtcd && Object.keys(said).length > 0)
    throw new UserError('the flags of etcd are of no use without it', {
      hints: ['add --store etcd'],
      exitCode: EXIT.usage,
    })
  if (!isEtcd) return undefined
  const defaults = { servers: [], prefix: DEFAULT_ETCD_PREFIX, compactionSeconds: DEFAULT_COMPACTION_SECONDS }
  return { ...defaults, ...saved?.etcd, ...said }
}
