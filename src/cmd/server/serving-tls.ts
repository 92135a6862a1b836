import type { ServingTls } from '../../apiserver/http/serve.ts'
import type { Env } from '../../lib/env.ts'
import type { CertificateConfig } from './api-config/certificate-flags.ts'
import { readCertificate, type ServingConfig } from './api-config/serving.ts'
import type { Pki } from './pki.ts'

/** What the API is served with: the cluster's own certificate, or that which flags name. */
export function servingTls(
  { serving, ca, frontProxy }: Pki,
  config: ServingConfig,
  more: CertificateConfig = {},
): ServingTls {
  const clientCa = [ca.cert, frontProxy.ca, more.clientCa ?? '', more.frontProxy?.ca ?? ''].join('\n')
  const { certificate, named, minVersion, ciphers } = config
  const { cert, key } = certificate ?? serving
  return { cert, key, clientCa, named, minVersion, ...(ciphers !== undefined && { ciphers }) }
}

/** How often files are looked at: upstream's period. */
const REREAD_MS = 60_000

/** Looks from time to time whether the certificates that flags name are others now, and tells of it. Returns what ends it. */
export function watchCertificates(
  env: Env,
  config: ServingConfig,
  changed: (config: ServingConfig) => void,
): () => void {
  if (!config.certificate && config.named.length === 0) return () => {}
  let known = config
  const look = (): void => {
    try {
      const now = reread(known)
      if (JSON.stringify(now) !== JSON.stringify(known)) changed((known = now))
    } catch (err) {
      // What is served stays as it is: files are written one after the other.
      env.log.error('a serving certificate cannot be read', { err })
    }
    timer = env.clock.setTimer(look, REREAD_MS)
  }
  let timer = env.clock.setTimer(look, REREAD_MS)
  return () => timer.cancel()
}

function reread(config: ServingConfig): ServingConfig {
  const { certificate, named } = config
  return {
    ...config,
    ...(certificate && { certificate: readCertificate(...certificate.files) }),
    named: named.map((one) => ({ ...one, ...readCertificate(...one.files) })),
  }
}
