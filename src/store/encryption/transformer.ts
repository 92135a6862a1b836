import { aggregate } from '../../apimachinery/labels/selector.ts'
import { andThen } from '../../lib/and-then.ts'
import { StoreError, type MaybePromise } from '../store.ts'

/** What a value is kept for. */
export interface Place {
  /** Where it is kept, `/registry/secrets/default/token`. What is authenticated is bound to it. */
  readonly key: string
  /** Whose it is, as `secrets` or `deployments.apps`. */
  readonly resource: string
}

/** A value as it is read. */
export interface Opened {
  readonly value: Uint8Array
  /** It was kept in another form than a write would keep it in now: a write of the same value still changes what is kept. */
  readonly stale: boolean
}

/** Between values and what is kept of them. Both ways throw TransformError, or what a key service failed with. */
export interface Transformer {
  open(kept: Uint8Array, place: Place): MaybePromise<Opened>
  /** At once: keys are at hand before they are needed. */
  seal(value: Uint8Array, place: Place): Uint8Array
}

/** A value cannot be brought into, or out of, the form that it is kept in. Messages are upstream's, and say nothing of values or keys. */
export class TransformError extends StoreError {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'TransformError'
  }
}

/** A transformer of what begins with a prefix, which it is not shown. */
export interface Prefixed {
  readonly prefix: Uint8Array
  readonly transformer: Transformer
}

export type Direction = 'from_storage' | 'to_storage'

/** Told of each value that was transformed, or was not. `prefix` is empty for values kept as they are. */
export interface TransformMeter {
  /** A moment, for `transformed`. */
  begin(): number
  transformed(what: { resource: string; direction: Direction; prefix: string; begun: number; error?: unknown }): void
}

const decoder = new TextDecoder()

/**
 * Reads with the first that can of those whose prefix a value has, and writes with the first of all (upstream's prefixTransformers). What is
 * read by another than the first is stale.
 */
export class PrefixTransformers implements Transformer {
  readonly #all: readonly (Prefixed & { readonly name: string })[]
  readonly #unknown: string
  readonly #meter: TransformMeter | undefined

  /** `unknown` is said of values that none of the prefixes fits. */
  constructor(all: readonly Prefixed[], unknown: string, meter?: TransformMeter) {
    this.#all = all.map((one) => ({ ...one, name: decoder.decode(one.prefix) }))
    this.#unknown = unknown
    this.#meter = meter
  }

  open(kept: Uint8Array, place: Place): MaybePromise<Opened> {
    return this.#openFrom(0, [], kept, place)
  }

  #openFrom(from: number, errors: readonly string[], kept: Uint8Array, place: Place): MaybePromise<Opened> {
    const begun = this.#meter?.begin() ?? 0
    for (let at = from; at < this.#all.length; at++) {
      const one = this.#all[at]
      if (!one || !startsWith(kept, one.prefix)) continue
      const done = (error?: unknown): void =>
        this.#meter?.transformed({
          resource: place.resource,
          direction: 'from_storage',
          prefix: one.name || 'identity',
          begun,
          error,
        })
      const opened = (plain: Opened): Opened => {
        done()
        return at === 0 || plain.stale ? plain : { value: plain.value, stale: true }
      }
      const failed = (error: unknown): MaybePromise<Opened> => {
        // Plain values are no prefix's: that this one is not plain may be somebody else's business.
        if (one.prefix.length > 0) done(error)
        return this.#openFrom(at + 1, one.prefix.length > 0 ? [...errors, messageOf(error)] : errors, kept, place)
      }
      try {
        const plain = one.transformer.open(kept.subarray(one.prefix.length), place)
        return plain instanceof Promise ? plain.then(opened, failed) : opened(plain)
      } catch (error) {
        return failed(error)
      }
    }
    if (errors.length > 0) throw new TransformError(aggregate(errors))
    const unknown = new TransformError(this.#unknown)
    const { resource } = place
    this.#meter?.transformed({ resource, direction: 'from_storage', prefix: 'unknown', begun, error: unknown })
    throw unknown
  }

  seal(value: Uint8Array, place: Place): Uint8Array {
    const [first] = this.#all
    if (!first) throw new TransformError(this.#unknown)
    const begun = this.#meter?.begin() ?? 0
    const done = (error?: unknown): void =>
      this.#meter?.transformed({
        resource: place.resource,
        direction: 'to_storage',
        prefix: first.name,
        begun,
        error,
      })
    try {
      const sealed = first.transformer.seal(value, place)
      done()
      return first.prefix.length === 0 ? sealed : joined(first.prefix, sealed)
    } catch (error) {
      done(error)
      throw error instanceof StoreError ? error : new TransformError(messageOf(error), { cause: error })
    }
  }
}

const ENCRYPTED = new TextEncoder().encode('k8s:enc:')

/** Values kept as they are. It refuses to take an encrypted one for a value. */
export const identity: Transformer = {
  open(kept) {
    if (startsWith(kept, ENCRYPTED)) throw new TransformError('identity transformer tried to read encrypted data')
    return { value: kept, stale: false }
  },
  seal: (value) => value,
}

function startsWith(bytes: Uint8Array, prefix: Uint8Array): boolean {
  for (let i = 0; i < prefix.length; i++) if (bytes[i] !== prefix[i]) return false
  return true
}

/** The pieces as one. */
export function joined(...pieces: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const piece of pieces) {
    all.set(piece, at)
    at += piece.length
  }
  return all
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** The value alone. */
export function valueOf(opened: MaybePromise<Opened>): MaybePromise<Uint8Array> {
  return andThen(opened, ({ value }) => value)
}
