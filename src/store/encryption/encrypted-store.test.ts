import { randomBytes } from 'node:crypto'
import { MemoryStore } from '../memory/store.ts'
import { storeSuite } from '../store.suite.ts'
import { aesGcm } from './aes.ts'
import { EncryptedStore } from './encrypted-store.ts'
import { SealedKeys } from './resources.ts'
import type { Transformer } from './transformer.ts'

/** Keys of the suite are no resources'. */
class EveryKey extends SealedKeys {
  readonly #transformer: Transformer

  constructor(transformer: Transformer) {
    super([], new Map())
    this.#transformer = transformer
  }

  override of(): ReturnType<SealedKeys['of']> {
    return { resource: 'everything', transformer: this.#transformer }
  }

  override below(): boolean {
    return true
  }
}

const gcm = aesGcm(randomBytes(32))
storeSuite('encrypted', (options) => new EncryptedStore(new MemoryStore(options), new EveryKey(gcm)), { runs: 20 })

/** Opens a turn later, as what has to ask a key service. */
const late: Transformer = { ...gcm, open: async (kept, place) => gcm.open(kept, place) }
storeSuite('slowly encrypted', (options) => new EncryptedStore(new MemoryStore(options), new EveryKey(late)), {
  runs: 20,
})
