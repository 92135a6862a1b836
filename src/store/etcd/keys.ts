import { Buffer } from 'node:buffer'
import { StoreError } from '../store.ts'

/** How the store's keys are named in etcd: those that start with `from` start with `to` there. Both end with a slash, or are for tests. */
export interface KeySpaceOptions {
  readonly from: string
  readonly to: string
}

/** The store's keys and revisions, and etcd's. */
export class KeySpace {
  /** What the store's revisions are ahead of etcd's: not 0 where a snapshot with higher ones was restored into a young etcd. */
  offset = 0
  readonly #from: string
  readonly #to: Buffer
  /** Below `to`; what is there is the store's own, and no key of it. */
  readonly #hidden: Buffer

  constructor({ from, to }: KeySpaceOptions) {
    this.#from = from
    this.#to = Buffer.from(to)
    this.#hidden = Buffer.from(`${to}.skiff/`)
  }

  /** The first key of all, and the first beyond. */
  get all(): { readonly key: Uint8Array; readonly rangeEnd: Uint8Array } {
    return { key: this.#to, rangeEnd: endOf(this.#to) }
  }

  /** A key of the store's own. */
  own(name: string): Uint8Array {
    return Buffer.concat([this.#hidden, Buffer.from(name)])
  }

  encode(key: string): Uint8Array {
    if (!key.startsWith(this.#from)) throw new StoreError(`a key must start with ${this.#from}`)
    return Buffer.concat([this.#to, Buffer.from(key.slice(this.#from.length))])
  }

  /** Undefined for the store's own. */
  decode(bytes: Uint8Array): string | undefined {
    const key = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    if (key.subarray(0, this.#hidden.length).equals(this.#hidden)) return undefined
    return this.#from + key.toString('utf8', this.#to.length)
  }
}

/** The first key that does not start with `prefix`. */
function endOf(prefix: Uint8Array): Uint8Array {
  for (let length = prefix.length; length > 0; length--) {
    const last = prefix[length - 1] ?? 0
    if (last === 255) continue
    const end = Uint8Array.from(prefix.subarray(0, length))
    end[length - 1] = last + 1
    return end
  }
  return Uint8Array.of(0) // etcd's word for: to the end.
}
