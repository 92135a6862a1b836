import { X509Certificate } from 'node:crypto'
import { readFileSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { isErrno, UserError } from '../../host/user-error.ts'

/** A certificate of a cluster, as `skiff certs` tells of it. */
export interface ClusterCertificate {
  /** Its file, without `.crt`. */
  readonly name: string
  readonly subject: string
  /** Who signed it; itself where it is an authority. */
  readonly issuer: string
  readonly authority: boolean
  /** When it ends, as the API writes times. */
  readonly expires: string
  readonly state: 'good' | 'ends soon' | 'expired'
}

const SUFFIX = '.crt'

/** The certificates in a folder by name. One that ends within `withinMs` from `now` (ms since the Unix epoch) ends soon. A UserError for what is no certificate. */
export function certificatesIn(folder: string, now: number, withinMs: number): ClusterCertificate[] {
  return fileNames(folder).map((file) => {
    const certificate = read(join(folder, file))
    const leftMs = certificate.validToDate.getTime() - now
    return {
      name: file.slice(0, -SUFFIX.length),
      subject: oneLine(certificate.subject),
      issuer: oneLine(certificate.issuer),
      authority: certificate.ca,
      expires: certificate.validToDate.toISOString().replace('.000Z', 'Z'),
      state: leftMs <= 0 ? 'expired' : leftMs <= withinMs ? 'ends soon' : 'good',
    }
  })
}

/** Takes certificates away; their keys go when new ones come. */
export function removeCertificates(folder: string, names: readonly string[]): void {
  for (const name of names) rmSync(join(folder, name + SUFFIX), { force: true })
}

function fileNames(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((file) => file.endsWith(SUFFIX))
      .toSorted()
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return []
    throw error
  }
}

function read(path: string): X509Certificate {
  try {
    return new X509Certificate(readFileSync(path))
  } catch (cause) {
    throw new UserError(`${path} is not a certificate that can be read`, {
      cause,
      hints: ['take it away: the next start of the server makes a new one'],
    })
  }
}

const oneLine = (name: string): string => name.replaceAll('\n', ', ')
