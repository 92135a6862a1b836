import { apiVersionOf, type Frozen, type KubeObject, type ObjectKey } from '../../apimachinery/meta.ts'
import type { ResourceDefinition } from '../../apimachinery/resource.ts'
import type { Transport } from '../../client/transport.ts'
import { discover, preferredResources, type DiscoveredResource } from '../../client/discovery/discovery.ts'
import { dynamicResource } from '../../client/dynamic.ts'
import type { InformerFactory } from '../../client/informer/factory.ts'
import type { Informer } from '../../client/informer/informer.ts'
import { until } from '../../client/informer/wait.ts'
import { sleep, type Clock } from '../../lib/clock.ts'
import type { OwnerGraph } from './graph.ts'

/** Events are many, own nothing, and end by themselves. */
const IGNORED: ReadonlySet<string> = new Set(['events.', 'events.events.k8s.io'])
const NEEDED_VERBS = ['delete', 'list', 'watch']
/** A kind that cannot be read holds nobody up longer than this. */
const SYNC_TIMEOUT_MS = 30_000

interface Followed {
  readonly resource: ResourceDefinition
  readonly informer: Informer<KubeObject>
  readonly stop: () => void
}

/** Follows every kind that can be deleted, custom ones too, and feeds the graph. */
export class FollowedKinds {
  readonly #informers: InformerFactory
  readonly #graph: OwnerGraph
  readonly #followed = new Map<string, Followed>()
  /** By `apps/v1/ReplicaSet`, for owner references. */
  #byKind = new Map<string, ResourceDefinition>()

  constructor(informers: InformerFactory, graph: OwnerGraph) {
    this.#informers = informers
    this.#graph = graph
  }

  /** The resource that an owner reference's kind stands for; undefined when the server serves no such kind. */
  find(apiVersion: string, kind: string): ResourceDefinition | undefined {
    return this.#byKind.get(`${apiVersion}/${kind}`)
  }

  /** What the cache knows of an object: at least its metadata. */
  cached(resource: ResourceDefinition, key: ObjectKey): Frozen<KubeObject> | undefined {
    return this.#followed.get(nameOf(resource))?.informer.lister.get(key)
  }

  /** Asks what is served, begins to follow what is new and stops following what is gone; waits for the new caches. */
  async sync(transport: Transport, clock: Clock, signal: AbortSignal): Promise<void> {
    const { resources, failures } = await discover(transport, signal)
    this.#byKind = kindsOf(resources, this.#byKind, failures)
    const wanted = preferredResources(resources.filter(isCollectable))
    const names = new Set(wanted.map(nameOf))
    for (const [name, { resource, stop }] of this.#followed) {
      if (names.has(name) || failures.has(apiVersionOf(resource))) continue
      stop()
      this.#followed.delete(name)
      this.#informers.remove(resource)
    }
    await Promise.all(
      wanted.filter((kind) => !this.#followed.has(nameOf(kind))).map((kind) => this.#follow(kind, clock, signal)),
    )
  }

  async #follow(kind: DiscoveredResource, clock: Clock, signal: AbortSignal): Promise<void> {
    const resource = dynamicResource(kind)
    const informer = this.#informers.metadataInformer<KubeObject>(resource)
    const stop = informer.addHandler({
      onAdd: (object) => this.#graph.observe(resource, object),
      onUpdate: (now) => this.#graph.observe(resource, now),
      onDelete: ({ metadata }) => this.#graph.forget(metadata.uid ?? ''),
    })
    this.#followed.set(nameOf(kind), { resource, informer, stop })
    const enough = new AbortController()
    const timeout = sleep(clock, SYNC_TIMEOUT_MS, AbortSignal.any([signal, enough.signal])).catch(() => undefined)
    await Promise.race([until(informer, () => informer.synced, signal), timeout])
    enough.abort()
  }
}

function isCollectable(resource: DiscoveredResource): boolean {
  return NEEDED_VERBS.every((verb) => resource.verbs.includes(verb)) && !IGNORED.has(nameOf(resource))
}

function nameOf({ plural, group }: Pick<ResourceDefinition, 'plural' | 'group'>): string {
  return `${plural}.${group}`
}

/** Kinds of groups that could not be discovered just now keep their meaning. */
function kindsOf(
  resources: readonly DiscoveredResource[],
  before: ReadonlyMap<string, ResourceDefinition>,
  failures: ReadonlyMap<string, string>,
): Map<string, ResourceDefinition> {
  const kinds = new Map([...before].filter(([, resource]) => failures.has(apiVersionOf(resource))))
  for (const resource of resources) {
    const name = `${apiVersionOf(resource)}/${resource.kind}`
    // A kind may be answered at several resources (pods and its views); the one to delete it by counts.
    if (!kinds.has(name) && resource.verbs.includes('get')) kinds.set(name, dynamicResource(resource))
  }
  return kinds
}
