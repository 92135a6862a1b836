import { encodeBase64 } from '../../../lib/base64.ts'
import type { Timer } from '../../../lib/clock.ts'
import type { Env } from '../../../lib/env.ts'
import { goQuote } from '../../../lib/quote.ts'
import { internalError } from '../../../apimachinery/status.ts'
import { type AccountTokenKeys, jwkOf, type KeySet, type PublicKey, readPublicKey, signedBy } from './keys.ts'

/** A signer of another process (k8s.io/externaljwt v1). Calls reject when it does not answer in time. */
export interface ExternalSigner {
  /** `claims` is the payload as it stands in the token, in base64url; so are the parts of the answer. */
  sign(request: { readonly claims: string }): Promise<{ readonly header: string; readonly signature: string }>
  fetchKeys(): Promise<ExternalKeySet>
  metadata(): Promise<{ readonly maxTokenExpirationSeconds: number }>
  close(): void
}

export interface ExternalKeySet {
  /** `key` is SPKI in DER. */
  readonly keys: readonly {
    readonly keyId: string
    readonly key: Uint8Array
    readonly excludeFromOidcDiscovery: boolean
  }[]
  /** Seconds since the epoch. */
  readonly dataTimestamp?: number | undefined
  readonly refreshHintSeconds: number
}

/** Is told how calls ended: with undefined when well. */
export interface ExternalKeysMeter {
  signed(error: unknown): void
  fetched(error: unknown): void
  /** Seconds since the epoch. */
  dataAsOf(timestamp: number): void
}

export interface ExternalKeysOptions {
  readonly signer: ExternalSigner
  readonly env: Env
  readonly meter: ExternalKeysMeter
}

interface Known {
  readonly id: string
  readonly key: PublicKey
  readonly excluded: boolean
}

/** When the signer could not be asked for its keys, it is asked again so soon. */
const RETRY_MS = 10_000
const LONGEST_ID = 1024
/** As long as upstream's cache of tokens. */
const TRUST_SECONDS = 10

/** Has service account tokens signed elsewhere, and keeps the keys that verify them (upstream's externaljwt plugin). */
export class ExternalKeys implements AccountTokenKeys {
  readonly trustSeconds = TRUST_SECONDS
  readonly #options: ExternalKeysOptions
  #keys: readonly Known[] = []
  #set: KeySet = { keys: [] }
  /** In ms, of the monotonic clock. */
  #refreshAt = 0
  #syncing: Promise<void> | undefined
  #timer: Timer | undefined
  #stopped = false

  constructor(options: ExternalKeysOptions) {
    this.#options = options
  }

  /** Rejects when the signer's keys cannot be had; otherwise they are kept up to date until `stop`. */
  async start(): Promise<void> {
    try {
      await this.#sync()
    } catch (error) {
      throw new Error(`while initially filling key cache: while performing initial cache fill: ${messageOf(error)}`, {
        cause: error,
      })
    }
    this.#schedule(this.#untilRefreshMs())
  }

  stop(): void {
    this.#stopped = true
    this.#timer?.cancel()
  }

  async sign(claims: object): Promise<string> {
    const { meter } = this.#options
    try {
      const token = await this.#signed(claims)
      meter.signed(undefined)
      return token
    } catch (error) {
      meter.signed(error)
      throw internalError(`failed to generate token: ${messageOf(error)}`)
    }
  }

  async verify(token: string): Promise<Readonly<Record<string, unknown>>> {
    const { decodeProtectedHeader } = await import('jose')
    for (const { key } of await this.#keysOf(decodeProtectedHeader(token).kid ?? '')) {
      const payload = await signedBy(token, key)
      if (payload) return JSON.parse(new TextDecoder().decode(payload)) as Readonly<Record<string, unknown>>
    }
    throw new Error('failed to verify signature with any of the keys')
  }

