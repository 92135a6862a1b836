import type { Store, StoreEvent } from '../../store/store.ts'
import type { Selection } from '../registry/selection.ts'
import { collectionPrefix, type ServedResource } from '../registry/served.ts'
import { Change } from './change.ts'
import { type Member, SubscriberIndex } from './subscriber-index.ts'

/** Who is handed the changes of a resource. */
export interface Subscriber {
  /** In revision order, each once; all that the selection may want and some more, so the subscriber still compares. */
  onChange(change: Change): void
  /** The watch cannot go on: CompactedError or StoreError. Nothing comes after. */
  onError(error: Error): void
}

export interface Subscription {
  /** Every change up to this revision has been handed over. */
  readonly position: number
  stop(): void
}

/** What is watched is not served any more as it was: the watch ends, with nothing to tell. */
export class WatchOver extends Error {}

/** Changes that a hub remembers for those who come a little late. */
const REMEMBERED = 1024
/** The newest of them keep what was made of them for those who watch: objects and bytes, several times what is stored. */
const WARM = 64

/** The hub's own watch of the store. */
interface Trunk {
  /** Changes after this revision are remembered. */
  base: number
  /** The newest change handed over. */
  last: number
  caughtUp: boolean
  readonly remembered: Change[]
  /** How many of them have been let cool. */
  cooled: number
  stop: () => void
}

/**
 * The watches of one resource: one watch of the store feeds them all, and an index leads a change to those who may want it,
 * so that thousands of kubelets that watch their own pods cost what one does.
 */
export class ResourceHub {
  readonly #store: Store
  readonly #resource: ServedResource
  readonly #members = new SubscriberIndex()
  /** Those with watches of the store of their own. */
  readonly #apartMembers = new Set<Member>()
  #trunk: Trunk | undefined
  #over = false

  constructor(store: Store, resource: ServedResource) {
    this.#store = store
    this.#resource = resource
  }

  /** Hands over changes after `after`. Remembered ones may be delivered before it returns. */
  subscribe(after: number, selection: Selection, subscriber: Subscriber): Subscription {
    if (this.#over) {
      subscriber.onError(new WatchOver())
      return { position: after, stop: () => {} }
    }
    const trunk = (this.#trunk ??= this.#startTrunk(after))
    const member = memberOf(this.#resource, after, selection, subscriber)
    if (after < trunk.base) return this.#apart(after, member)
    for (const change of trunk.remembered) member.onChange(change)
    this.#members.add(member)
    const store = this.#store
    return {
      get position() {
        return trunk.caughtUp ? (store.delivered ?? store.revision) : Math.max(after, trunk.last)
      },
      stop: () => {
        this.#members.delete(member)
        if (this.#members.size === 0) this.#stopTrunk(trunk)
      },
    }
  }

  /** Ends all watches, and those to come. */
  end(): void {
    this.#over = true
    this.#trunk?.stop()
    this.#trunk = undefined
    for (const member of [...this.#members.clear(), ...this.#apartMembers]) member.onError(new WatchOver())
    this.#apartMembers.clear()
  }

  #startTrunk(after: number): Trunk {
    const base = Math.min(after, this.#store.revision)
    const trunk: Trunk = { base, last: base, caughtUp: false, remembered: [], cooled: 0, stop: () => {} }
    trunk.stop = this.#store.watch(collectionPrefix(this.#resource.definition, ''), base, {
      onEvents: (events) => this.#onEvents(trunk, events),
      onCaughtUp: () => void (trunk.caughtUp = true),
      onError: (error) => this.#onError(trunk, error),
    })
    return trunk
  }

  #stopTrunk(trunk: Trunk): void {
    trunk.stop()
    if (this.#trunk === trunk) this.#trunk = undefined
  }

  #onEvents(trunk: Trunk, events: readonly StoreEvent[]): void {
    for (const event of events) {
      const change = new Change(this.#resource.codec, event)
      trunk.remembered.push(change)
      trunk.last = change.revision
      this.#members.forEach(this.#resource, change, (member) => member.onChange(change))
    }
    cool(trunk)
    forget(trunk)
  }

  #onError(trunk: Trunk, error: Error): void {
    if (this.#trunk === trunk) this.#trunk = undefined
    for (const member of this.#members.clear()) member.onError(error)
  }

  /** For one who starts before what the hub remembers: a watch of the store of its own. */
  #apart(after: number, member: Member): Subscription {
    const store = this.#store
    const { codec, definition } = this.#resource
    const state = { caughtUp: false, last: after }
    this.#apartMembers.add(member)
    const stop = store.watch(collectionPrefix(definition, member.selection.namespace), after, {
      onEvents(events) {
        for (const event of events) {
          state.last = event.revision
          member.onChange(new Change(codec, event))
        }
      },
      onCaughtUp: () => void (state.caughtUp = true),
      onError: (error) => member.onError(error),
    })
    return {
      get position() {
        return state.caughtUp ? (store.delivered ?? store.revision) : state.last
      },
      stop: () => {
        this.#apartMembers.delete(member)
        stop()
      },
    }
  }
}

/** Keeps from a subscriber what came before its start or from other namespaces. */
function memberOf({ definition }: ServedResource, after: number, selection: Selection, to: Subscriber): Member {
  const prefix = collectionPrefix(definition, selection.namespace)
  let failed = false
  return {
    selection,
    onChange(change) {
      if (failed || change.revision <= after || !change.key.startsWith(prefix)) return
      try {
        to.onChange(change)
      } catch (error) {
        // It ends alone: the others have done nothing.
        failed = true
        to.onError(error instanceof Error ? error : new Error(String(error)))
      }
    },
    onError: (error) => to.onError(error),
  }
}

function cool(trunk: Trunk): void {
  const { remembered } = trunk
  for (; trunk.cooled < remembered.length - WARM; trunk.cooled++) remembered[trunk.cooled]?.cool()
}

function forget(trunk: Trunk): void {
  const surplus = trunk.remembered.length - REMEMBERED
  if (surplus < REMEMBERED / 4) return
  trunk.base = trunk.remembered.splice(0, surplus).at(-1)?.revision ?? trunk.base
  trunk.cooled -= surplus
}

/** The hubs of all resources, each made when first watched. */
export class ResourceHubs {
  readonly #store: Store
  readonly #hubs = new WeakMap<ServedResource, ResourceHub>()

  constructor(store: Store) {
    this.#store = store
  }

  of(resource: ServedResource): ResourceHub {
    const hub = this.#hubs.get(resource) ?? new ResourceHub(resource.store ?? this.#store, resource)
    this.#hubs.set(resource, hub)
    return hub
  }

  /** Ends the watches of a resource that is served no longer, or in another way from now on. */
  end(resource: ServedResource): void {
    const hub = this.#hubs.get(resource) ?? new ResourceHub(this.#store, resource)
    this.#hubs.set(resource, hub)
    hub.end()
  }
}
