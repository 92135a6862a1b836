import { after, test } from 'node:test'
import { systemClock } from '../../lib/clock.ts'
import { storeSuite, type SuiteOptions } from '../store.suite.ts'
import type { Store } from '../store.ts'
import { Cluster } from './cluster.ts'
import { methods } from './messages.ts'
import { EtcdStore } from './store.ts'
import { noEtcd, startEtcd } from './testing/etcd-process.ts'
import { rebased } from './testing/rebased.ts'

const skip = noEtcd()
if (skip !== undefined) test('the store on etcd', { skip })
else {
  const etcd = await startEtcd()
  const cluster = new Cluster({ endpoints: etcd.endpoints, clock: systemClock })
  after(() => {
    cluster.close()
    return etcd.stop()
  })
  let count = 0

  /** Each store has keys of its own in the same etcd. */
  const open = async (options: SuiteOptions): Promise<Store> => {
    const keys = { from: '', to: `/suite-${count++}:` }
    const store = await EtcdStore.open({ ...options, endpoints: etcd.endpoints, keys, startHistory: 0 })
    return rebased(store, async () => {
      const { leases } = await cluster.read(methods.leases, {})
      for (const { id } of leases) await cluster.write(methods.leaseRevoke, { id })
    })
  }
  storeSuite('etcd', open, { exact: false, runs: 12 })
}
