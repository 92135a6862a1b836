import { existsSync } from 'node:fs'
import type { ClusterPaths } from '../../host/cluster/paths.ts'
import type { ClusterSettings } from '../../host/cluster/settings.ts'
import { UserError } from '../../host/user-error.ts'
import type { Restoration, Restored, SnapshotSource } from '../../store/snapshot/snapshot.ts'
import { etcdOptions } from '../server/open-store.ts'

/** A cluster's store. */
export interface Place {
  readonly settings: Pick<ClusterSettings, 'etcd' | 'name'>
  readonly paths: Pick<ClusterPaths, 'store'>
}

/** What kind of store it is. */
export function kindOf({ settings }: Place): 'etcd' | 'lmdb' {
  return settings.etcd ? 'etcd' : 'lmdb'
}

/** Opens the store for reading, as of now. */
export async function readPlace({ settings, paths }: Place): Promise<SnapshotSource> {
  if (!settings.etcd) return (await import('../../store/lmdb/snapshot.ts')).readLmdb(paths.store)
  return (await import('../../store/etcd/snapshot.ts')).readEtcd(etcdOptions(settings.etcd))
}

/** Fills the store, which must be empty; `replace` puts a folder that is in the way aside. Returns where to, if so. */
export async function fillPlace(
  { settings, paths }: Place,
  restoration: Restoration,
  { replace, nowMs }: { readonly replace: boolean; readonly nowMs: number },
): Promise<Restored & { readonly aside?: string }> {
  if (settings.etcd) {
    const { fillEtcd } = await import('../../store/etcd/snapshot.ts')
    return fillEtcd(etcdOptions(settings.etcd), restoration)
  }
  const aside = existsSync(paths.store) ? asideOf(paths.store, replace, nowMs) : undefined
  const { fillLmdb } = await import('../../store/lmdb/snapshot.ts')
  return { ...(await fillLmdb(paths.store, restoration, aside)), ...(aside !== undefined && { aside }) }
}

function asideOf(store: string, replace: boolean, nowMs: number): string {
  if (replace) return `${store}-before-${new Date(nowMs).toISOString().replace(/[:.]/g, '-')}`
  throw new UserError(`the cluster has a store in ${store}`, {
    hints: ['put it aside and restore in its place: add --replace', 'or restore another cluster: --name'],
  })
}
