import { decodeBase64 } from '../../core/v1/base64.ts'
import { parseRequest } from '../../../apimachinery/x509/request.ts'
import { goQuote } from '../../../lib/quote.ts'

const BLOCK = /-----BEGIN ([^-\n]+)-----\r?\n([A-Za-z0-9+/=\s:,-]*?)-----END \1-----/g

/** What is wrong with a request in PEM, itself in base64. Its signature is checked elsewhere. */
export function requestProblem(request: string | undefined): string | undefined {
  try {
    parseRequest(request ?? '')
    return undefined
  } catch (error) {
    return messageOf(error)
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** What is wrong with certificates in PEM, themselves in base64; what the certificates say is not looked at. */
export function certificateProblem(certificates: string): string | undefined {
  if (!certificates) return undefined
  const blocks = [...(decodeBase64(certificates) ?? '').matchAll(BLOCK)]
  if (blocks.length === 0) return 'must contain at least one CERTIFICATE PEM block'
  for (const [, type = '', body = ''] of blocks) {
    if (type !== 'CERTIFICATE') return `only CERTIFICATE PEM blocks are allowed, found ${goQuote(type)}`
    if (body.includes(':')) return 'no PEM block headers are permitted'
  }
  return undefined
}
