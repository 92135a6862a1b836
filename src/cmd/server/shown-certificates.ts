import type { ConnectTls } from '../../apiserver/http/kubelet-connector.ts'
import type { HttpsListener } from '../../apiserver/http/serve.ts'
import type { Trust } from '../../apiserver/bootstrap/trust.ts'
import type { Env } from '../../lib/env.ts'
import type { ServingConfig } from './api-config/serving.ts'
import type { Authorities } from './authorities.ts'
import type { KeyPair } from './certificates.ts'
import { Followed } from './followed.ts'
import type { Pki } from './pki.ts'
import { servingTls, watchCertificates } from './serving-tls.ts'

/** What the API server proves itself with. */
export interface ShownCertificates {
  readonly pki: Pki
  /** How node agents of other processes know this server. */
  readonly kubeletTls?: KeyPair | undefined
}

/** Where certificates are shown, and who is told whom the server trusts. */
export interface ShowingOptions {
  readonly env: Env
  readonly listener: Pick<HttpsListener, 'renew'>
  readonly authorities: Authorities
  publish(trust: Trust): Promise<void>
}

/** What the API server shows to clients and to whom it passes requests on, as it changes. */
export class CertificatesInUse {
  #shown: ShownCertificates
  #serving: ServingConfig
  readonly #rootCa: Followed
  #options: ShowingOptions | undefined
  #stopWatching: (() => void) | undefined

  constructor(shown: ShownCertificates, serving: ServingConfig) {
    this.#shown = shown
    this.#serving = serving
    this.#rootCa = new Followed(() => this.pki.ca.cert)
  }

  get pki(): Pki {
    return this.#shown.pki
  }

  /** For connections to others; asked for each of them. */
  connectTls(): ConnectTls {
    const now = (): ShownCertificates => this.#shown
    const { kubeletCa: ca } = this.#serving
    return {
      get kubelet() {
        const { kubeletTls } = now()
        return kubeletTls && { ...kubeletTls, ...(ca !== undefined && { ca }) }
      },
      get frontProxy() {
        return now().pki.frontProxy.client
      },
    }
  }

  /** From now on the listener shows what the files say that flags name. */
  show(options: ShowingOptions): void {
    this.#options = options
    this.#stopWatching = watchCertificates(options.env, this.#serving, (now) => {
      this.#serving = now
      this.#renewListener()
    })
  }

  /** From now on the files of authorities are followed, too; the cluster has to be told of them, which has to be there. */
  followAuthorities(): void {
    this.#options?.authorities.follow(() => {
      this.#renewListener()
      this.#publish()
    })
  }

  /** Shows others from now on. */
  renew(shown: ShownCertificates): void {
    this.#shown = shown
    if (this.#options?.authorities.replace(shown.pki)) this.#publish()
    this.#renewListener()
    this.#rootCa.look()
  }

  /** Tells of each CA that comes in place of the one at hand, until the signal aborts. */
  followRootCa(changed: (rootCa: string) => void, signal: AbortSignal): void {
    this.#rootCa.follow(changed, signal)
  }

  stop(): void {
    this.#stopWatching?.()
    this.#options?.authorities.stop()
  }

  #renewListener(): void {
    if (!this.#options) return
    const { listener, authorities } = this.#options
    listener.renew(servingTls(this.pki, this.#serving, authorities.config))
  }

  #publish(): void {
    if (!this.#options) return
    const { env, authorities, publish } = this.#options
    publish(authorities.trust).catch((err: unknown) => env.log.error('authorities cannot be published', { err }))
  }
}
