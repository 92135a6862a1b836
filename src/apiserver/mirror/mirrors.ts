import type { KubeObject } from '../../apimachinery/meta.ts'
import type { ResourceDefinition } from '../../apimachinery/resource.ts'
import type { Env } from '../../lib/env.ts'
import type { Store } from '../../store/store.ts'
import { Mirror } from './mirror.ts'

/** One mirror of each resource, for all who look at it. */
export class Mirrors {
  readonly #store: Store
  readonly #env: Env
  readonly #mirrors = new Map<string, Mirror<KubeObject>>()
  readonly #others = new Set<Mirror<KubeObject>>()

  constructor(store: Store, env: Env) {
    this.#store = store
    this.#env = env
  }

  /** The resource's mirror; made when first asked for, before `start`. */
  of<T extends KubeObject>(definition: ResourceDefinition<T>): Mirror<T> {
    const known = this.#mirrors.get(definition.storagePrefix) as unknown as Mirror<T> | undefined
    if (known) return known
    const mirror = new Mirror<T>(this.#store, definition, this.#env)
    this.#mirrors.set(definition.storagePrefix, mirror as unknown as Mirror<KubeObject>)
    return mirror
  }

  /**
   * A mirror for one who starts and stops it, for as long as the server runs; of another place than the server's store
   * when told.
   */
  own(definition: ResourceDefinition, store: Store = this.#store): Mirror<KubeObject> {
    const mirror = new Mirror<KubeObject>(store, definition, this.#env)
    this.#others.add(mirror)
    return mirror
  }

  /** Resolves when all that is stored has been read. */
  async start(): Promise<void> {
    await Promise.all([...this.#mirrors.values()].map((mirror) => mirror.start()))
  }

  stop(): void {
    for (const mirror of [...this.#mirrors.values(), ...this.#others]) mirror.stop()
  }
}
