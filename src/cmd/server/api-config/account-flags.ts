import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { parseUrl } from '../../../apiserver/authn/configuration/url.ts'
import type { TokenKeyPems } from '../../../apiserver/authn/service-account/keys.ts'
import { aggregateMessage } from '../../../apimachinery/aggregate.ts'
import type { AccountTokenConfig } from '../../../apiserver/guard.ts'
import type { ApiFlag } from '../../../cli/api-flags/flag.ts'
import type { ApiFlagValues } from '../../../cli/api-flags/values.ts'
import { messageOf } from '../../../host/user-error.ts'
import { refused } from './refusals.ts'

/** Flags about service account tokens. */
export const ACCOUNT_FLAGS: readonly ApiFlag[] = [
  {
    name: 'service-account-key-file',
    kind: 'file',
    description: 'PEM keys that verify service account tokens, beside the key that signs; may be given several times',
  },
  {
    name: 'service-account-signing-key-file',
    kind: 'file',
    description: "the PEM key that signs service account tokens (the cluster's own)",
  },
  {
    name: 'service-account-signing-endpoint',
    kind: 'text',
    description: 'the unix socket of who signs service account tokens, instead of keys',
  },
  {
    name: 'service-account-issuer',
    kind: 'text',
    description: 'who signs service account tokens; of several the first signs, all are accepted',
  },
  {
    name: 'service-account-jwks-uri',
    kind: 'text',
    description: 'where others find the keys of service account tokens',
  },
  { name: 'service-account-max-token-expiration', kind: 'duration', description: 'the longest that tokens last' },
  {
    name: 'service-account-extend-token-expiration',
    kind: 'boolean',
    description:
      'let tokens of containers last a year where an hour was asked for, for clients that never read them again (true)',
  },
  {
    name: 'service-account-lookup',
    kind: 'boolean',
    description: 'look whether the Secrets of tokens that are kept in Secrets are still there (true)',
  },
  { name: 'api-audiences', kind: 'list', description: 'whom tokens must be for (the issuers)' },
]

/** Keys that files hold; the cluster's own where there is none. */
export interface AccountKeys {
  readonly signing?: { readonly privateKey: string; readonly publicKey: string }
  /** SPKI, in PEM. */
  readonly verifying: readonly string[]
  /** The socket of who signs and verifies instead. */
  readonly endpoint?: string
}

export interface AccountConfig {
  readonly accountTokens: AccountTokenConfig
  readonly keys: AccountKeys
}

const HOUR_MS = 3_600_000
const MOST_MS = 2 ** 32 * 1000

/** Throws a UserError in upstream's words for what cannot be. */
export function accountConfig(flags: ApiFlagValues, read: (file: string) => string): AccountConfig {
  const issuers = flags.texts('service-account-issuer')
  const uri = flags.text('service-account-jwks-uri')
  const maxMs = flags.duration('service-account-max-token-expiration', 0)
  const problems = [...issuerProblems(issuers), ...uriProblems(uri)]
  if (problems.length > 0) throw refused(aggregateMessage(problems))
  if (maxMs !== 0 && (maxMs < HOUR_MS || maxMs > MOST_MS)) {
    throw refused('the service-account-max-token-expiration must be between 1 hour and 2^32 seconds')
  }
  const audiences = flags.list('api-audiences')
  return {
    accountTokens: {
      ...(issuers.length > 0 && { issuers }),
      ...(audiences.length > 0 && { apiAudiences: audiences }),
      ...(uri !== undefined && { keysUri: uri }),
      ...(maxMs > 0 && { maxExpirationSeconds: Math.floor(maxMs / 1000) }),
      extendExpiration: flags.boolean('service-account-extend-token-expiration', true),
      lookup: flags.boolean('service-account-lookup', true),
    },
    keys: keysOf(flags, read),
  }
}

/** The keys of service account tokens: those of files, or else the cluster's own, which goes on verifying where only others are added. */
export function tokenKeys(
  own: { readonly privateKey: string; readonly publicKey: string },
  keys: AccountKeys,
): TokenKeyPems {
  const { privateKey, publicKey: signer } = keys.signing ?? own
  const publicKeys = keys.signing ? keys.verifying : [own.publicKey, ...keys.verifying]
  return { privateKey, signer, publicKeys: [...new Set(publicKeys)] }
}

