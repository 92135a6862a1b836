import { decodeBase64 } from '../../lib/base64.ts'

/** The DER of the first PEM block in `base64`, if that is of type `label`. */
export function pemBlock(base64: string, label: string): Uint8Array | undefined {
  const pem = decodeBase64(base64)
  if (typeof pem === 'number') return undefined
  const [, type, body = ''] =
    /-----BEGIN ([^-\n]+)-----([^-]*)-----END \1-----/.exec(new TextDecoder().decode(pem)) ?? []
  const der = decodeBase64(body.replace(/^[^\n]*:.*$/gm, '').replace(/\s/g, ''))
  return type === label && typeof der !== 'number' ? der : undefined
}
