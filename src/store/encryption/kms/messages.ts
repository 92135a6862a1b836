import type { MessageType } from '../../etcd/messages.ts'

/** k8s.io/kms' API, version 2, and what upstream keeps of a value; for the codec of the etcd store. Maps are lists of keys and values. */

export interface Annotation {
  readonly key: string
  readonly value: Uint8Array
}
const annotation: MessageType = { key: { number: 1, type: 'text' }, value: { number: 2, type: 'bytes' } }

export interface StatusResponse {
  readonly version: string
  /** `ok`, or what is wrong. */
  readonly healthz: string
  /** Of the key that is encrypted with now. */
  readonly keyId: string
}

export interface EncryptRequest {
  readonly plaintext: Uint8Array
  readonly uid: string
}

export interface EncryptResponse {
  readonly ciphertext: Uint8Array
  readonly keyId: string
  readonly annotations: readonly Annotation[]
}

export interface DecryptRequest {
  readonly ciphertext: Uint8Array
  readonly uid: string
  readonly keyId: string
  readonly annotations: readonly Annotation[]
}

export interface DecryptResponse {
  readonly plaintext: Uint8Array
}

export const statusRequest: MessageType = {}
export const statusResponse: MessageType = {
  version: { number: 1, type: 'text' },
  healthz: { number: 2, type: 'text' },
  keyId: { number: 3, type: 'text' },
}
export const encryptRequest: MessageType = {
  plaintext: { number: 1, type: 'bytes' },
  uid: { number: 2, type: 'text' },
}
export const encryptResponse: MessageType = {
  ciphertext: { number: 1, type: 'bytes' },
  keyId: { number: 2, type: 'text' },
  annotations: { number: 3, type: annotation, repeated: true },
}
export const decryptRequest: MessageType = {
  ciphertext: { number: 1, type: 'bytes' },
  uid: { number: 2, type: 'text' },
  keyId: { number: 3, type: 'text' },
  annotations: { number: 4, type: annotation, repeated: true },
}
export const decryptResponse: MessageType = { plaintext: { number: 1, type: 'bytes' } }

/** How the key of a value comes out of what the key service decrypts: it is the key, or a seed that it is derived of. */
export const SOURCE = { key: 0, seed: 1 } as const

/** What is kept of a value, behind its prefix. */
export interface EncryptedObject {
  readonly encryptedData: Uint8Array
  readonly keyId: string
  /** The key or seed of the value, encrypted by the key service. */
  readonly encryptedSource: Uint8Array
  readonly annotations: readonly Annotation[]
  readonly sourceType: number | bigint
}
export const encryptedObject: MessageType = {
  encryptedData: { number: 1, type: 'bytes' },
  keyId: { number: 2, type: 'text' },
  encryptedSource: { number: 3, type: 'bytes' },
  annotations: { number: 4, type: annotation, repeated: true },
  sourceType: { number: 5, type: 'int' },
}
