import { createPrivateKey, type X509Certificate } from 'node:crypto'
import { UserError } from '../../host/user-error.ts'
import type { Env } from '../../lib/env.ts'
import type { KeyPair } from './certificates.ts'
import { certificatesOf } from './pem.ts'

/** An authority that ends sooner than this is told of. */
const WARN_BEFORE_MS = 180 * 86_400_000

/**
 * An authority that can be used, as it is. Its file may have others behind it, which are trusted and sign nothing. Throws a UserError for
 * one that cannot be read, is none, has another key, or is not of this time; `file` is its name without an ending.
 */
export function checkAuthority(pair: KeyPair, file: string, env: Pick<Env, 'clock' | 'log'>): KeyPair {
  const refused = (problem: string, ...hints: string[]): UserError => new UserError(`${file}${problem}`, { hints })
  const certificate = readable(() => certificatesOf(pair.cert))?.[0]
  if (!certificate) throw refused('.crt is not a certificate that can be read', BACKUP)
  if (!certificate.ca) throw refused('.crt is not the certificate of an authority', BACKUP)
  const key = readable(() => createPrivateKey(pair.key))
  if (!key) throw refused('.key is not a private key that can be read', BACKUP)
  if (!certificate.checkPrivateKey(key)) throw refused('.key is not the key of the certificate beside it', BACKUP)
  checkTime(certificate, file, env)
  return pair
}

const BACKUP = 'put the pair back from a backup'

function checkTime(
  { validFromDate, validToDate }: X509Certificate,
  file: string,
  { clock, log }: Pick<Env, 'clock' | 'log'>,
): void {
  const [now, from, to] = [clock.now(), validFromDate.getTime(), validToDate.getTime()]
  const time = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z')
  if (now > to) {
    throw new UserError(`the authority ${file}.crt ended at ${time(to)}, and it is ${time(now)}`, {
      hints: [
        'is the clock right? If it is, take the pair away: a new authority is made, which every client and node has to be given',
      ],
    })
  }
  if (now < from) {
    throw new UserError(`the authority ${file}.crt begins at ${time(from)}, and it is ${time(now)}`, {
      hints: ['is the clock right?'],
    })
  }
  if (to - now < WARN_BEFORE_MS)
    log.warn('an authority ends soon; see docs/architecture/certificates.md', { file, ends: time(to) })
}

/** What is read; undefined when that fails. */
export function readable<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}
