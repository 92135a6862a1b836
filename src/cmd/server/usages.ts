import { KeyUsageFlags } from '@peculiar/x509'

/** The bits of the key usage extension (RFC 5280 section 4.2.1.3), by the API's words. */
const KEY_USAGES: Readonly<Record<string, KeyUsageFlags>> = {
  signing: KeyUsageFlags.digitalSignature,
  'digital signature': KeyUsageFlags.digitalSignature,
  'content commitment': KeyUsageFlags.nonRepudiation,
  'key encipherment': KeyUsageFlags.keyEncipherment,
  'key agreement': KeyUsageFlags.keyAgreement,
  'data encipherment': KeyUsageFlags.dataEncipherment,
  'cert sign': KeyUsageFlags.keyCertSign,
  'crl sign': KeyUsageFlags.cRLSign,
  'encipher only': KeyUsageFlags.encipherOnly,
  'decipher only': KeyUsageFlags.decipherOnly,
}

/** The purposes of the extended key usage extension, by the API's words, in the order that they are written. */
const PURPOSES: readonly (readonly [usage: string, oid: string])[] = [
  ['any', '2.5.29.37.0'],
  ['server auth', '1.3.6.1.5.5.7.3.1'],
  ['client auth', '1.3.6.1.5.5.7.3.2'],
  ['code signing', '1.3.6.1.5.5.7.3.3'],
  ['email protection', '1.3.6.1.5.5.7.3.4'],
  ['s/mime', '1.3.6.1.5.5.7.3.4'],
  ['ipsec end system', '1.3.6.1.5.5.7.3.5'],
  ['ipsec tunnel', '1.3.6.1.5.5.7.3.6'],
  ['ipsec user', '1.3.6.1.5.5.7.3.7'],
  ['timestamping', '1.3.6.1.5.5.7.3.8'],
  ['ocsp signing', '1.3.6.1.5.5.7.3.9'],
  ['microsoft sgc', '1.3.6.1.4.1.311.10.3.3'],
  ['netscape sgc', '2.16.840.1.113730.4.1'],
]

/** The key usages and purposes that a CertificateSigningRequest asks for. Throws for words that the API does not have. */
export function usagesOf(usages: readonly string[]): { readonly flags: number; readonly purposes: readonly string[] } {
  const unknown = usages.filter((usage) => !(usage in KEY_USAGES) && !PURPOSES.some(([name]) => name === usage))
  if (unknown.length > 0) throw new Error(`unrecognized usage values: ${JSON.stringify(unknown)}`)
  const purposes = PURPOSES.flatMap(([name, oid]) => (usages.includes(name) ? [oid] : []))
  return {
    flags: usages.reduce((sum, usage) => sum | (KEY_USAGES[usage] ?? 0), 0),
    purposes: [...new Set(purposes)],
  }
}
