import { goQuote } from '../../lib/quote.ts'

/** The code that Node gives a failure, or an empty string. */
export function codeOf(error: Error): string {
  return 'code' in error ? String(error.code) : ''
}

const CERTIFICATE = 'tls: failed to verify certificate: x509:'
const UNKNOWN_AUTHORITY = `${CERTIFICATE} certificate signed by unknown authority`

const WORDS: Readonly<Record<string, string>> = {
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNKNOWN_AUTHORITY,
  SELF_SIGNED_CERT_IN_CHAIN: UNKNOWN_AUTHORITY,
  DEPTH_ZERO_SELF_SIGNED_CERT: UNKNOWN_AUTHORITY,
  CERT_SIGNATURE_FAILURE: UNKNOWN_AUTHORITY,
  CERT_HAS_EXPIRED: `${CERTIFICATE} certificate has expired or is not yet valid`,
  CERT_NOT_YET_VALID: `${CERTIFICATE} certificate has expired or is not yet valid`,
  ECONNRESET: 'EOF',
}

const DIAL: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connect: connection refused',
  EHOSTUNREACH: 'connect: no route to host',
  ENETUNREACH: 'connect: network is unreachable',
  ETIMEDOUT: 'i/o timeout',
}

/**
 * A failed request to `name` at `host` and `port` as Go would put it: what users look for in messages is what kube-apiserver prints.
 */
export function inGosWords(
  error: Error,
  name: string,
  { host, port }: { readonly host: string; readonly port: number },
): Error {
  const code = codeOf(error)
  if (code === 'ENOTFOUND') return new Error(`dial tcp: lookup ${host}: no such host`, { cause: error })
  const dial = DIAL[code]
  const address = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
  if (dial) return new Error(`dial tcp ${address}: ${dial}`, { cause: error })
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return new Error(`${CERTIFICATE} ${otherNames(error, name)}`, { cause: error })
  }
  if (code === 'HPE_HEADER_OVERFLOW')
    return new Error('net/http: server response headers exceeded; aborted', { cause: error })
  if (code.startsWith('HPE_')) return new Error(malformed(error), { cause: error })
  const words = WORDS[code]
  return words ? new Error(words, { cause: error }) : error
}

/** An answer that is no HTTP, by its first line. */
function malformed(error: Error): string {
  const raw = 'rawPacket' in error && error.rawPacket instanceof Uint8Array ? error.rawPacket : new Uint8Array()
  const line = new TextDecoder().decode(raw.subarray(0, 200)).split(/\r?\n/)[0] ?? ''
  return `${BROKEN}${malformedLine(line)}`
}

const BROKEN = 'net/http: HTTP/1.x transport connection broken: '

/** What Go's reader of responses finds first. */
function malformedLine(line: string): string {
  const [version = '', ...rest] = line.split(' ')
  if (rest.length === 0) return `malformed HTTP response ${goQuote(line)}`
  const status = rest.join(' ').trimStart().split(' ')[0] ?? ''
  if (!/^\d{3}$/.test(status)) return `malformed HTTP status code ${goQuote(status)}`
  if (!/^HTTP\/\d\.\d$/.test(version)) return `malformed HTTP version ${goQuote(version)}`
  return `malformed HTTP response ${goQuote(line)}`
}

/** Whom a certificate is for, that is not for `name`. */
function otherNames(error: Error, name: string): string {
  const cert = 'cert' in error ? (error.cert as { readonly subjectaltname?: string } | undefined) : undefined
  const names = (cert?.subjectaltname ?? '').split(', ').flatMap((one) => (one.startsWith('DNS:') ? one.slice(4) : []))
  if (names.length === 0) return `certificate is not valid for any names, but wanted to match ${name}`
  return `certificate is valid for ${names.join(', ')}, not ${name}`
}

/** Why a connection to be upgraded was not, as Go puts it: the answer is read there without its client of HTTP. */
export function upgradeFailure(error: Error, target: { readonly host: string; readonly port: number }): string {
  const { message } = inGosWords(error, target.host, target)
  return message === 'EOF' ? 'unexpected EOF' : message.replace(BROKEN, '')
}