  keySet(): Promise<KeySet> {
    return Promise.resolve(this.#set)
  }

  maxAgeSeconds(): number {
    return Math.max(0, Math.floor(this.#untilRefreshMs() / 1000))
  }

  async #signed(claims: object): Promise<string> {
    const payload = base64Url(new TextEncoder().encode(JSON.stringify(claims)))
    const { header, signature } = await during('signing jwt', this.#options.signer.sign({ claims: payload }))
    await during('validating header', this.#checkHeader(header))
    if (signature === '') throw new Error('empty signature returned')
    return `${header}.${payload}.${signature}`
  }

  async #checkHeader(header: string): Promise<void> {
    const { typ, alg = '', kid = '' } = readHeader(header)
    if (typ !== 'JWT') throw new Error('bad type')
    if (kid === '') throw new Error('key id missing')
    if (kid.length > LONGEST_ID) throw new Error('key id longer than 1 kb')
    if (!['RS256', 'ES256', 'ES384', 'ES512'].includes(alg)) throw new Error(`bad signing algorithm ${goQuote(alg)}`)
    // Such a key only verifies what it signed formerly.
    if ((await this.#keysOf(kid)).some(({ excluded }) => excluded)) {
      throw new Error(`key used for signing JWT (kid: ${kid}) is excluded from OIDC discovery docs`)
    }
  }

  /** The keys of an id, or all for none. One that nobody knows is asked for. */
  async #keysOf(id: string): Promise<readonly Known[]> {
    if (id === '') return this.#keys
    const find = (): readonly Known[] => this.#keys.filter((known) => known.id === id)
    const known = find()
    if (known.length > 0) return known
    try {
      await this.#sync()
    } catch (err) {
      this.#options.env.log.error('error while syncing keys', { err })
    }
    return find()
  }

  #sync(): Promise<void> {
    return (this.#syncing ??= this.#fetch().finally(() => (this.#syncing = undefined)))
  }

  async #fetch(): Promise<void> {
    const { env, meter } = this.#options
    try {
      const { keys, dataTimestamp, refreshHintSeconds } = await this.#fetched()
      const published = await Promise.all(keys.filter(({ excluded }) => !excluded).map(({ id, key }) => jwkOf(id, key)))
      this.#keys = keys
      this.#refreshAt = env.clock.monotonic() + refreshHintSeconds * 1000
      // A set of none would be of no use to anybody.
      if (published.length > 0) this.#set = { keys: published }
      meter.fetched(undefined)
      meter.dataAsOf(dataTimestamp)
    } catch (error) {
      meter.fetched(error)
      throw new Error(`while fetching token verification keys: ${messageOf(error)}`, { cause: error })
    }
  }

  async #fetched() {
    const asked = this.#options.signer.fetchKeys()
    const { keys, dataTimestamp, refreshHintSeconds } = await during(
      'getting externally supported jwt signing keys',
      asked,
    )
    if (refreshHintSeconds <= 0) throw new Error(`found invalid refresh hint (${refreshHintSeconds}s)`)
    if (keys.length === 0) throw new Error('found no keys')
    if (dataTimestamp === undefined) throw new Error('invalid data timestamp: proto: invalid nil Timestamp')
    return { keys: await Promise.all(keys.map(readKey)), dataTimestamp, refreshHintSeconds }
  }

  #untilRefreshMs(): number {
    return this.#refreshAt - this.#options.env.clock.monotonic()
  }

  #schedule(ms: number): void {
    if (this.#stopped) return
    this.#timer = this.#options.env.clock.setTimer(() => void this.#refresh(), Math.max(0, ms))
  }

  async #refresh(): Promise<void> {
    try {
      await this.#sync()
      this.#schedule(this.#untilRefreshMs())
    } catch (err) {
      this.#options.env.log.error('keys could not be asked for; those at hand stay', { err })
      this.#schedule(RETRY_MS)
    }
  }
}

async function readKey({ keyId, key, excludeFromOidcDiscovery }: ExternalKeySet['keys'][number]): Promise<Known> {
  if (keyId === '' || keyId.length > LONGEST_ID) throw new Error(`found invalid public key id ${goQuote(keyId)}`)
  if (key.length === 0) throw new Error('found empty public key')
  const pem = `-----BEGIN PUBLIC KEY-----\n${encodeBase64(key)}\n-----END PUBLIC KEY-----\n`
  return {
    id: keyId,
    key: await during('parsing external public keys', readPublicKey(pem)),
    excluded: excludeFromOidcDiscovery,
  }
}

interface Header {
  readonly alg?: string
  readonly kid?: string
  readonly typ?: string
}

function readHeader(header: string): Header {
  if (!/^[\w-]*$/.test(header)) throw new Error('while unwrapping header: illegal base64 data')
  const bytes = Uint8Array.from(atob(header.replaceAll('-', '+').replaceAll('_', '/')), (char) => char.charCodeAt(0))
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder().decode(bytes))
  } catch (cause) {
    throw new Error(`while parsing header JSON: ${messageOf(cause)}`, { cause })
  }
  const fields = value !== null && typeof value === 'object' ? Object.entries(value) : [['', value]]
  for (const [name, field] of fields) {
    if (!['alg', 'kid', 'typ'].includes(String(name)))
      throw new Error(`while parsing header JSON: json: unknown field ${goQuote(String(name))}`)
    if (typeof field !== 'string') throw new Error(`while parsing header JSON: json: ${String(name)} is not a string`)
  }
  return value as Header
}

async function during<T>(what: string, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    throw new Error(`while ${what}: ${messageOf(error)}`, { cause: error })
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

const base64Url = (bytes: Uint8Array): string =>
  encodeBase64(bytes).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
