import type { ResourceDefinition } from '../apimachinery/resource.ts'
import { type Group, groupsOf } from './discovery/groups.ts'
import type { ServedResource } from './registry/served.ts'

/** The resources that are served now. Custom ones come and go at run time. */
export class ResourceTable {
  readonly #routes = new Map<string, ServedResource>()
  readonly #listeners = new Set<() => void>()
  #groups: readonly Group[] | undefined
  #generation = 0

  /** Moves with every change, so that what is derived of the table can be kept until then. */
  get generation(): number {
    return this.#generation
  }

  find(group: string, version: string, plural: string): ServedResource | undefined {
    return this.#routes.get(`${group}/${version}/${plural}`)
  }

  /** The resource of a kind, such as an owner reference names. */
  findKind(group: string, version: string, kind: string): ServedResource | undefined {
    for (const resource of this.#routes.values()) {
      const { definition } = resource
      if (definition.kind === kind && definition.version === version && definition.group === group) return resource
    }
    return undefined
  }

  /** All, in the order they were added. */
  all(): Iterable<ServedResource> {
    return this.#routes.values()
  }

  /** Whether anything but custom resources is served of a group: those are no routes of upstream's. */
  servesBuiltIn(group: string): boolean {
    const versions = this.groups().find(({ name }) => name === group)?.versions ?? []
    return versions.some(({ version, resources }) =>
      resources.some(({ plural }) => !this.find(group, version, plural)?.custom),
    )
  }

  /** Adds a resource, or replaces the one of the same group, version and plural. */
  set(resource: ServedResource): void {
    this.#routes.set(routeKey(resource.definition), resource)
    this.#changed()
  }

  delete(definition: Pick<ResourceDefinition, 'group' | 'version' | 'plural'>): void {
    if (this.#routes.delete(routeKey(definition))) this.#changed()
  }

  /** Groups, versions and their resources, for discovery. */
  groups(): readonly Group[] {
    return (this.#groups ??= groupsOf([...this.#routes.values()].map(({ definition }) => definition)))
  }

  /** Calls back after each change. Returns what ends that. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  #changed(): void {
    this.#groups = undefined
    this.#generation++
    for (const listener of this.#listeners) listener()
  }
}

function routeKey({ group, version, plural }: Pick<ResourceDefinition, 'group' | 'version' | 'plural'>): string {
  return `${group}/${version}/${plural}`
}
