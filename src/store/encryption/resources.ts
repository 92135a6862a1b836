import type { Place, Transformer } from './transformer.ts'

/** A resource, whatever its version. */
export interface GroupResource {
  readonly group: string
  readonly resource: string
}

/** How upstream writes one: `secrets`, `deployments.apps`; `*.` for all of the core group. */
export function resourceName({ group, resource }: GroupResource): string {
  if (group === '' && resource === '*') return '*.'
  return group === '' ? resource : `${resource}.${group}`
}

/** `deployments.apps` as a group and a resource; everything behind the first dot is the group (upstream's ParseGroupResource). */
export function parseResource(name: string): GroupResource {
  const dot = name.indexOf('.')
  return dot < 0 ? { group: '', resource: name } : { group: name.slice(dot + 1), resource: name.slice(0, dot) }
}

/** Which resources' values are transformed, by the name of the resource; `*.group` stands for a group, `*.*` for all. */
export type Transformers = ReadonlyMap<string, Transformer>

/** The transformer of a resource, the most particular one; undefined when its values are kept as they are. */
export function transformerFor(
  transformers: Transformers,
  { group, resource }: GroupResource,
): Transformer | undefined {
  return (
    transformers.get(resourceName({ group, resource })) ??
    transformers.get(resourceName({ group, resource: '*' })) ??
    transformers.get('*.*')
  )
}

/** Where a resource's objects are kept. */
export interface ResourcePlace extends GroupResource {
  /** `/registry/secrets`. */
  readonly storagePrefix: string
}

/** What is done to the values of a resource. */
export interface Sealed {
  readonly resource: string
  readonly transformer: Transformer
}

const ROOT = '/registry/'

/**
 * Finds by a key what is done to its value. A key tells its resource by its first piece below /registry (`secrets`), or the first two
 * (`services/specs`, and `stable.example.com/crontabs` of custom resources). Keys of nobody's (allocations, leases of servers) are left alone.
 */
export class SealedKeys {
  readonly #places: ReadonlyMap<string, GroupResource>
  #transformers: Transformers
  /** Of each place that was asked for. */
  #known = new Map<string, Sealed | null>()
  #version = 0

  constructor(places: readonly ResourcePlace[], transformers: Transformers) {
    this.#places = new Map(places.map((place) => [place.storagePrefix, place]))
    this.#transformers = transformers
  }

  /** Moves when other transformers are put in place. */
  get version(): number {
    return this.#version
  }

  replace(transformers: Transformers): void {
    this.#transformers = transformers
    this.#known = new Map()
    this.#version++
  }

  /** Undefined for what is kept as it is. */
  of(key: string): Sealed | undefined {
    return this.#look(key) ?? undefined
  }

  /** Whether values of keys below a prefix may be transformed; a prefix above resources may have any. */
  below(prefix: string): boolean {
    return this.#transformers.size > 0 && this.#look(prefix) !== null
  }

  #look(key: string): Sealed | null | undefined {
    if (!key.startsWith(ROOT)) return undefined
    const first = key.indexOf('/', ROOT.length)
    if (first < 0) return undefined
    const one = this.#find(key.slice(0, first))
    if (one !== undefined) return one
    const second = key.indexOf('/', first + 1)
    return second < 0 ? undefined : this.#find(key.slice(0, second))
  }

  /** Null: a resource whose values are kept as they are. Undefined: no resource's place. */
  #find(place: string): Sealed | null | undefined {
    const known = this.#known.get(place)
    if (known !== undefined) return known
    const resource = this.#places.get(place) ?? customResource(place)
    if (!resource) return undefined
    const transformer = transformerFor(this.#transformers, resource)
    const sealed = transformer ? { resource: resourceName(resource), transformer } : null
    this.#known.set(place, sealed)
    return sealed
  }
}

/** The resource of `/registry/GROUP/PLURAL`: groups of custom resources have a dot, and nothing else there has. */
function customResource(place: string): GroupResource | undefined {
  const [group = '', resource, ...others] = place.slice(ROOT.length).split('/')
  return resource && others.length === 0 && group.includes('.') ? { group, resource } : undefined
}

/** Where a value of `sealed` is kept. */
export function placeOf({ resource }: Sealed, key: string): Place {
  return { key, resource }
}
