import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto'
import { Server, ServerCredentials, status, type ServiceDefinition, type UntypedHandleCall } from '@grpc/grpc-js'
import { servedMethod } from '../../../unix-grpc/test-method.ts'
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
} from '../messages.ts'

/** What a test may have a plugin say instead of the truth. */
export interface Lies {
  status?: (truth: StatusResponse) => StatusResponse
  encrypt?: (truth: EncryptResponse) => EncryptResponse
  decrypt?: (truth: DecryptResponse) => DecryptResponse
  /** Never answers. */
  hangs?: boolean
  /** Fails each call. */
  fails?: boolean
}

/** A key service for tests: what it encrypts it binds to the key's id. */
export interface Plugin {
  readonly endpoint: string
  /** Full method names, in order. */
  readonly calls: readonly string[]
  /** The key that is encrypted with. */
  keyId: string
  lies: Lies
  close(): void
}

const MASTER = 'a master key of a test, from which those of all ids come'

function keyOf(id: string): Buffer {
  return createHash('sha256').update(MASTER).update(id).digest()
}

function encrypted(plain: Uint8Array, id: string): Buffer {
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', keyOf(id), nonce)
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()])
}

function decrypted(kept: Uint8Array, id: string): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', keyOf(id), kept.subarray(0, 12))
  decipher.setAuthTag(kept.subarray(-16))
  return Buffer.concat([decipher.update(kept.subarray(12, -16)), decipher.final()])
}

/** Serves KMS version 2 on a unix socket. */
export async function startPlugin(socket: string, keyId = 'key-1'): Promise<Plugin> {
  const server = new Server()
  const calls: string[] = []
  const plugin = { endpoint: `unix://${socket}`, calls, keyId, lies: {} as Lies, close: () => server.forceShutdown() }
  const answer =
    <Q, R>(name: string, truth: (request: Q) => R, lie: () => ((truth: R) => R) | undefined): UntypedHandleCall =>
    (call: { readonly request: Q }, callback: (error: object | null, response?: R) => void): void => {
      calls.push(name)
      if (plugin.lies.hangs) return
      if (plugin.lies.fails) return callback({ code: status.FAILED_PRECONDITION, details: 'the plugin is ill' })
      try {
        const said = truth(call.request)
        callback(null, lie()?.(said) ?? said)
      } catch (error) {
        callback({ code: status.INVALID_ARGUMENT, details: String(error) })
      }
    }
  server.addService(SERVICE, {
    Status: answer<object, StatusResponse>(
      'Status',
      () => ({ version: 'v2', healthz: 'ok', keyId: plugin.keyId }),
      () => plugin.lies.status,
    ),
    Encrypt: answer<EncryptRequest, EncryptResponse>(
      'Encrypt',
      ({ plaintext }) => ({
        ciphertext: encrypted(plaintext, plugin.keyId),
        keyId: plugin.keyId,
        annotations: [{ key: 'kms.example.com', value: Buffer.from('1') }],
      }),
      () => plugin.lies.encrypt,
    ),
    Decrypt: answer<DecryptRequest, DecryptResponse>(
      'Decrypt',
      ({ ciphertext, keyId: id }) => ({ plaintext: decrypted(ciphertext, id) }),
      () => plugin.lies.decrypt,
    ),
  })
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(`unix:${socket}`, ServerCredentials.createInsecure(), (error) =>
      error ? reject(error) : resolve(),
    )
  })
  return plugin
}

const SERVICE: ServiceDefinition = {
  Status: servedMethod('v2.KeyManagementService', { name: 'Status', request: statusRequest, response: statusResponse }),
  Encrypt: servedMethod('v2.KeyManagementService', {
    name: 'Encrypt',
    request: encryptRequest,
    response: encryptResponse,
  }),
  Decrypt: servedMethod('v2.KeyManagementService', {
    name: 'Decrypt',
    request: decryptRequest,
    response: decryptResponse,
  }),
}
