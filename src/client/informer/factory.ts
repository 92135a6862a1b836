import type { Frozen, KubeObject } from '../../apimachinery/meta.ts'
import type { ResourceDefinition } from '../../apimachinery/resource.ts'
import type { Env } from '../../lib/env.ts'
import type { Client, ListOptions } from '../client.ts'
import type { Lister } from '../controller.ts'
import { Informer } from './informer.ts'
import { until } from './wait.ts'

export interface InformerFactoryOptions {
  readonly client: Client
  readonly env: Env
  /** See InformerOptions.freeze. */
  readonly freeze?: boolean
  /** What to keep of each object, by plural name. See InformerOptions.transform. */
  readonly transforms?: Readonly<Record<string, (object: Frozen<KubeObject>) => Frozen<KubeObject>>>
}

/** Hands out one shared informer per resource (and scope) and starts and stops them together. */
export class InformerFactory {
  readonly #options: InformerFactoryOptions
  readonly #informers = new Map<string, Informer<KubeObject>>()
  #signal: AbortSignal | undefined

  constructor(options: InformerFactoryOptions) {
    this.#options = options
  }

  /** The informer of a resource, made on first use; started at once when the factory runs. */
  informer<T extends KubeObject>(
    resource: ResourceDefinition<T>,
    scope: Pick<ListOptions, 'namespace' | 'labelSelector' | 'fieldSelector'> = {},
  ): Informer<T> {
    const { group, version, plural } = resource
    const { namespace, labelSelector, fieldSelector } = scope
    const id = JSON.stringify([group, version, plural, namespace, labelSelector, fieldSelector])
    let informer = this.#informers.get(id)
    if (!informer) {
      const { client, env, freeze = false, transforms } = this.#options
      const transform = transforms?.[plural]
      informer = new Informer<KubeObject>({
        client,
        env,
        resource: resource,
        scope,
        freeze,
        ...(transform && { transform }),
      })
      this.#informers.set(id, informer)
      if (this.#signal) this.#launch(informer, this.#signal)
    }
    return informer as unknown as Informer<T>
  }

  lister<T extends KubeObject>(resource: ResourceDefinition<T>): Lister<T> {
    return this.informer(resource).lister
  }

  /** Starts what is there and what is yet to come. All stop when the signal aborts. */
  start(signal: AbortSignal): void {
    if (this.#signal) return
    this.#signal = signal
    for (const informer of this.#informers.values()) this.#launch(informer, signal)
  }

  /** Resolves when every informer that is there now has synced; rejects when the signal aborts first. */
  async synced(signal?: AbortSignal): Promise<void> {
    await Promise.all([...this.#informers.values()].map((informer) => until(informer, () => informer.synced, signal)))
  }

  /** Resolves when all that were started have let go. */
  async stopped(): Promise<void> {
    const signal = this.#signal
    if (signal) await Promise.all([...this.#informers.values()].map((informer) => informer.run(signal)))
  }

  #launch(informer: Informer<KubeObject>, signal: AbortSignal): void {
    informer.run(signal).catch((err: unknown) => {
      this.#options.env.log.error('informer ended', { resource: informer.resource.plural, err })
    })
  }
}
