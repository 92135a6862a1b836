import type { CertificateSigningRequest } from '../../api/generated/types/certificates/v1.ts'
import { certificateSigningRequests } from '../../api/index.ts'
import type { Frozen } from '../../apimachinery/meta.ts'
import { hasReason } from '../../apimachinery/status.ts'
import { endOfCertificate } from '../../apimachinery/x509/certificate.ts'
import { defineController, done } from '../../client/controller.ts'

const HOUR_MS = 3_600_000
const SETTLED_MS = HOUR_MS
const PENDING_MS = 24 * HOUR_MS

/** Deletes requests past their time, when it comes; upstream looks every hour. */
export const csrCleanerController = defineController({
  name: 'certificatesigningrequest-cleaner',
  serviceAccount: 'certificate-controller',
  for: certificateSigningRequests,
  async reconcile(key, { lister, client, env }) {
    const request = lister(certificateSigningRequests).get(key)
    if (!request || request.metadata.deletionTimestamp) return done
    const leftMs = cleanedAt(request) - env.clock.now()
    if (leftMs >= 0) return Number.isFinite(leftMs) ? { requeueAfterMs: leftMs + 1 } : done
    try {
      await client(certificateSigningRequests).delete(request)
    } catch (error) {
      if (!hasReason(error, 'NotFound')) throw error
    }
    return done
  },
})

/** The moment after which the request is to go, in ms since the Unix epoch; infinite when it stays. */
export function cleanedAt({ metadata, status = {} }: Frozen<CertificateSigningRequest>): number {
  const { conditions = [], certificate } = status
  if (conditions.length === 0) return later(metadata.creationTimestamp, PENDING_MS)
  const times = conditions.map(({ type, lastUpdateTime }) => {
    if (type === 'Denied' || type === 'Failed') return later(lastUpdateTime, SETTLED_MS)
    if (type !== 'Approved') return Infinity
    if (!certificate) return later(lastUpdateTime, PENDING_MS)
    return Math.min(later(lastUpdateTime, SETTLED_MS), endOfCertificate(certificate) ?? Infinity)
  })
  return Math.min(...times)
}

const later = (time: string | undefined, ms: number): number => (time ? Date.parse(time) + ms : Infinity)
