import { randomBytes } from 'node:crypto'
import { xsalsa20poly1305 } from '@noble/ciphers/salsa.js'
import { TransformError, joined, type Transformer } from './transformer.ts'

const NONCE_BYTES = 24
const TAG_BYTES = 16

/** XSalsa20 and Poly1305 (NaCl's secretbox) with a key of 32 bytes: nonce, tag, ciphertext. Not bound to where the value is kept. */
export function secretbox(key: Uint8Array): Transformer {
  return {
    open(kept) {
      if (kept.length < NONCE_BYTES + TAG_BYTES)
        throw new TransformError('the stored data was shorter than the required size')
      const box = xsalsa20poly1305(key, kept.subarray(0, NONCE_BYTES))
      try {
        return { value: box.decrypt(kept.subarray(NONCE_BYTES)), stale: false }
      } catch (error) {
        // Upstream says this of whatever does not fit the key.
        throw new TransformError('output array was not large enough for encryption', { cause: error })
      }
    },
    seal(value) {
      const nonce = randomBytes(NONCE_BYTES)
      return joined(nonce, xsalsa20poly1305(key, nonce).encrypt(value))
    },
  }
}
