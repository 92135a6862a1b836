import { aggregate } from '../../../apimachinery/labels/selector.ts'
import type { Clock, Timer } from '../../../lib/clock.ts'
import type { Logger } from '../../../lib/log.ts'
import { goQuote } from '../../../lib/quote.ts'
import { uuid, type Random } from '../../../lib/random.ts'
import { newSeed, seededGcm } from '../aes.ts'
import { TransformError, type Transformer } from '../transformer.ts'
import { checkObject, hashOf, keyIdProblem, sourceId } from './encrypted-object.ts'
import { SOURCE, type EncryptedObject, type StatusResponse } from './messages.ts'
import type { KeyService } from './service.ts'

/** How often a healthy service is asked how it is, and an ailing one. */
const POLL_MS = 60_000
const RETRY_MS = 10_000
/** How long a seed may be written with after the service was last found well. */
const WRITABLE_MS = 180_000
/** How long an answer about health stands. */
const GOOD_ANSWER_MS = 20_000
const BAD_ANSWER_MS = 3_000

/** What values are written with now. */
export interface KeyState {
  readonly transformer: Transformer
  /** All of it but the data. */
  readonly object: EncryptedObject
  /** See sourceId. */
  readonly id: string
  /** Wall-clock ms after which nothing may be written with it. */
  readonly expiresMs: number
}

export interface KeyStateMeter {
  keyIdSeen(keyId: string): void
  badKeyId(problem: 'empty' | 'too_long'): void
  seedMade(seconds: number): void
}

export interface KeyStateOptions {
  readonly name: string
  readonly service: KeyService
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly meter?: KeyStateMeter
}

const ANY_DATA = new Uint8Array(1)

/**
 * The seed that values are written with, made anew whenever the service has another key (upstream's kmsv2PluginProbe). The service is asked how
 * it is every minute; while it ails, reads go on without end and writes for three minutes.
 */
export class KeyStates {
  readonly #options: KeyStateOptions
  #state: KeyState | undefined
  #version = ''
  #answer: { readonly error: Error | undefined; readonly untilMs: number } | undefined
  #checking: Promise<void> | undefined
  #timer: Timer | undefined
  #stopped = false

  constructor(options: KeyStateOptions) {
    this.#options = options
  }

  /** Asks once, then goes on asking until `stop`. Never rejects: a service may come later. */
  async start(): Promise<void> {
    try {
      await this.check()
      this.#askAgain(POLL_MS)
    } catch (err) {
      this.#options.log.warn('a key service is not healthy', { name: this.#options.name, err })
      this.#askAgain(RETRY_MS)
    }
  }

  stop(): void {
    this.#stopped = true
    this.#timer?.cancel()
  }

  #askAgain(delayMs: number): void {
    if (this.#stopped) return
    this.#timer = this.#options.clock.setTimer(() => void this.start(), delayMs)
  }

