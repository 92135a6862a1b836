import { X509Certificate } from 'node:crypto'

/** The blocks of a PEM text that hold certificates, in order. */
export function certificateBlocks(pem: string): string[] {
  return pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? []
}

/** The certificates of a PEM text, in order. Throws for one that is none, and for none at all. */
export function certificatesOf(pem: string): X509Certificate[] {
  const found = certificateBlocks(pem)
  if (found.length === 0) throw new Error('there is no certificate in it')
  return found.map((one) => new X509Certificate(one))
}
