import { encodeBase64 } from '../../lib/base64.ts'
import type { SigningToken } from '../bootstraptokens/secret.ts'

/**
 * The JWS of a text without the text (RFC 7515, appendix F), by HMAC-SHA-256 with a bootstrap token's secret: whoever holds the token can tell that
 * the text comes from the cluster.
 */
export async function detachedSignature(content: string, { id, secret }: SigningToken): Promise<string> {
  const header = base64Url(bytesOf(JSON.stringify({ alg: 'HS256', kid: id })))
  const key = await crypto.subtle.importKey('raw', bytesOf(secret), { name: 'HMAC', hash: 'SHA-256' }, false, ['sign'])
  const signed = bytesOf(`${header}.${base64Url(bytesOf(content))}`)
  return `${header}..${base64Url(new Uint8Array(await crypto.subtle.sign('HMAC', key, signed)))}`
}

const bytesOf = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text)
const base64Url = (bytes: Uint8Array): string =>
  encodeBase64(bytes).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
