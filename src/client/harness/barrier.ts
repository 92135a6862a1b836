import { keyOf, type KubeObject, type ObjectKey } from '../../apimachinery/meta.ts'
import { Heap } from '../../lib/heap.ts'
import type { Informer } from '../informer/informer.ts'

interface AwaitedRevision {
  readonly resourceVersion: string
  readonly revision: number
  readonly resolve: () => void
}

/** Lets others wait until an informer's cache shows what was written. */
export class Barrier {
  readonly #informer: Informer<KubeObject>
  readonly #revisions = new Heap<AwaitedRevision>((a, b) => a.revision < b.revision)
  readonly #deletions = new Map<ObjectKey, (() => void)[]>()

  constructor(informer: Informer<KubeObject>) {
    this.#informer = informer
    informer.addHandler({
      onProgress: () => this.#passRevisions(),
      onUpdate: (now) => {
        if (now.metadata.deletionTimestamp) this.#passDeletion(keyOf(now))
      },
      onDelete: (object) => this.#passDeletion(keyOf(object)),
    })
  }

  /** Undefined when the cache shows all changes up to this resourceVersion; else resolves when it does. */
  revision(resourceVersion: string): Promise<void> | undefined {
    if (this.#informer.hasSeen(resourceVersion)) return undefined
    return new Promise((resolve) => {
      this.#revisions.push({ resourceVersion, revision: Number(resourceVersion), resolve })
    })
  }

  /** Undefined when the cache no longer shows this object alive; else resolves when it doesn't. */
  deletion(key: ObjectKey, uid: string): Promise<void> | undefined {
    const known = this.#informer.lister.get(key)
    if (!known || known.metadata.uid !== uid || known.metadata.deletionTimestamp) return undefined
    return new Promise((resolve) => {
      const waiting = this.#deletions.get(key)
      if (waiting) waiting.push(resolve)
      else this.#deletions.set(key, [resolve])
    })
  }

  #passRevisions(): void {
    for (let next = this.#revisions.peek(); next && this.#informer.hasSeen(next.resourceVersion);) {
      this.#revisions.pop()?.resolve()
      next = this.#revisions.peek()
    }
  }

  #passDeletion(key: ObjectKey): void {
    const waiting = this.#deletions.get(key)
    if (!waiting) return
    this.#deletions.delete(key)
    for (const resolve of waiting) resolve()
  }
}
