import type { CertificateSigningRequest } from '../../api/generated/types/certificates/v1.ts'
import type { Frozen } from '../../apimachinery/meta.ts'

type Request = Frozen<CertificateSigningRequest>

/** Whether the request has a condition of the type, whatever its status. */
export function hasCondition({ status }: Request, type: string): boolean {
  return status?.conditions?.some((condition) => condition.type === type) ?? false
}

/** Whether it waits for its certificate: approved, not denied, not failed, not issued. */
export function awaitsCertificate(request: Request): boolean {
  if (request.status?.certificate || !hasCondition(request, 'Approved') || hasCondition(request, 'Denied')) return false
  const failed = request.status?.conditions?.some(
    ({ type, status }) => type === 'Failed' && (!status || status === 'True'),
  )
  return !failed
}

/** Whether somebody has approved or denied it, or given a certificate already. */
export function isDecided(request: Request): boolean {
  return !!request.status?.certificate || hasCondition(request, 'Approved') || hasCondition(request, 'Denied')
}
