import type { Clock } from '../../../lib/clock.ts'
import { uuid, type Random } from '../../../lib/random.ts'
import type { MaybePromise } from '../../store.ts'
import { aesGcm, seededGcm } from '../aes.ts'
import { TransformError, type Opened, type Place, type Transformer } from '../transformer.ts'
import { decodeObject, encodeObject, sourceId } from './encrypted-object.ts'
import type { KeyStates } from './key-state.ts'
import { SOURCE, type EncryptedObject } from './messages.ts'
import type { KeyService } from './service.ts'

/** How long a key is kept after it was last asked for. */
const KEPT_MS = 24 * 3600_000

export interface EnvelopeMeter {
  keyUsed(direction: 'from_storage' | 'to_storage', keyId: string): void
  keyMissed(): void
  keysKept(count: number): void
}

export interface EnvelopeOptions {
  readonly service: KeyService
  readonly states: KeyStates
  readonly clock: Clock
  readonly random: Random
  readonly meter?: EnvelopeMeter
}

interface KeptKey {
  readonly transformer: Transformer
  readonly untilMs: number
}

/**
 * Values encrypted with keys that a key service encrypts (KMS version 2). The service is asked for a key the first time that a value needs it, and by
 * all values together. Stale is what was written with another of the service's keys than the one in use.
 */
export class Envelope implements Transformer {
  readonly #options: EnvelopeOptions
  readonly #keys = new Map<string, KeptKey>()
  readonly #asking = new Map<string, Promise<Transformer>>()

  constructor(options: EnvelopeOptions) {
    this.#options = options
  }

  open(kept: Uint8Array, place: Place): MaybePromise<Opened> {
    const object = decodeObject(kept)
    const current = this.#options.states.current.object
    const stale = object.keyId !== current.keyId || object.sourceType !== current.sourceType
    const opened = (transformer: Transformer): MaybePromise<Opened> => {
      this.#options.meter?.keyUsed('from_storage', object.keyId)
      const plain = transformer.open(object.encryptedData, place)
      return plain instanceof Promise ? plain : { value: plain.value, stale }
    }
    const id = sourceId(object)
    const known = this.#keys.get(id)
    return known ? opened(known.transformer) : this.#ask(id, object).then(opened)
  }

  seal(value: Uint8Array, place: Place): Uint8Array {
    const state = this.#options.states.writable
    this.#keep(state.id, state.transformer)
    const encryptedData = state.transformer.seal(value, place)
    this.#options.meter?.keyUsed('to_storage', state.object.keyId)
    return encodeObject({ ...state.object, encryptedData })
  }

  #ask(id: string, object: EncryptedObject): Promise<Transformer> {
    const asking = this.#asking.get(id) ?? this.#decrypt(id, object).finally(() => this.#asking.delete(id))
    this.#asking.set(id, asking)
    return asking
  }

  async #decrypt(
    id: string,
    { encryptedSource, keyId, annotations, sourceType }: EncryptedObject,
  ): Promise<Transformer> {
    this.#options.meter?.keyMissed()
    const uid = uuid(this.#options.random)
    const { plaintext } = await this.#options.service
      .decrypt({ ciphertext: encryptedSource, uid, keyId, annotations })
      .catch((cause: unknown) => {
        const why = cause instanceof Error ? cause.message : String(cause)
        throw new TransformError(`failed to decrypt DEK, error: ${why}`, { cause })
      })
    // Not a part of the message that it came in.
    const key = Uint8Array.from(plaintext)
    const transformer = sourceType === SOURCE.seed ? seededGcm(key) : aesGcm(key)
    this.#keep(id, transformer)
    return transformer
  }

  #keep(id: string, transformer: Transformer): void {
    const now = this.#options.clock.monotonic()
    const known = this.#keys.get(id)
    this.#keys.delete(id)
    this.#keys.set(id, { transformer: known?.transformer ?? transformer, untilMs: now + KEPT_MS })
    for (const [old, { untilMs }] of this.#keys) {
      if (untilMs > now) break
      this.#keys.delete(old)
    }
    if (!known) this.#options.meter?.keysKept(this.#keys.size)
  }
}
