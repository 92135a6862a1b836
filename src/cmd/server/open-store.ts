import { chmodSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { EtcdSettings } from '../../host/cluster/etcd-settings.ts'
import type { ClusterPaths } from '../../host/cluster/paths.ts'
import type { ClusterSettings } from '../../host/cluster/settings.ts'
import { UserError, messageOf } from '../../host/user-error.ts'
import type { Env } from '../../lib/env.ts'
import type { EtcdStoreOptions } from '../../store/etcd/store.ts'
import { LmdbStore } from '../../store/lmdb/store.ts'
import type { Store } from '../../store/store.ts'

export interface OpenStoreOptions {
  readonly settings: Pick<ClusterSettings, 'etcd'>
  readonly paths: Pick<ClusterPaths, 'store'>
  readonly env: Env
}

/** Opens the store that a cluster's settings name. A UserError when etcd does not answer. */
export async function openStore({ settings, paths, env }: OpenStoreOptions): Promise<Store> {
  const log = env.log.with({ component: 'store' })
  if (!settings.etcd) {
    const store = await LmdbStore.open({ path: paths.store, clock: env.clock, log })
    closeFiles(paths.store)
    return store
  }
  // gRPC is loaded by who needs it.
  const { EtcdStore } = await import('../../store/etcd/store.ts')
  const options = { ...etcdOptions(settings.etcd), clock: env.clock, log }
  try {
    return await EtcdStore.open(options)
  } catch (error) {
    throw new UserError(`cannot use the etcd at ${options.endpoints.join(', ')}: ${messageOf(error)}`, { cause: error })
  }
}

/** The library makes its files as the umask lets it. They hold every Secret. */
function closeFiles(folder: string): void {
  for (const name of readdirSync(folder)) chmodSync(join(folder, name), 0o600)
}

/** The settings as an EtcdStore takes them, with the certificates read. */
export function etcdOptions(etcd: EtcdSettings): Omit<EtcdStoreOptions, 'clock'> {
  const { servers, prefix, caFile, certFile, keyFile, compactionSeconds } = etcd
  const ca = readPem(caFile)
  const cert = readPem(certFile)
  const key = readPem(keyFile)
  return {
    endpoints: servers,
    keys: { from: '/registry/', to: `${prefix}/` },
    tls: { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) },
    compactionIntervalMs: compactionSeconds * 1000,
  }
}

function readPem(file: string | undefined): Buffer | undefined {
  if (file === undefined) return undefined
  try {
    return readFileSync(file)
  } catch (error) {
    throw new UserError(`cannot read ${file}: ${messageOf(error)}`, { cause: error })
  }
}
