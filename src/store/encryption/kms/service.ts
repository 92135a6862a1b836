import { Client, Metadata, credentials, status, type ServiceError } from '@grpc/grpc-js'
import { decode, encode } from '../../etcd/codec.ts'
import type { MessageType } from '../../etcd/messages.ts'
import { StoreError } from '../../store.ts'
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

/** A key service: it encrypts the keys that values are encrypted with. Calls fail with KmsError, late ones too. */
export interface KeyService {
  status(): Promise<StatusResponse>
  encrypt(request: EncryptRequest): Promise<EncryptResponse>
  decrypt(request: DecryptRequest): Promise<DecryptResponse>
  close(): void
}

/** A call to a key service has failed. Worded as Go's gRPC words it. */
export class KmsError extends StoreError {
  /** Go's name of the gRPC code. */
  readonly code: string

  constructor(code: string, detail: string) {
    super(`rpc error: code = ${code} desc = ${detail}`)
    this.name = 'KmsError'
    this.code = code
  }
}

/** Told of each call, by its full method name. */
export type CallMeter = (method: string, seconds: number, code: string) => void

export interface KeyServiceOptions {
  /** `unix:///run/kms.sock`. */
  readonly endpoint: string
  readonly timeoutMs: number
  /** Measures, in ms. */
  readonly monotonic: () => number
  readonly meter?: CallMeter
}

const MAX_MESSAGE_BYTES = 4 * 2 ** 20

/** A key service on a unix socket. It is connected to when it is there, and again whenever it has gone and come back. */
export function keyService({ endpoint, timeoutMs, monotonic, meter }: KeyServiceOptions): KeyService {
  const client = new Client(`unix:${socketOf(endpoint)}`, credentials.createInsecure(), {
    'grpc.default_authority': 'localhost',
    'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
    'grpc.initial_reconnect_backoff_ms': 100,
    'grpc.max_reconnect_backoff_ms': 2000,
    'grpc.enable_retries': 0,
  })
  const metadata = new Metadata({ waitForReady: true })
  const call = <Q extends object, R>(name: string, request: MessageType, response: MessageType, message: Q) =>
    new Promise<R>((resolve, reject) => {
      const path = `/v2.KeyManagementService/${name}`
      const begun = monotonic()
      const done = (error: ServiceError | null, answer?: object): void => {
        const code = error ? codeName(error.code) : 'OK'
        meter?.(path, (monotonic() - begun) / 1000, code)
        if (error) reject(new KmsError(code, error.details ?? error.message))
        else resolve(answer as R)
      }
      client.makeUnaryRequest(
        path,
        (sent: Q) => encode(request, sent),
        (bytes) => decode(response, bytes),
        message,
        metadata,
        { deadline: performance.timeOrigin + performance.now() + timeoutMs },
        done,
      )
    })
  return {
    status: () => call('Status', statusRequest, statusResponse, {}),
    encrypt: (request) => call('Encrypt', encryptRequest, encryptResponse, request),
    decrypt: (request) => call('Decrypt', decryptRequest, decryptResponse, request),
    close: () => client.close(),
  }
}

/** `unix:///@name` is one of Linux' abstract sockets. */
function socketOf(endpoint: string): string {
  const path = endpoint.replace(/^unix:(\/\/)?/i, '')
  return path.startsWith('/@') ? `\0${path.slice(2)}` : path
}

/** DEADLINE_EXCEEDED as Go prints it: DeadlineExceeded. */
export function codeName(code: number): string {
  const name = status[code] ?? 'UNKNOWN'
  if (name === 'CANCELLED') return 'Canceled'
  return name
    .toLowerCase()
    .split('_')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('')
}
