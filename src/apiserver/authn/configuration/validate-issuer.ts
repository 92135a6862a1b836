import { readCertificate } from '../../../apimachinery/x509/certificate.ts'
import { UrlError } from '../../../apimachinery/cel/library/urls.ts'
import { duplicate, type FieldError, invalid, required } from '../../../apimachinery/status.ts'
import { decodeBase64 } from '../../../lib/base64.ts'
import type { IssuerConfig } from './schema.ts'
import { parseUrl } from './url.ts'

/** What is wrong with an issuer. `disallowed`: the issuers of service account tokens. */
export function* validateIssuer(
  field: string,
  issuer: IssuerConfig,
  disallowed: readonly string[],
): Iterable<FieldError> {
  const { url = '', discoveryURL = '', certificateAuthority = '' } = issuer
  if (url === '') yield required(`${field}.url`)
  else yield* validateUrl(`${field}.url`, url, disallowed)
  if (discoveryURL !== '') yield* validateDiscoveryUrl(`${field}.discoveryURL`, url, discoveryURL)
  yield* validateAudiences(field, issuer)
  const problem = certificateAuthority === '' ? undefined : certificatesProblem(certificateAuthority)
  if (problem !== undefined) yield invalid(`${field}.certificateAuthority`, '<omitted>', problem)
  const { egressSelectorType: egress = '' } = issuer
  if (!['', 'controlplane', 'cluster'].includes(egress)) {
    yield invalid(`${field}.egressSelectorType`, egress, 'egress selector must be either controlplane or cluster')
  }
}

function* validateDiscoveryUrl(field: string, url: string, discoveryUrl: string): Iterable<FieldError> {
  if (url !== '' && withoutSlashes(url) === withoutSlashes(discoveryUrl)) {
    yield invalid(field, discoveryUrl, 'discoveryURL must be different from URL')
  }
  yield* validateUrl(field, discoveryUrl, [])
}

const withoutSlashes = (url: string): string => url.replace(/\/+$/, '')

function* validateUrl(field: string, url: string, disallowed: readonly string[]): Iterable<FieldError> {
  if (disallowed.includes(url)) {
    const list = [...new Set(disallowed)].toSorted().join(' ')
    yield invalid(field, url, `URL must not overlap with disallowed issuers: [${list}]`)
  }
  try {
    const { scheme, user, query, fragment } = parseUrl(url)
    if (scheme !== 'https') yield invalid(field, url, 'URL scheme must be https')
    if (user) yield invalid(field, url, 'URL must not contain a username or password')
    if (query !== '') yield invalid(field, url, 'URL must not contain a query')
    if (fragment !== '') yield invalid(field, url, 'URL must not contain a fragment')
  } catch (error) {
    if (!(error instanceof UrlError)) throw error
    yield invalid(field, url, error.message)
  }
}

const ANY_AUDIENCE = 'MatchAny'

function* validateAudiences(field: string, issuer: IssuerConfig): Iterable<FieldError> {
  const { audiences = [], audienceMatchPolicy: policy = '' } = issuer
  const at = `${field}.audiences`
  if (audiences.length === 0) {
    yield required(at, `at least one ${at} is required`)
    return
  }
  for (const [index, audience] of audiences.entries()) {
    if (audience === '') yield required(`${at}[${index}]`)
    if (audiences.indexOf(audience) < index) yield duplicate(`${at}[${index}]`, audience)
  }
  if (policy === ANY_AUDIENCE) return
  if (audiences.length > 1) {
    yield invalid(`${field}.audienceMatchPolicy`, policy, 'audienceMatchPolicy must be MatchAny for multiple audiences')
  } else if (policy !== '') {
    const problem = 'audienceMatchPolicy must be empty or MatchAny for single audience'
    yield invalid(`${field}.audienceMatchPolicy`, policy, problem)
  }
}

/** What keeps a PEM text from being a bundle of certificates (client-go's cert.NewPoolFromBytes). */
export function certificatesProblem(pem: string): string | undefined {
  let found = 0
  for (const [, body = ''] of pem.matchAll(/-----BEGIN CERTIFICATE-----\s*\n([^-:]*)-----END CERTIFICATE-----/g)) {
    const der = decodeBase64(body.replaceAll(/\s/g, ''))
    if (typeof der === 'number') continue
    found++
    try {
      readCertificate(der)
    } catch {
      return 'x509: malformed certificate'
    }
  }
  return found === 0 ? 'data does not contain any valid RSA or ECDSA certificates' : undefined
}
