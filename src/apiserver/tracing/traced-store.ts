import type { Store } from '../../store/store.ts'
import type { Span } from './span.ts'

/** The store, as one sampled request sees it: what it asks of it are parts of the request. Names are upstream's. */
export function tracedStore(store: Store, span: Span): Store {
  const write: Store['write'] = async (wanted) => {
    const part = span.child(
      wanted.expect === 0 ? 'Create etcd3' : wanted.value === null ? 'Delete etcd3' : 'GuaranteedUpdate etcd3',
      {
        key: wanted.key,
      },
    )
    try {
      return await store.write(wanted)
    } catch (error) {
      part.fail(error)
      throw error
    } finally {
      part.end()
    }
  }
  return new Proxy(store, {
    get(target, name) {
      if (name === 'write') return write
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
}
