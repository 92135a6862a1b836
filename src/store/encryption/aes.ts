import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto'
import { TransformError, joined, type Place, type Transformer } from './transformer.ts'

const NONCE_BYTES = 12
const TAG_BYTES = 16
const BLOCK_BYTES = 16
/** What the keys of `seededGcm` are derived with, at the head of each value. */
const INFO_BYTES = 32
/** The shortest seed of `seededGcm`. */
const SEED_BYTES = 32

const tooShort = (): TransformError => new TransformError('the stored data was shorter than the required size')

/**
 * AES-GCM with a random nonce: nonce, ciphertext, tag. The key of 16, 24 or 32 bytes must be changed before 2^32 writes. A value
 * that is moved to another key of the store cannot be read there.
 */
export function aesGcm(key: Uint8Array): Transformer {
  return {
    open: (kept, place) => ({ value: openGcm(key, kept, place), stale: false }),
    seal: (value, place) => sealGcm(key, value, place),
  }
}

function sealGcm(key: Uint8Array, value: Uint8Array, { key: path }: Place): Uint8Array {
  const nonce = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv(`aes-${bitsOf(key)}-gcm`, key, nonce)
  cipher.setAAD(Buffer.from(path))
  return joined(nonce, cipher.update(value), cipher.final(), cipher.getAuthTag())
}

function openGcm(key: Uint8Array, kept: Uint8Array, { key: path }: Place): Uint8Array {
  if (kept.length < NONCE_BYTES) throw tooShort()
  const refused = (cause?: unknown): TransformError =>
    new TransformError('cipher: message authentication failed', { cause })
  if (kept.length < NONCE_BYTES + TAG_BYTES) throw refused()
  const end = kept.length - TAG_BYTES
  const decipher = createDecipheriv(`aes-${bitsOf(key)}-gcm`, key, kept.subarray(0, NONCE_BYTES), {
    authTagLength: TAG_BYTES,
  })
  decipher.setAAD(Buffer.from(path))
  decipher.setAuthTag(kept.subarray(end))
  const value = decipher.update(kept.subarray(NONCE_BYTES, end))
  try {
    decipher.final()
  } catch (error) {
    throw refused(error)
  }
  return value
}

function bitsOf({ length }: Uint8Array): 128 | 192 | 256 {
  if (length === 16) return 128
  if (length === 24) return 192
  if (length === 32) return 256
  throw new TransformError(`crypto/aes: invalid key size ${length}`)
}

/** AES-CBC with PKCS#7 padding: initialization vector, ciphertext. It authenticates nothing; upstream keeps it for old data. */
export function aesCbc(key: Uint8Array): Transformer {
  const algorithm = `aes-${bitsOf(key)}-cbc`
  return {
    open(kept) {
      if (kept.length < BLOCK_BYTES) throw tooShort()
      if (kept.length % BLOCK_BYTES !== 0)
        throw new TransformError('the stored data is not a multiple of the block size')
      const decipher = createDecipheriv(algorithm, key, kept.subarray(0, BLOCK_BYTES)).setAutoPadding(false)
      const padded = decipher.update(kept.subarray(BLOCK_BYTES))
      decipher.final()
      return { value: unpadded(padded), stale: false }
    },
    seal(value) {
      const vector = randomBytes(BLOCK_BYTES)
      const cipher = createCipheriv(algorithm, key, vector)
      return joined(vector, cipher.update(value), cipher.final())
    },
  }
}

function unpadded(padded: Uint8Array): Uint8Array {
  const size = padded.at(-1) ?? 0
  if (size === 0 || size > padded.length) throw new TransformError('invalid PKCS7 data (empty or not padded)')
  const end = padded.length - size
  if (!padded.subarray(end).every((byte) => byte === size)) throw new TransformError('invalid padding on input')
  return padded.subarray(0, end)
}

/**
 * AES-GCM with a key of its own for each value, derived of a seed by HKDF's second half (RFC 5869, 2.3) with 32 random bytes, which stand
 * at the value's head: one seed serves without end. Of KMS version 2.
 */
export function seededGcm(seed: Uint8Array): Transformer {
  if (seed.length < SEED_BYTES) throw new TransformError(`invalid seed length ${seed.length} used for key generation`)
  return {
    open(kept, place) {
      if (kept.length < INFO_BYTES) throw tooShort()
      const key = derivedKey(seed, kept.subarray(0, INFO_BYTES))
      return { value: openGcm(key, kept.subarray(INFO_BYTES), place), stale: false }
    },
    seal(value, place) {
      const info = randomBytes(INFO_BYTES)
      return joined(info, sealGcm(derivedKey(seed, info), value, place))
    },
  }
}

/** The first 32 bytes that HKDF-Expand gives: one round of HMAC. */
function derivedKey(seed: Uint8Array, info: Uint8Array): Uint8Array {
  return createHmac('sha256', seed).update(info).update(FIRST_ROUND).digest()
}

const FIRST_ROUND = new Uint8Array([1])

/** A new seed. */
export function newSeed(): Uint8Array {
  return randomBytes(SEED_BYTES)
}
