import { X509Certificate, createPrivateKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { ApiFlagGroup } from '../../../cli/api-flags/flag.ts'
import { type ApiFlagValues, badFlag } from '../../../cli/api-flags/values.ts'
import { type UserError, messageOf } from '../../../host/user-error.ts'
import { compileGoRegExp, type GoRegExp, GoRegExpError } from '../../../lib/go-regexp.ts'
import { refused } from './refusals.ts'
import { cipherList, PREFERRED_SUITES, TLS_VERSIONS } from './tls-names.ts'

export const SERVING_FLAGS: ApiFlagGroup = {
  title: 'Serving',
  flags: [
    { name: 'tls-cert-file', kind: 'file', description: "the certificate to serve with (one of the cluster's own)" },
    { name: 'tls-private-key-file', kind: 'file', description: 'its key' },
    {
      name: 'tls-sni-cert-key',
      kind: 'list',
      description: 'another certificate for some names: cert.pem,key.pem[:name,*.name]; may be given several times',
    },
    { name: 'tls-min-version', kind: 'text', description: 'VersionTLS12 (the default) or VersionTLS13' },
    {
      name: 'tls-cipher-suites',
      kind: 'list',
      description: `what connections of TLS 1.2 may be encrypted with, such as ${PREFERRED_SUITES[3] ?? ''}`,
    },
    { name: 'disable-http2-serving', kind: 'boolean', description: 'speak HTTP/1.1 alone (false)' },
    { name: 'http2-max-streams-per-connection', kind: 'number', description: 'over HTTP/2 (250)' },
    {
      name: 'strict-transport-security-directives',
      kind: 'list',
      description: 'such as max-age=31536000,includeSubDomains,preload',
    },
    {
      name: 'cors-allowed-origins',
      kind: 'list',
      description: 'regular expressions of the origins whose pages may ask, such as //dash\\.example\\.com$',
    },
    {
      name: 'kubelet-certificate-authority',
      kind: 'file',
      description: 'who signed the certificates of node agents (any certificate is taken)',
    },
    {
      name: 'shutdown-delay-duration',
      kind: 'duration',
      description: 'how long to serve on, but not be ready, when told to end (0)',
    },
    {
      name: 'shutdown-send-retry-after',
      kind: 'boolean',
      description: 'answer 429 meanwhile to what comes after that, until all under way is answered (false)',
    },
    { name: 'event-ttl', kind: 'duration', description: 'how long events are kept (1h)' },
  ],
}

/** A certificate with its key, in PEM, and the files that they are from. */
export interface ServedCertificate {
  readonly cert: string
  readonly key: string
  readonly files: readonly [cert: string, key: string]
}

export interface NamedCertificate extends ServedCertificate {
  /** Names with, perhaps, a star for their first part. */
  readonly names: readonly string[]
  /** Whether the names were told, and not read from the certificate: those win. */
  readonly told: boolean
}

/** How the API is served. */
export interface ServingConfig {
  readonly certificate?: ServedCertificate
  readonly named: readonly NamedCertificate[]
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3'
  /** OpenSSL's list. */
  readonly ciphers?: string
  readonly http2: boolean
  readonly maxStreams?: number
  /** The value of Strict-Transport-Security. */
  readonly strictTransport?: string
  readonly allowedOrigins: readonly GoRegExp[]
  readonly eventTtlMs: number
  /** How it ends. */
  readonly shutdown: ShutdownConfig
  /** The CA of kubelets' certificates, in PEM. */
  readonly kubeletCa?: string
}

/** Upstream's --shutdown-delay-duration and --shutdown-send-retry-after. */
export interface ShutdownConfig {
  readonly delayMs: number
  readonly sendRetryAfter: boolean
}

const HOUR_MS = 3_600_000

/** Throws a UserError for what cannot be. */
export function servingConfig(flags: ApiFlagValues): ServingConfig {
  const certificate = certificateOf(flags)
  const ciphers = ciphersOf(flags)
  const maxStreams = flags.number('http2-max-streams-per-connection', 0)
  if (!Number.isInteger(maxStreams) || maxStreams < 0) {
    throw badFlag('http2-max-streams-per-connection', String(maxStreams), 'must be greater than or equal to 0')
  }
  const directives = directivesOf(flags)
  const kubeletCa = authorityOf(flags.text('kubelet-certificate-authority'))
  return {
    ...(certificate && { certificate }),
    named: flags.each('tls-sni-cert-key').map(namedCertificate),
    minVersion: minVersionOf(flags),
    ...(ciphers !== undefined && { ciphers }),
    http2: !flags.boolean('disable-http2-serving', false),
    ...(maxStreams > 0 && { maxStreams }),
    ...(directives.length > 0 && { strictTransport: directives.join('; ') }),
    allowedOrigins: originsOf(flags),
    eventTtlMs: flags.duration('event-ttl', HOUR_MS),
    shutdown: shutdownOf(flags),
    ...(kubeletCa !== undefined && { kubeletCa }),
  }
}

function certificateOf(flags: ApiFlagValues): ServedCertificate | undefined {
  const [cert, key] = [flags.text('tls-cert-file'), flags.text('tls-private-key-file')]
  if (cert === undefined && key === undefined) return undefined
  if (cert === undefined || key === undefined) throw refused('missing filename for serving cert')
  return readCertificate(cert, key)
}

function shutdownOf(flags: ApiFlagValues): ShutdownConfig {
  const delayMs = flags.duration('shutdown-delay-duration', 0)
  if (delayMs < 0) throw refused('--shutdown-delay-duration can not be negative value')
  return { delayMs, sendRetryAfter: flags.boolean('shutdown-send-retry-after', false) }
}

function authorityOf(file: string | undefined): string | undefined {
  if (file === undefined) return undefined
  try {
    const pem = readFileSync(file, 'utf8')
    const { ca } = new X509Certificate(pem)
    if (!ca) throw new Error('the certificate is of no authority')
    return pem
  } catch (error) {
    throw refused(`cannot read the authority in ${file}: ${messageOf(error)}`)
  }
}

/** Reads a certificate and its key. Throws a UserError when they are none, or not of each other. */
export function readCertificate(certFile: string, keyFile: string): ServedCertificate {
  try {
    const [cert, key] = [readFileSync(certFile, 'utf8'), readFileSync(keyFile, 'utf8')]
    if (!new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))) {
      throw new Error('tls: private key does not match public key')
    }
    return { cert, key, files: [certFile, keyFile] }
  } catch (error) {
    throw refused(`cannot serve with ${certFile} and ${keyFile}: ${messageOf(error)}`)
  }
}

