import type { Frozen, KubeObject } from '../../apimachinery/meta.ts'
import type { StoreEvent } from '../../store/store.ts'
import type { WatchFrame } from '../registry/answer.ts'
import type { ResourceCodec } from '../registry/codec.ts'
import { Frame } from './frame.ts'

const encoder = new TextEncoder()

/** One change of one object, decoded and encoded at most once for all who watch the same version of the resource. */
export class Change {
  readonly revision: number
  readonly key: string
  readonly #codec: ResourceCodec
  readonly #event: StoreEvent
  #current: Frozen<KubeObject> | undefined
  #previous: Frozen<KubeObject> | undefined
  #frames: { ADDED?: WatchFrame; MODIFIED?: WatchFrame; DELETED?: WatchFrame } = {}

  constructor(codec: ResourceCodec, event: StoreEvent) {
    this.#codec = codec
    this.#event = event
    this.revision = event.revision
    this.key = event.key
  }

  /** The object after the change; undefined when it is gone. */
  current(): Frozen<KubeObject> | undefined {
    const { entry } = this.#event
    return entry && (this.#current ??= this.#codec.decodeEntry(entry))
  }

  /** The object before the change, with the change's own revision as upstream sends it; undefined when it is new, or no longer known. */
  previous(): Frozen<KubeObject> | undefined {
    const { previous } = this.#event
    return previous && (this.#previous ??= this.#codec.decode(previous.value, this.revision))
  }

  /** What someone who watches everything sees. */
  get type(): 'ADDED' | 'MODIFIED' | 'DELETED' {
    const { entry } = this.#event
    if (!entry) return 'DELETED'
    return entry.createRevision === entry.modRevision ? 'ADDED' : 'MODIFIED'
  }

  /** The change as an event: DELETED carries the object as it was. */
  frame(type: 'ADDED' | 'MODIFIED' | 'DELETED'): WatchFrame {
    return (this.#frames[type] ??= type === 'DELETED' ? this.#deleted() : this.#written(type))
  }

  /** Lets go of what was made of it, which is made again for who asks. */
  cool(): void {
    this.#current = undefined
    this.#previous = undefined
    this.#frames = {}
  }

  #written(type: 'ADDED' | 'MODIFIED'): WatchFrame {
    const { entry } = this.#event
    return new Frame(
      type,
      () => this.current() ?? { metadata: {} },
      () => (entry ? this.#codec.jsonOf(entry) : encoder.encode('{}')),
    )
  }

  #deleted(): WatchFrame {
    const value = this.#event.previous?.value
    return new Frame(
      'DELETED',
      () => this.previous() ?? { metadata: {} },
      () => (value ? this.#codec.json(value, this.revision) : encoder.encode('{}')),
    )
  }
}
