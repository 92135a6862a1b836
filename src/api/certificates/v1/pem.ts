import { decodeBase64 } from '../../core/v1/base64.ts'
import { goQuote } from '../../../lib/quote.ts'

const BLOCK = /-----BEGIN ([^-\n]+)-----\r?\n([A-Za-z0-9+/=\s:,-]*?)-----END \1-----/g

/** What is wrong with a request in PEM, itself in base64. */
export function requestProblem(request: string): string | undefined {
  const [block] = (decodeBase64(request) ?? '').matchAll(BLOCK)
  return block?.[1] === 'CERTIFICATE REQUEST' ? undefined : 'PEM block type must be CERTIFICATE REQUEST'
}

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
