import { readFileSync } from 'node:fs'
import { type Authenticator, firstOf } from '../../apiserver/authn/types.ts'
import type { Trust } from '../../apiserver/bootstrap/trust.ts'
import type { Env } from '../../lib/env.ts'
import { type CertificateConfig, rereadAuthorities } from './api-config/certificate-flags.ts'
import { certificateAuthenticator, frontProxies, frontProxyAuthenticator } from './certificate-authenticator.ts'
import { followFiles } from './file-watch.ts'
import type { Pki } from './pki.ts'

/** Whose client certificates are known: the cluster's own authorities, and those that flags name, whose files are read anew when they change. */
export class Authorities {
  readonly #env: Env
  #pki: Pki
  #config: CertificateConfig
  #authenticator: Authenticator
  #stop: (() => void) | undefined

  constructor(env: Env, pki: Pki, config: CertificateConfig) {
    this.#env = env
    this.#pki = pki
    this.#config = config
    this.#authenticator = this.#made()
  }

  /** What the files held last. */
  get config(): CertificateConfig {
    return this.#config
  }

  /** Who holds which certificate, as it is now. Certificates of connections that stand are looked at anew after a change. */
  get authenticator(): Authenticator {
    return { authenticate: (credentials) => this.#authenticator.authenticate(credentials) }
  }

  /** What extension API servers are told. */
  get trust(): Trust {
    const { clientCa = '', frontProxy } = this.#config
    return {
      clientCa: joined(this.#pki.ca.cert, clientCa),
      requestHeaderCa: joined(this.#pki.frontProxy.ca, frontProxy?.ca ?? ''),
      requestHeaders: Object.fromEntries(frontProxy?.named ?? []),
    }
  }

  /** Calls back when a file holds others. */
  follow(changed: () => void): void {
    const { clientCa, frontProxyCa } = this.#config.files
    const look = (): void => {
      try {
        const now = rereadAuthorities(this.#config, (file) => readFileSync(file, 'utf8'))
        if (JSON.stringify(now) === JSON.stringify(this.#config)) return
        this.#config = now
        this.#authenticator = this.#made()
        changed()
      } catch (err) {
        // Those of before stay: files are written in steps.
        this.#env.log.error('authorities of client certificates cannot be read', { err })
      }
    }
    const files = [clientCa, frontProxyCa].filter((file) => file !== undefined)
    if (files.length > 0) this.#stop = followFiles(files, this.#env.clock, look)
  }

  /** Goes by other authorities of the cluster's own from now on. Returns whether they are others. */
  replace(pki: Pki): boolean {
    const [before, now] = [this.#pki, pki]
    this.#pki = now
    if (before.ca.cert === now.ca.cert && before.frontProxy.ca === now.frontProxy.ca) return false
    this.#authenticator = this.#made()
    return true
  }

  stop(): void {
    this.#stop?.()
  }

  #made(): Authenticator {
    const { clientCa = '', frontProxy } = this.#config
    return firstOf([
      frontProxyAuthenticator(this.#pki.frontProxy.ca),
      ...(frontProxy ? [frontProxies(frontProxy)] : []),
      certificateAuthenticator(joined(this.#pki.ca.cert, clientCa), this.#env.clock),
    ])
  }
}

function joined(own: string, more: string): string {
  return more === '' ? own : `${own.trimEnd()}\n${more}`
}
