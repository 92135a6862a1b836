import type { ServingTls } from '../../apiserver/http/serve.ts'
import type { Env } from '../../lib/env.ts'
import type { CertificateConfig } from './api-config/certificate-flags.ts'
import { readCertificate, type ServingConfig } from './api-config/serving.ts'
import { followFiles } from './file-watch.ts'
import type { Pki } from './pki.ts'

/** What the API is served with: the cluster's own certificate, or that which flags name. */
export function servingTls(
  { serving, ca, frontProxy }: Pki,
  config: ServingConfig,
  more: Omit<CertificateConfig, 'files'> = {},
): ServingTls {
  const clientCa = [ca.cert, frontProxy.ca, more.clientCa ?? '', more.frontProxy?.ca ?? ''].join('\n')
  const { certificate, named, minVersion, ciphers } = config
  const { cert, key } = certificate ?? serving
  return { cert, key, clientCa, named, minVersion, ...(ciphers !== undefined && { ciphers }) }
}

/** Follows the files of the certificates that flags name, and tells when they hold others. Returns what ends it. */
export function watchCertificates(
  { clock, log }: Env,
  config: ServingConfig,
  changed: (config: ServingConfig) => void,
): () => void {
  const certificates = [...(config.certificate ? [config.certificate] : []), ...config.named]
  if (certificates.length === 0) return () => {}
  let known = config
  return followFiles(
    certificates.flatMap(({ files }) => files),
    clock,
    () => {
      try {
        const now = reread(known)
        if (JSON.stringify(now) !== JSON.stringify(known)) changed((known = now))
      } catch (err) {
        // What is served stays as it is: files are written one after the other.
        log.error('a serving certificate cannot be read', { err })
      }
    },
  )
}

function reread(config: ServingConfig): ServingConfig {
  const { certificate, named } = config
  return {
    ...config,
    ...(certificate && { certificate: readCertificate(...certificate.files) }),
    named: named.map((one) => ({ ...one, ...readCertificate(...one.files) })),
  }
}
