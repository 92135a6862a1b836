import { keyOf, type Frozen, type KubeObject, type ObjectKey } from '../../apimachinery/meta.ts'
import type { ResourceDefinition } from '../../apimachinery/resource.ts'
import { hasReason } from '../../apimachinery/status.ts'
import type { Client, Ref, ResourceClient } from '../client.ts'
import { revisionOf } from '../informer/revision.ts'
import type { Barrier } from './barrier.ts'

/** The barriers of the resources that a controller reads. */
export type BarrierOf = (
  resource: ResourceDefinition,
) => { readonly barrier: Barrier; uidOf(key: ObjectKey): string | undefined } | undefined

/** What a reconcile wrote of the resources it reads, so that the next one of its key can wait for the caches. */
export class WriteLog {
  readonly #newest = new Map<Barrier, string>()
  readonly #deleted: { readonly barrier: Barrier; readonly key: ObjectKey; readonly uid: string }[] = []

  wrote(barrier: Barrier, object: Frozen<KubeObject>): void {
    const { resourceVersion } = object.metadata
    if (resourceVersion === undefined) return
    if (revisionOf(resourceVersion) > revisionOf(this.#newest.get(barrier))) this.#newest.set(barrier, resourceVersion)
  }

  deleted(barrier: Barrier, key: ObjectKey, uid: string): void {
    this.#deleted.push({ barrier, key, uid })
  }

  /** Undefined when the caches show everything that was written; else resolves when they do. */
  seen(): Promise<unknown> | undefined {
    const awaited: Promise<void>[] = []
    for (const [barrier, resourceVersion] of this.#newest) {
      const seen = barrier.revision(resourceVersion)
      if (seen) awaited.push(seen)
    }
    for (const { barrier, key, uid } of this.#deleted) {
      const seen = barrier.deletion(key, uid)
      if (seen) awaited.push(seen)
    }
    return awaited.length > 0 ? Promise.all(awaited) : undefined
  }
}

/** A client that notes what is written through it in the log that `current` returns. */
export function loggingClient(client: Client, current: () => WriteLog, barrierOf: BarrierOf): Client {
  const made = new WeakMap<ResourceDefinition, ResourceClient<KubeObject>>()
  function logging<T extends KubeObject>(resource: ResourceDefinition<T>): ResourceClient<T> {
    let wrapped = made.get(resource)
    if (!wrapped) {
      wrapped = wrap(client(resource) as unknown as ResourceClient<KubeObject>, current, barrierOf(resource))
      made.set(resource, wrapped)
    }
    return wrapped as unknown as ResourceClient<T>
  }
  return Object.assign(logging, { transport: client.transport })
}

function wrap(
  inner: ResourceClient<KubeObject>,
  current: () => WriteLog,
  read: ReturnType<BarrierOf>,
): ResourceClient<KubeObject> {
  if (!read) return inner
  const { barrier, uidOf } = read
  const noting = async (write: Promise<Frozen<KubeObject>>): Promise<Frozen<KubeObject>> => {
    const log = current()
    const object = await write
    log.wrote(barrier, object)
    return object
  }
  return {
    ...inner,
    create: (object, options) => noting(inner.create(object, options)),
    update: (object, options) => noting(inner.update(object, options)),
    updateStatus: (object, options) => noting(inner.updateStatus(object, options)),
    patch: (ref, type, patch, options) => noting(inner.patch(ref, type, patch, options)),
    apply: (object, options) => noting(inner.apply(object, options)),
    async delete(ref, options) {
      const log = current()
      const key = refKey(ref)
      const uid = uidOf(key)
      try {
        await inner.delete(ref, options)
      } catch (error) {
        if (uid && hasReason(error, 'NotFound')) log.deleted(barrier, key, uid)
        throw error
      }
      if (uid && !options?.dryRun) log.deleted(barrier, key, uid)
    },
  }
}

function refKey(ref: Ref): ObjectKey {
  return typeof ref === 'string' ? ref : keyOf(ref)
}
