import type { Clock } from '../../lib/clock.ts'
import type { Store } from '../../store/store.ts'
import { type Latencies, timed } from './latencies.ts'

/** The store, as one request writes to it whose time is looked at. */
export function timedStore(store: Store, clock: Pick<Clock, 'monotonic'>, latencies: Latencies): Store {
  const write: Store['write'] = async (wanted) => timed(latencies, clock, 'etcd', () => store.write(wanted))
  return new Proxy(store, {
    get(target, name) {
      if (name === 'write') return write
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
}
