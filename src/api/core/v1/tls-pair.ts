const BLOCK = /-----BEGIN ([^\n-]+)-----\r?\n[\s\S]*?-----END \1-----/g

/**
 * What Go says of a certificate and key that are no PEM, or not of what they should be; undefined when both are there. Whether they are well
 * formed and belong together is not looked at.
 */
export function tlsPairProblem(certificate: string, key: string): string | undefined {
  return certificateProblem(typesIn(certificate)) ?? keyProblem(typesIn(key))
}

const typesIn = (pem: string): string[] => Array.from(pem.matchAll(BLOCK), ([, type = '']) => type)

const isKey = (type: string): boolean => type.endsWith('PRIVATE KEY')

function certificateProblem(types: readonly string[]): string | undefined {
  if (types.includes('CERTIFICATE')) return undefined
  const [first, ...more] = types
  if (first === undefined) return 'tls: failed to find any PEM data in certificate input'
  if (more.length === 0 && isKey(first)) {
    return 'tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may have been switched'
  }
  return `tls: failed to find "CERTIFICATE" PEM block in certificate input after skipping PEM blocks of the following types: [${types.join(' ')}]`
}

function keyProblem(types: readonly string[]): string | undefined {
  if (types.some(isKey)) return undefined
  const [first, ...more] = types
  if (first === undefined) return 'tls: failed to find any PEM data in key input'
  if (more.length === 0 && first === 'CERTIFICATE') {
    return 'tls: found a certificate rather than a key in the PEM for the private key'
  }
  return `tls: failed to find PEM block with type ending in "PRIVATE KEY" in key input after skipping PEM blocks of the following types: [${types.join(' ')}]`
}
