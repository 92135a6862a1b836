import type { ConfigMap, Secret } from '../../../api/generated/types/core/v1.ts'
import { configMaps } from '../../../api/core/v1/configmap.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'
import type { Timer } from '../../../lib/clock.ts'
import type { Env } from '../../../lib/env.ts'
import type { Store } from '../../../store/store.ts'
import type { LocalRequest, LocalResponse } from '../../inprocess/handle.ts'
import { Mirror } from '../../mirror/mirror.ts'

/** Says on which day the token in a Secret was used last, in UTC. */
export const LAST_USED = 'kubernetes.io/legacy-token-last-used'

const NAME = 'kube-apiserver-legacy-service-account-token-tracking'
const PATH = '/api/v1/namespaces/kube-system/configmaps'
/** Servers that do and do not track would make it and delete it in turns: it is made no oftener than this. */
const CREATE_MS = 30 * 60_000
const DAY_MS = 86_400_000

/** Makes a request as the server itself. */
export type SendAsServer = (request: OwnRequest) => Promise<LocalResponse>

/** A write of the server's own. */
export interface OwnRequest extends LocalRequest {
  readonly method: 'PATCH' | 'POST' | 'PUT'
}

export interface TokenTrackingOptions {
  readonly store: Store
  readonly env: Env
  readonly send: SendAsServer
}

/** Remembers in the cluster since when the use of tokens of Secrets is tracked, and when each was used last. */
export class TokenTracking {
  readonly #options: TokenTrackingOptions
  readonly #mirror: Mirror<ConfigMap>
  #working: Promise<void> = Promise.resolve()
  #createdMs: number | undefined
  #timer: Timer | undefined
  #stopped = false

  constructor(options: TokenTrackingOptions) {
    this.#options = options
    const storagePrefix = `${configMaps.storagePrefix}/kube-system`
    this.#mirror = new Mirror<ConfigMap>(options.store, { storagePrefix }, options.env)
  }

  /** Resolves when the ConfigMap says since when; it is kept from then on. To be called when the server answers. */
  async start(): Promise<void> {
    await this.#mirror.start()
    this.#mirror.onChange(() => void this.#keep())
    await this.#keep()
  }

  stop(): void {
    this.#stopped = true
    this.#timer?.cancel()
    this.#mirror.stop()
  }

  /** Notes that the token in `secret` is used today. Never rejects: the token is good all the same. */
  async used(secret: Frozen<Secret>): Promise<void> {
    const { clock } = this.#options.env
    const { namespace, name, uid, labels } = secret.metadata
    const today = dayOf(clock.now())
    const known = labels?.[LAST_USED]
    // Another server's clock may be ahead.
    if (known === today || known === dayOf(clock.now() + DAY_MS)) return
    await this.#write('a service account token cannot be marked as used', [404, 409], {
      method: 'PATCH',
      path: `/api/v1/namespaces/${namespace}/secrets/${name}`,
      headers: { 'content-type': 'application/merge-patch+json' },
      body: { metadata: { uid, labels: { [LAST_USED]: today } } },
    })
  }

  /** One look after the other. Never rejects. */
  #keep(): Promise<void> {
    return (this.#working = this.#working.then(() => this.#look()))
  }

  async #look(): Promise<void> {
    if (this.#stopped) return
    const { clock } = this.#options.env
    const found = this.#mirror.get(NAME)
    const since = dayOf(clock.now())
    const what = 'the tracking of service account tokens cannot be noted'
    if (!found) {
      const waitMs = this.#createdMs === undefined ? 0 : this.#createdMs + CREATE_MS - clock.monotonic()
      if (waitMs > 0) return this.#later(waitMs)
      const body = { metadata: { name: NAME }, data: { since } }
      if (await this.#write(what, [409], { method: 'POST', path: PATH, body })) this.#createdMs = clock.monotonic()
    } else if (!isDay(found.data?.['since'])) {
      const body = { ...found, data: { ...found.data, since } }
      await this.#write(what, [404, 409], { method: 'PUT', path: `${PATH}/${NAME}`, body })
    }
  }

  #later(ms: number): void {
    this.#timer?.cancel()
    this.#timer = this.#options.env.clock.setTimer(() => void this.#keep(), ms)
  }

  async #write(what: string, fine: readonly number[], request: OwnRequest): Promise<boolean> {
    const headers = { 'user-agent': 'kube-apiserver/token-tracking', ...request.headers }
    try {
      const { status, body } = await this.#options.send({ ...request, headers })
      if (status < 300) return true
      if (!fine.includes(status)) this.#options.env.log.warn(what, { path: request.path, status, body })
    } catch (err) {
      this.#options.env.log.warn(what, { path: request.path, err })
    }
    return false
  }
}

/** The day of a moment, in UTC. */
function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10)
}

function isDay(text: string | undefined): boolean {
  return text !== undefined && /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(`${text}T00:00:00Z`))
}

/** The end of a moment's day in UTC, in seconds since the epoch. */
export function endOfDay(ms: number): number {
  return (Math.floor(ms / DAY_MS) + 1) * (DAY_MS / 1000)
}
