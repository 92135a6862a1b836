import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { runCliWith } from '../../cli/testing/test-cli.ts'
import { clusterPaths } from '../../host/cluster/paths.ts'
import { writeSettings } from '../../host/cluster/settings.ts'
import { systemClock } from '../../lib/clock.ts'
import { LmdbStore } from '../../store/lmdb/store.ts'
import { snapshotCommand } from './command.ts'

const folder = mkdtempSync(join(tmpdir(), 'skiff-snapshot-cli-'))
after(() => rmSync(folder, { recursive: true }))
const run = (verb: string, ...args: string[]) => {
  const where = verb === 'status' ? [] : ['--data-dir', folder]
  return runCliWith([snapshotCommand], folder, 'snapshot', verb, ...where, ...args)
}
const paths = clusterPaths(folder, 'skiff')
const file = join(folder, 'backup.skiff')

async function inStore<T>(use: (store: LmdbStore) => Promise<T>): Promise<T> {
  const store = await LmdbStore.open({ path: paths.store, clock: systemClock })
  try {
    return await use(store)
  } finally {
    await store.close()
  }
}

test('a cluster is saved while it runs, and restored when it is stopped', async () => {
  assert.match((await run('save', file)).err, /there is no cluster "skiff"/)
  writeSettings(paths.settings, {
    name: 'skiff',
    apiPort: 6443,
    podCidr: '10.244.0.0/16',
    serviceCidr: '10.96.0.0/16',
    clusterDomain: 'cluster.local',
    nodeName: 'node',
    nodes: 1,
    runtime: 'simulated',
  })
  await inStore(async (store) => {
    await store.write({ key: '/registry/configmaps/default/a', value: Buffer.from('{"a":1}') })
    assert.equal((await run('save', file)).out, `Saved 1 keys as of revision 2 in ${file}\n`)
    await store.write({ key: '/registry/configmaps/default/b', value: Buffer.from('{}') })
  })
  const again = await run('save', file)
  assert.deepEqual([again.code, again.err], [2, `error: ${file} is there already\n  - replace it: add --force\n`])

  const { revision, keys, resources } = JSON.parse((await run('status', '-o', 'json', file)).out) as Record<
    string,
    unknown
  >
  assert.deepEqual([revision, keys, resources], [2, 1, { configmaps: 1 }])
  assert.match((await run('status', file)).out, /^revision {2}2\nkeys {6}1\nbytes {5}37\n/)

  const inTheWay = await run('restore', file)
  assert.match(inTheWay.err, /the cluster has a store in .*put it aside/s)
  const restored = await run('restore', '--replace', '--bump-revision', '100', file)
  assert.match(restored.out, /^Restored 1 keys in lmdb, which is at revision 102\nWhat was there before is in /)
  await inStore(async (store) => {
    assert.equal(store.revision, 102)
    assert.equal(store.count('/registry/'), 1)
  })
})

test('what cannot be read, and flags that cannot be, are said in a line', async () => {
  writeFileSync(join(folder, 'text'), 'text')
  assert.match((await run('status', join(folder, 'text'))).err, /^error: .*text is not a snapshot of skiff\n$/)
  assert.match((await run('status', join(folder, 'none'))).err, /^error: ENOENT: no such file/)
  const flags = ['--etcd-servers', 'http://127.0.0.1:1']
  assert.match((await run('restore', ...flags, file)).err, /the flags of etcd are of no use without it/)
  assert.match((await run('restore', '--store', 'etcd', file)).err, /--store etcd needs to know where etcd is/)
  const bad = await run('restore', '--store', 'etcd', '--etcd-servers', 'localhost:2379', file)
  assert.match(bad.err, /"localhost:2379" is not the URL of an etcd/)
})
