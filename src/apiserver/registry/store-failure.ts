import { failure, internalError, type StatusError } from '../../apimachinery/status.ts'
import { TransformError } from '../../store/encryption/transformer.ts'
import type { StoreError } from '../../store/store.ts'
import { bareError } from './revision.ts'

/** etcd's ErrNoSpace, which clients may know; the log says what is full. */
const NO_SPACE = 'etcdserver: mvcc: database space exceeded'

/** What a client is told when the store fails, as upstream tells of its etcd: 504 when nobody answered, or else its own words. */
export function storeFailure(error: StoreError): StatusError {
  if (error instanceof TransformError) return internalError(error)
  if (error.full) return bareError(NO_SPACE)
  if (!error.timedOut) return bareError(error.message)
  return failure('Timeout', 'Timeout: request did not complete within requested timeout - context deadline exceeded')
}