  /** The newest state; good for reads whatever became of the service. Throws when there never was one. */
  get current(): KeyState {
    if (!this.#state) throw new TransformError('got unexpected nil transformer')
    return this.#state
  }

  /** The state to write with. Throws when the service has ailed for too long. */
  get writable(): KeyState {
    const state = this.current
    const now = this.#options.clock.now()
    if (now <= state.expiresMs) return state
    const [end, at] = [state.expiresMs, now].map(rfc3339)
    throw new TransformError(
      `encryptedDEKSource with keyID hash ${goQuote(hashOf(state.object.keyId))} expired at ${end} (current time is ${at})`,
    )
  }

  /** Whether the service is healthy, and its key the one that is written with. Throws what is wrong. The answer stands for a moment. */
  async check(): Promise<void> {
    const { clock } = this.#options
    if (this.#answer && clock.monotonic() < this.#answer.untilMs) {
      if (this.#answer.error) throw this.#answer.error
      return
    }
    this.#checking ??= this.#ask().finally(() => (this.#checking = undefined))
    await this.#checking
  }

  async #ask(): Promise<void> {
    const { clock, name, service } = this.#options
    const answered = (error: Error | undefined): void => {
      this.#answer = { error, untilMs: clock.monotonic() + (error ? BAD_ANSWER_MS : GOOD_ANSWER_MS) }
    }
    try {
      const status = await service.status().catch((cause: unknown) => {
        const why = messageOf(cause)
        answered(new TransformError(why, { cause }))
        throw new TransformError(
          `failed to perform status section of the healthz check for KMS Provider ${name}, error: ${why}`,
          { cause },
        )
      })
      await this.#judge(status)
      answered(undefined)
    } catch (error) {
      if (!this.#answer?.error || clock.monotonic() >= this.#answer.untilMs)
        answered(error instanceof Error ? error : new TransformError(String(error)))
      throw error
    }
  }

  /** Throws what is wrong with an answer. */
  async #judge({ healthz, version, keyId }: StatusResponse): Promise<void> {
    const { name, meter } = this.#options
    const problems: string[] = []
    if (healthz !== 'ok') problems.push(`got unexpected healthz status: ${healthz}`)
    if (version !== 'v2' && version !== 'v2beta1') problems.push(`expected KMSv2 API version v2, got ${version}`)
    else {
      this.#version ||= version
      if (this.#version !== version)
        problems.push(
          `KMSv2 API version should not change after the initial status response version ${this.#version}, got ${version}`,
        )
    }
    const id = keyIdProblem(keyId)
    if (id) {
      meter?.badKeyId(id.code)
      problems.push(`got invalid KMSv2 KeyID hash ${goQuote(hashOf(keyId))}: ${id.text}`)
    } else {
      meter?.keyIdSeen(keyId)
      problems.push(...(await this.#follow(keyId)))
    }
    if (problems.length > 0)
      throw new TransformError(`kmsv2 Provider ${name} is not healthy, error: ${aggregate(problems)}`)
  }

  /** Goes over to the service's key, if it is another one. What keeps it from that is returned; then the state stays as it is. */
  async #follow(keyId: string): Promise<string[]> {
    const { clock } = this.#options
    const expiresMs = clock.now() + WRITABLE_MS
    if (this.#state?.object.keyId === keyId) {
      this.#state = { ...this.#state, expiresMs }
      return []
    }
    const id = uuid(this.#options.random)
    let made: Omit<KeyState, 'expiresMs'> | undefined
    let problem: string | undefined
    try {
      made = await this.#make(id)
    } catch (error) {
      problem = messageOf(error)
    }
    if (made?.object.keyId === keyId) {
      this.#state = { ...made, expiresMs }
      return []
    }
    return [this.#rotationProblem({ id, keyId, made: made?.object.keyId ?? '', problem })]
  }

  async #make(uid: string): Promise<Omit<KeyState, 'expiresMs'>> {
    const { service, clock, meter } = this.#options
    const begun = clock.monotonic()
    const seed = newSeed()
    meter?.seedMade((clock.monotonic() - begun) / 1000)
    const { ciphertext, keyId, annotations } = await service
      .encrypt({ plaintext: seed, uid })
      .catch((cause: unknown) => {
        throw new TransformError(`failed to encrypt DEK, error: ${messageOf(cause)}`, { cause })
      })
    const object: EncryptedObject = {
      encryptedData: ANY_DATA,
      keyId,
      encryptedSource: ciphertext,
      annotations,
      sourceType: SOURCE.seed,
    }
    checkObject(object)
    return { transformer: seededGcm(seed), object, id: sourceId(object) }
  }

  #rotationProblem({
    id,
    keyId,
    made,
    problem,
  }: {
    id: string
    keyId: string
    made: string
    problem?: string | undefined
  }): string {
    const state = this.#state
    const facts = [
      `uid=${goQuote(id)}`,
      'useSeed=true',
      `errState=${state ? '<nil>' : 'got unexpected nil transformer'}`,
      `errGen=${problem ?? '<nil>'}`,
      `statusKeyIDHash=${goQuote(hashOf(keyId))}`,
      `encryptKeyIDHash=${goQuote(hashOf(made))}`,
      `stateKeyIDHash=${goQuote(hashOf(state?.object.keyId ?? ''))}`,
      `expirationTimestamp=${state ? rfc3339(state.expiresMs) : '0001-01-01T00:00:00Z'}`,
    ]
    return `failed to rotate DEK ${facts.join(', ')}`
  }
}

function rfc3339(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z')
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
