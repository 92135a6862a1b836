import type { ConnectionOptions } from 'node:tls'
import type { HttpConfig } from './config.ts'

/** What a TLS connection of this configuration needs. */
export function tlsOptions({ ca, serverName, insecureSkipTlsVerify, certificate }: HttpConfig): ConnectionOptions {
  const own = certificate?.()
  return {
    ...(ca && { ca }),
    ...(serverName && { servername: serverName }),
    ...(own && { cert: own.cert, key: own.key }),
    rejectUnauthorized: !insecureSkipTlsVerify,
  }
}