function* issuerProblems(issuers: readonly string[]): Iterable<string> {
  for (const [index, issuer] of issuers.entries()) {
    const problem = issuer.includes(':') ? urlProblem(issuer) : undefined
    const shown = JSON.stringify(issuer)
    if (problem !== undefined)
      yield `service-account-issuer ${shown} contained a ':' but was not a valid URL: ${problem}`
    else if (issuers.indexOf(issuer) < index) yield `service-account-issuer ${shown} is already specified`
  }
}

function* uriProblems(uri: string | undefined): Iterable<string> {
  if (uri === undefined) return
  const problem = urlProblem(uri)
  if (problem !== undefined) yield `service-account-jwks-uri must be a valid URL: ${problem}`
  else if (parseUrl(uri).scheme !== 'https') {
    yield `service-account-jwks-uri requires https scheme, parsed as: ${uri}`
  }
}

function urlProblem(text: string): string | undefined {
  try {
    parseUrl(text)
    return undefined
  } catch (error) {
    return messageOf(error)
  }
}

function keysOf(flags: ApiFlagValues, read: (file: string) => string): AccountKeys {
  const endpoint = flags.text('service-account-signing-endpoint')
  if (endpoint !== undefined) return { verifying: [], endpoint: checkedEndpoint(endpoint, flags) }
  const files = flags.texts('service-account-key-file')
  const verifying = files.flatMap((file) => publicKeysOf(file, read(file)))
  const file = flags.text('service-account-signing-key-file')
  if (file === undefined) return { verifying }
  if (files.length === 0) {
    throw refused('either `--service-account-key-file` or `--service-account-signing-endpoint` must be set')
  }
  return { verifying, signing: signingKey(file, read(file)) }
}

function checkedEndpoint(endpoint: string, flags: ApiFlagValues): string {
  if (flags.has('service-account-signing-key-file')) {
    throw refused(
      'service-account-signing-key-file and service-account-signing-endpoint are mutually exclusive and cannot be set at the same time',
    )
  }
  if (flags.has('service-account-key-file')) {
    throw refused(
      "can't set `--service-account-signing-key-file` and/or `--service-account-key-file` with `--service-account-signing-endpoint` (They are mutually exclusive)",
    )
  }
  if (endpoint.startsWith('@') && !/^@([a-zA-Z0-9_-]+\.)*[a-zA-Z0-9_-]+$/.test(endpoint)) {
    throw refused(
      `invalid value ${JSON.stringify(endpoint)} passed for \`--service-account-signing-endpoint\`, when prefixed with @ must be a valid abstract socket name`,
    )
  }
  return endpoint
}

const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----[^-]*-----END \1-----/g

/** Public keys, those of private keys and of certificates too. */
function publicKeysOf(file: string, text: string): string[] {
  const keys = [...text.matchAll(BLOCK)].flatMap(([pem]) => {
    const key = parsed(() => createPublicKey(pem))
    return key ? [key.export({ type: 'spki', format: 'pem' }).toString()] : []
  })
  if (keys.length > 0) return keys
  throw refused(`error reading public key file ${file}: data does not contain any valid RSA or ECDSA public keys`)
}

function signingKey(file: string, text: string): NonNullable<AccountKeys['signing']> {
  for (const [pem] of text.matchAll(BLOCK)) {
    const key = parsed(() => createPrivateKey(pem))
    if (!key) continue
    return {
      privateKey: key.export({ type: 'pkcs8', format: 'pem' }).toString(),
      publicKey: createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString(),
    }
  }
  throw refused(
    `failed to parse service-account-issuer-key-file: error reading private key file ${file}: data does not contain a valid RSA or ECDSA private key`,
  )
}

const CURVES: ReadonlySet<string | undefined> = new Set(['prime256v1', 'secp384r1', 'secp521r1'])

/** A key of a kind that signs tokens. */
function parsed(read: () => KeyObject): KeyObject | undefined {
  try {
    const key = read()
    const isCurve = key.asymmetricKeyType === 'ec' && CURVES.has(key.asymmetricKeyDetails?.namedCurve)
    return isCurve || key.asymmetricKeyType === 'rsa' ? key : undefined
  } catch {
    // Another block of the file may be a key.
    return undefined
  }
}
