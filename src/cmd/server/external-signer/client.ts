import { Client, Metadata, credentials, type ServiceError } from '@grpc/grpc-js'
import type { ExternalSigner } from '../../../apiserver/authn/service-account/external-keys.ts'
import { decode, encode } from '../../../store/etcd/codec.ts'
import type { MessageType } from '../../../store/etcd/messages.ts'
import { type CallMeter, codeName, KmsError } from '../../../store/encryption/kms/service.ts'
import {
  keysResponse,
  type KeysResponse,
  metadataResponse,
  nothing,
  SERVICE,
  signRequest,
  signResponse,
} from './messages.ts'

export interface SignerClientOptions {
  /** The path of a unix socket; `@name` is one of Linux' abstract ones. */
  readonly endpoint: string
  /** Measures, in ms. */
  readonly monotonic: () => number
  readonly meter: CallMeter
}

const TIMEOUT_MS = 60_000
/** Asked once, at the start. */
const METADATA_TIMEOUT_MS = 10_000

/** A signer on a unix socket. It is waited for while it is not there. */
export function signerClient({ endpoint, monotonic, meter }: SignerClientOptions): ExternalSigner {
  const socket = endpoint.startsWith('@') ? `\0${endpoint.slice(1)}` : endpoint
  const client = new Client(`unix:${socket}`, credentials.createInsecure(), {
    'grpc.default_authority': 'localhost',
    'grpc.initial_reconnect_backoff_ms': 100,
    'grpc.max_reconnect_backoff_ms': 2000,
    'grpc.enable_retries': 0,
  })
  const metadata = new Metadata({ waitForReady: true })
  const call = <R>(name: string, [request, response]: Types, message: object, timeoutMs = TIMEOUT_MS) =>
    new Promise<R>((resolve, reject) => {
      const path = `${SERVICE}/${name}`
      const begun = monotonic()
      const done = (error: ServiceError | null, answer?: object): void => {
        const code = error ? codeName(error.code) : 'OK'
        meter(path, (monotonic() - begun) / 1000, code)
        if (error) reject(new KmsError(code, error.details ?? error.message))
        else resolve(answer as R)
      }
      client.makeUnaryRequest(
        path,
        (sent: object) => encode(request, sent),
        (bytes) => decode(response, bytes),
        message,
        metadata,
        { deadline: performance.timeOrigin + performance.now() + timeoutMs },
        done,
      )
    })
  return {
    sign: (request) => call('Sign', [signRequest, signResponse], request),
    async fetchKeys() {
      const { keys, dataTimestamp, refreshHintSeconds } = await call<KeysResponse>(
        'FetchKeys',
        [nothing, keysResponse],
        {},
      )
      return {
        keys,
        refreshHintSeconds: Number(refreshHintSeconds),
        ...(dataTimestamp && { dataTimestamp: Number(dataTimestamp.seconds) + Number(dataTimestamp.nanos) / 1e9 }),
      }
    },
    async metadata() {
      const types: Types = [nothing, metadataResponse]
      const said = await call<{ maxTokenExpirationSeconds: number | bigint }>(
        'Metadata',
        types,
        {},
        METADATA_TIMEOUT_MS,
      )
      return { maxTokenExpirationSeconds: Number(said.maxTokenExpirationSeconds) }
    },
    close: () => client.close(),
  }
}

type Types = readonly [request: MessageType, response: MessageType]