function namedCertificate(text: string): NamedCertificate {
  const flag = (why: string): UserError => badFlag('tls-sni-cert-key', text, why)
  const colon = text.indexOf(':')
  const names = colon < 0 ? undefined : text.slice(colon + 1).trim()
  if (names === '') throw flag('empty names list is not allowed')
  const files = (colon < 0 ? text : text.slice(0, colon)).trim().split(',')
  const [cert = '', key = ''] = files.map((file) => file.trim())
  if (files.length !== 2) throw flag('expected comma separated certificate and key file paths')
  const read = readCertificate(cert, key)
  if (names !== undefined) return { ...read, names: names.split(',').map((name) => name.trim()), told: true }
  return { ...read, names: namesOf(new X509Certificate(read.cert)), told: false }
}

/** The names that a certificate is for, or its holder's when it tells none. */
function namesOf({ subjectAltName = '', subject }: X509Certificate): readonly string[] {
  const names = subjectAltName.split(', ').flatMap((one) => /^DNS:(.+)$/.exec(one)?.[1] ?? [])
  const common = /^CN=(.+)$/m.exec(subject)?.[1]
  return names.length > 0 || common === undefined ? names : [common]
}

function minVersionOf(flags: ApiFlagValues): ServingConfig['minVersion'] {
  const name = flags.text('tls-min-version')
  if (name === undefined) return 'TLSv1.2'
  const version = Object.hasOwn(TLS_VERSIONS, name) ? TLS_VERSIONS[name] : undefined
  if (version === undefined) throw refused(`unknown tls version ${JSON.stringify(name)}`)
  return version
}

function ciphersOf(flags: ApiFlagValues): string | undefined {
  const names = flags.list('tls-cipher-suites')
  if (names.length === 0) return undefined
  const list = cipherList(names)
  if ('unknown' in list) throw refused(`Cipher suite ${list.unknown} not supported or doesn't exist`)
  return list.ciphers
}

const HSTS_RULE =
  '--strict-transport-security-directives invalid, allowed values: max-age=expireTime, includeSubDomains, preload. see https://tools.ietf.org/html/rfc6797#section-6.1 for more information'

function directivesOf(flags: ApiFlagValues): readonly string[] {
  const directives = flags.list('strict-transport-security-directives')
  for (const directive of directives) {
    if (directive.trim() === '') throw refused('empty value in strict-transport-security-directives')
    if (!/^(?:includeSubDomains|preload|max-age=[^=]*)$/.test(directive)) throw refused(HSTS_RULE)
  }
  return directives
}

/** Each has to be pinned to both ends of the host, or a page of another could ask (CVE-2022-1996). */
function originsOf(flags: ApiFlagValues): readonly GoRegExp[] {
  const invalid = (why: string): UserError =>
    refused(
      `--cors-allowed-origins has an invalid regular expression: ${why}, help: anchor each to the start with '^' or '//' and to the end with '$' or ':'`,
    )
  return flags.list('cors-allowed-origins').map((pattern) => {
    const compiled = compiledOr(pattern, (error) => invalid(error.message))
    if (!/\^|\/\//.test(pattern) || !/[$:]/.test(pattern)) {
      throw invalid('regular expression does not pin to start/end of host in the origin header')
    }
    return compiled
  })
}

function compiledOr(pattern: string, failed: (error: GoRegExpError) => Error): GoRegExp {
  try {
    return compileGoRegExp(pattern)
  } catch (error) {
    throw error instanceof GoRegExpError ? failed(error) : error
  }
}
