import type { ConfigKinds } from '../decode.ts'
import { document, duration, int32, list, string, struct } from '../shape.ts'

/** A key by name. */
export interface Key {
  readonly name?: string
  /** base64. */
  readonly secret?: string
}

export interface Keys {
  readonly keys?: readonly Key[]
}

export interface KmsConfiguration {
  readonly apiVersion: string
  readonly name?: string
  readonly cachesize?: number
  readonly endpoint?: string
  /** Go's duration string. */
  readonly timeout: string
}

/** One way to keep values, of which exactly one field is set. */
export interface ProviderConfiguration {
  readonly aesgcm?: Keys
  readonly aescbc?: Keys
  readonly secretbox?: Keys
  readonly identity?: object
  readonly kms?: KmsConfiguration
}

export interface ResourceConfiguration {
  readonly resources?: readonly string[]
  readonly providers?: readonly ProviderConfiguration[]
}

/** apiserver.config.k8s.io/v1 EncryptionConfiguration, with defaults. */
export interface EncryptionConfiguration {
  readonly resources?: readonly ResourceConfiguration[]
}

const key = struct('v1.Key', { name: string, secret: string })
const aes = struct('v1.AESConfiguration', { keys: list(key) })
const secretbox = struct('v1.SecretboxConfiguration', { keys: list(key) })
const identity = struct('v1.IdentityConfiguration', {})
const kms = struct('v1.KMSConfiguration', {
  apiVersion: string,
  name: string,
  cachesize: int32,
  endpoint: string,
  timeout: duration,
})
const provider = struct('v1.ProviderConfiguration', { aesgcm: aes, aescbc: aes, secretbox, identity, kms })
const resource = struct('v1.ResourceConfiguration', { resources: list(string), providers: list(provider) })
const configuration = document('v1.EncryptionConfiguration', { resources: list(resource) })

/** Kinds that upstream knows beside it, which are told from what nobody knows. */
const other = { ...document('', {}), preserveUnknown: true }

/** As the file may be written; the second name is that of old files, which upstream still takes. */
export const ENCRYPTION_KINDS: ConfigKinds = {
  scheme: 'pkg/runtime/scheme.go:111',
  versions: {
    'apiserver.config.k8s.io/v1': {
      EncryptionConfiguration: configuration,
      AdmissionConfiguration: other,
      AuthenticationConfiguration: other,
      AuthorizationConfiguration: other,
    },
    v1: { EncryptionConfig: configuration },
  },
}
