import type { ExternalSigner } from '../../../apiserver/authn/service-account/external-keys.ts'
import { type CallMeter, unixCaller } from '../../../store/unix-grpc/caller.ts'
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

const SIGN = { name: 'Sign', request: signRequest, response: signResponse }
const FETCH_KEYS = { name: 'FetchKeys', request: nothing, response: keysResponse }
const METADATA = { name: 'Metadata', request: nothing, response: metadataResponse }

/** A signer on a unix socket. It is waited for while it is not there. */
export function signerClient({ endpoint, ...options }: SignerClientOptions): ExternalSigner {
  const { call, close } = unixCaller({ ...options, socket: endpoint, service: SERVICE, timeoutMs: TIMEOUT_MS })
  return {
    sign: (request) => call(SIGN, request),
    async fetchKeys() {
      const { keys, dataTimestamp, refreshHintSeconds } = await call<KeysResponse>(FETCH_KEYS, {})
      return {
        keys,
        refreshHintSeconds: Number(refreshHintSeconds),
        ...(dataTimestamp && { dataTimestamp: Number(dataTimestamp.seconds) + Number(dataTimestamp.nanos) / 1e9 }),
      }
    },
    async metadata() {
      const said = await call<{ maxTokenExpirationSeconds: number | bigint }>(METADATA, {}, METADATA_TIMEOUT_MS)
      return { maxTokenExpirationSeconds: Number(said.maxTokenExpirationSeconds) }
    },
    close,
  }
}
