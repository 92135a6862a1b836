import { X509Certificate } from 'node:crypto'

/** The certificates of a PEM text, in order. Throws for one that is none, and for none at all. */
export function certificatesOf(pem: string): X509Certificate[] {
  const found = pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? []
  if (found.length === 0) throw new Error('there is no certificate in it')
  return found.map((one) => new X509Certificate(one))
}
