import type { Frozen, KubeObject } from '../../apimachinery/meta.ts'
import type { ResourceDefinition } from '../../apimachinery/resource.ts'
import type { Env } from '../../lib/env.ts'
import type { Client, ListOptions } from '../client.ts'
import type { Lister } from '../controller.ts'
import { Informer } from './informer.ts'
import { until } from './wait.ts'

type Transform = (object: Frozen<KubeObject>) => Frozen<KubeObject>

export interface InformerFactoryOptions {
  readonly client: Client
  readonly env: Env
  /** See InformerOptions.freeze. */
  readonly freeze?: boolean
  /** What to keep of each object, by plural name. See InformerOptions.transform. */
  readonly transforms?: Readonly<Record<string, Transform>>
  /** What to keep of each object of any other resource; all of it when absent. */
  readonly transform?: Transform
}

/** What an informer is narrowed to. */
export type InformerScope = Pick<ListOptions, 'namespace' | 'labelSelector' | 'fieldSelector' | 'metadataOnly'>

/** All but who manages which field: a third of many objects, which controllers have no use for. An update without it changes no managers. */
export function withoutManagers(object: Frozen<KubeObject>): Frozen<KubeObject> {
  if (!object.metadata.managedFields) return object
  const { managedFields: _managedFields, ...metadata } = object.metadata
  return { ...object, metadata }
}

interface Entry {
  readonly informer: Informer<KubeObject>
  readonly stop: AbortController
}

/** Hands out one shared informer per resource (and scope) and starts and stops them together. */
export class InformerFactory {
  readonly #options: InformerFactoryOptions
  readonly #entries = new Map<string, Entry>()
  #signal: AbortSignal | undefined

  constructor(options: InformerFactoryOptions) {
    this.#options = options
  }

  /** The informer of a resource, made on first use; started at once when the factory runs. */
  informer<T extends KubeObject>(resource: ResourceDefinition<T>, scope: InformerScope = {}): Informer<T> {
    const id = idOf(resource, scope)
    let entry = this.#entries.get(id)
    if (!entry) {
      entry = { informer: this.#make(resource, scope), stop: new AbortController() }
      this.#entries.set(id, entry)
      if (this.#signal) this.#launch(entry, this.#signal)
    }
    return entry.informer as unknown as Informer<T>
  }

  /** One that knows at least the metadata of all objects: the full one if there is one by now, else one of metadata only. */
  metadataInformer<T extends KubeObject>(resource: ResourceDefinition<T>): Informer<T> {
    const full = this.#entries.get(idOf(resource, {}))
    return full ? (full.informer as unknown as Informer<T>) : this.informer(resource, { metadataOnly: true })
  }

  lister<T extends KubeObject>(resource: ResourceDefinition<T>): Lister<T> {
    return this.informer(resource).lister
  }

  /** Stops the informers of a resource that is no longer served, and forgets them. */
  remove({ group, version, plural }: Pick<ResourceDefinition, 'group' | 'version' | 'plural'>): void {
    for (const [id, { informer, stop }] of this.#entries) {
      const { resource } = informer
      if (resource.group !== group || resource.version !== version || resource.plural !== plural) continue
      this.#entries.delete(id)
      stop.abort(new Error(`${plural} are no longer followed`))
    }
  }

  /** Starts what is there and what is yet to come. All stop when the signal aborts. */
  start(signal: AbortSignal): void {
    if (this.#signal) return
    this.#signal = signal
    for (const entry of this.#entries.values()) this.#launch(entry, signal)
  }

  /** Resolves when every informer that is there now has synced; rejects when the signal aborts first. */
  async synced(signal?: AbortSignal): Promise<void> {
    const informers = [...this.#entries.values()].map((entry) => entry.informer)
    await Promise.all(informers.map((informer) => until(informer, () => informer.synced, signal)))
  }

  /** Resolves when all that were started have let go. */
  async stopped(): Promise<void> {
    const signal = this.#signal
    if (signal) await Promise.all([...this.#entries.values()].map(({ informer }) => informer.run(signal)))
  }

  #make<T extends KubeObject>(resource: ResourceDefinition<T>, scope: InformerScope): Informer<KubeObject> {
    const { client, env, freeze = false, transforms } = this.#options
    const transform = transforms?.[resource.plural] ?? this.#options.transform
    const lean = transform === withoutManagers ? { ...scope, withoutManagers: true } : scope
    return new Informer<KubeObject>({ client, env, resource, scope: lean, freeze, ...(transform && { transform }) })
  }

  #launch({ informer, stop }: Entry, signal: AbortSignal): void {
    informer.run(AbortSignal.any([signal, stop.signal])).catch((err: unknown) => {
      this.#options.env.log.error('informer ended', { resource: informer.resource.plural, err })
    })
  }
}

function idOf(
  { group, version, plural }: Pick<ResourceDefinition, 'group' | 'version' | 'plural'>,
  { namespace, labelSelector, fieldSelector, metadataOnly = false }: InformerScope,
): string {
  return JSON.stringify([group, version, plural, namespace, labelSelector, fieldSelector, metadataOnly])
}
