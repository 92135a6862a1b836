import type { ConnectionOptions } from 'node:tls'
import type { HttpConfig } from './config.ts'

/** What a TLS connection of this configuration needs. */
export function tlsOptions({ ca, serverName, insecureSkipTlsVerify, certificate }: HttpConfig): ConnectionOptions {
  const own = certificate?.()
  return {
    // As client-go: an authority that another one signed is believed by itself, and so is the server's own certificate.
    ...(ca && { ca, allowPartialTrustChain: true }),
    ...(serverName && { servername: serverName }),
    ...(own && { cert: own.cert, key: own.key }),
    rejectUnauthorized: !insecureSkipTlsVerify,
  }
}
