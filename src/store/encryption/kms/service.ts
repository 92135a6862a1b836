import { type CallMeter, unixCaller } from '../../unix-grpc/caller.ts'
import {
  decryptRequest,
  decryptResponse,
  encryptRequest,
  encryptResponse,
  statusRequest,
  statusResponse,
  type DecryptRequest,
  type DecryptResponse,
  type EncryptRequest,
  type EncryptResponse,
  type StatusResponse,
} from './messages.ts'

/** A key service: it encrypts the keys that values are encrypted with. Calls fail with RpcError, late ones too. */
export interface KeyService {
  status(): Promise<StatusResponse>
  encrypt(request: EncryptRequest): Promise<EncryptResponse>
  decrypt(request: DecryptRequest): Promise<DecryptResponse>
  close(): void
}

export interface KeyServiceOptions {
  /** `unix:///run/kms.sock`. */
  readonly endpoint: string
  readonly timeoutMs: number
  /** Measures, in ms. */
  readonly monotonic: () => number
  readonly meter?: CallMeter
}

const STATUS = { name: 'Status', request: statusRequest, response: statusResponse }
const ENCRYPT = { name: 'Encrypt', request: encryptRequest, response: encryptResponse }
const DECRYPT = { name: 'Decrypt', request: decryptRequest, response: decryptResponse }

/** A key service on a unix socket. It is connected to when it is there, and again whenever it has gone and come back. */
export function keyService({ endpoint, ...options }: KeyServiceOptions): KeyService {
  const { call, close } = unixCaller({ ...options, socket: socketOf(endpoint), service: 'v2.KeyManagementService' })
  return {
    status: () => call(STATUS, {}),
    encrypt: (request) => call(ENCRYPT, request),
    decrypt: (request) => call(DECRYPT, request),
    close,
  }
}

/** `unix:///@name` is one of Linux' abstract sockets. */
function socketOf(endpoint: string): string {
  const path = endpoint.replace(/^unix:(\/\/)?/i, '')
  return path.startsWith('/@') ? path.slice(1) : path
}
