import type { MessageType } from '../../../store/etcd/messages.ts'

/** The service of k8s.io/externaljwt, version 1. */
export const SERVICE = 'v1.ExternalJWTSigner'

/** Its messages, for the codec of the etcd store. */
export const signRequest: MessageType = { claims: { number: 1, type: 'text' } }
export const signResponse: MessageType = {
  header: { number: 1, type: 'text' },
  signature: { number: 2, type: 'text' },
}
export const nothing: MessageType = {}
const key: MessageType = {
  keyId: { number: 1, type: 'text' },
  key: { number: 2, type: 'bytes' },
  excludeFromOidcDiscovery: { number: 3, type: 'bool' },
}
const timestamp: MessageType = { seconds: { number: 1, type: 'int' }, nanos: { number: 2, type: 'int' } }
export const keysResponse: MessageType = {
  keys: { number: 1, type: key, repeated: true },
  dataTimestamp: { number: 2, type: timestamp },
  refreshHintSeconds: { number: 3, type: 'int' },
}
export const metadataResponse: MessageType = { maxTokenExpirationSeconds: { number: 1, type: 'int' } }

export interface Timestamp {
  readonly seconds: number | bigint
  readonly nanos: number | bigint
}

export interface KeysResponse {
  readonly keys: readonly {
    readonly keyId: string
    readonly key: Uint8Array
    readonly excludeFromOidcDiscovery: boolean
  }[]
  readonly dataTimestamp?: Timestamp
  readonly refreshHintSeconds: number | bigint
}
