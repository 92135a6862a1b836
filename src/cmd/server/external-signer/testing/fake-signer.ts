import { createPublicKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto'
import { Server, ServerCredentials, status, type ServiceDefinition, type UntypedHandleCall } from '@grpc/grpc-js'
import { servedMethod } from '../../../../store/unix-grpc/test-method.ts'
import {
  keysResponse,
  type KeysResponse,
  metadataResponse,
  nothing,
  SERVICE,
  signRequest,
  signResponse,
} from '../messages.ts'

/** A key of a signer for tests. */
export interface SignerKey {
  readonly id: string
  readonly privateKey: KeyObject
  readonly excluded?: boolean
}

/** A signer for tests; what stands here may be changed while it serves. */
export interface FakeSigner {
  /** Full names of methods, in order. */
  readonly calls: string[]
  /** The first signs. */
  keys: SignerKey[]
  refreshHintSeconds: number
  maxTokenExpirationSeconds: number
  /** Seconds since the epoch; none when absent. */
  dataTimestamp: number | undefined
  /** Instead of the header that is right. */
  header: object | string | undefined
  /** Instead of the signature that is right. */
  signature: string | undefined
  /** Fails each call. */
  fails: boolean
  close(): void
}

/** A key on P-256. */
export function signerKey(id: string, more: Partial<SignerKey> = {}): SignerKey {
  return { id, privateKey: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey, ...more }
}

/** Serves ExternalJWTSigner on a unix socket; `socket` may begin with @. */
export async function startFakeSigner(socket: string, keys: SignerKey[]): Promise<FakeSigner> {
  const server = new Server()
  const signer: FakeSigner = {
    calls: [],
    keys,
    refreshHintSeconds: 60,
    maxTokenExpirationSeconds: 7200,
    dataTimestamp: 1_700_000_000.5,
    header: undefined,
    signature: undefined,
    fails: false,
    close: () => server.forceShutdown(),
  }
  const answer =
    <Q>(name: string, said: (request: Q) => object): UntypedHandleCall =>
    (call: { readonly request: Q }, callback: (error: object | null, response?: object) => void): void => {
      signer.calls.push(name)
      if (signer.fails) callback({ code: status.UNAVAILABLE, details: 'the signer is ill' })
      else callback(null, said(call.request))
    }
  server.addService(DEFINITION, {
    Sign: answer<{ claims: string }>('Sign', ({ claims }) => signed(signer, claims)),
    FetchKeys: answer('FetchKeys', () => published(signer)),
    Metadata: answer('Metadata', () => ({ maxTokenExpirationSeconds: signer.maxTokenExpirationSeconds })),
  })
  const path = socket.startsWith('@') ? `\0${socket.slice(1)}` : socket
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(`unix:${path}`, ServerCredentials.createInsecure(), (error) => (error ? reject(error) : resolve()))
  })
  return signer
}

const base64Url = (text: string): string => Buffer.from(text).toString('base64url')

function signed({ keys: [key], header: lie, signature }: FakeSigner, claims: string): object {
  if (!key) return { header: '', signature: '' }
  const said = lie ?? { alg: 'ES256', kid: key.id, typ: 'JWT' }
  const header = typeof said === 'string' ? said : base64Url(JSON.stringify(said))
  const bytes = sign('sha256', Buffer.from(`${header}.${claims}`), {
    key: key.privateKey,
    dsaEncoding: 'ieee-p1363',
  })
  return { header, signature: signature ?? bytes.toString('base64url') }
}

function published({ keys, dataTimestamp, refreshHintSeconds }: FakeSigner): KeysResponse {
  return {
    keys: keys.map(({ id, privateKey, excluded = false }) => ({
      keyId: id,
      key: createPublicKey(privateKey).export({ type: 'spki', format: 'der' }),
      excludeFromOidcDiscovery: excluded,
    })),
    ...(dataTimestamp !== undefined && {
      dataTimestamp: { seconds: Math.floor(dataTimestamp), nanos: Math.round((dataTimestamp % 1) * 1e9) },
    }),
    refreshHintSeconds,
  }
}

const DEFINITION: ServiceDefinition = {
  Sign: servedMethod(SERVICE, { name: 'Sign', request: signRequest, response: signResponse }),
  FetchKeys: servedMethod(SERVICE, { name: 'FetchKeys', request: nothing, response: keysResponse }),
  Metadata: servedMethod(SERVICE, { name: 'Metadata', request: nothing, response: metadataResponse }),
}
