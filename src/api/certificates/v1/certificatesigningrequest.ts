import type { WriteContext } from '../../../apimachinery/resource.ts'
import { timestamp, type Frozen } from '../../../apimachinery/meta.ts'
import { humanDuration } from '../../../apimachinery/duration/human.ts'
import { ageColumn, nameColumn, text } from '../../columns.ts'
import type { CertificateSigningRequest } from '../../generated/types/certificates/v1.ts'
import { validateApproval, validateRequest, validateRequestStatus } from './request-validate.ts'
import { defineResource } from '../../define.ts'

/** Everything the system knows about CertificateSigningRequest. */
export const certificateSigningRequests = defineResource<CertificateSigningRequest>({
  group: 'certificates.k8s.io',
  version: 'v1',
  kind: 'CertificateSigningRequest',
  plural: 'certificatesigningrequests',
  shortNames: ['csr'],
  scope: 'Cluster',
  storagePrefix: '/registry/certificatesigningrequests',
  schema: 'io.k8s.api.certificates.v1.CertificateSigningRequest',
  status: true,
  subresources: [{ name: 'approval', verbs: ['get', 'patch', 'update'] }],
  prepareForCreate(request, { user, userInfo = {} }) {
    const { username: _, uid: __, groups: ___, extra: ____, ...asked } = request.spec
    const extra = Object.entries(userInfo.extra ?? {}).map(([key, values]) => [key, [...values]] as [string, string[]])
    request.spec = {
      ...asked,
      ...(user && { username: user }),
      ...(userInfo.uid && { uid: userInfo.uid }),
      ...(userInfo.groups?.length && { groups: [...userInfo.groups] }),
      ...(extra.length > 0 && { extra: Object.fromEntries(extra) }),
    }
  },
  prepareForUpdate: prepareUpdate,
  validateName: () => [],
  validateCreate: (request) => validateRequest(request),
  validateUpdate: validateApproval,
  validateStatusUpdate: validateRequestStatus,
  selectableFields: { 'spec.signerName': ({ spec }) => spec.signerName ?? '' },
  columns: [
    nameColumn,
    ageColumn,
    text('SignerName', ({ spec }) => spec.signerName || '<none>'),
    text('Requestor', ({ spec }) => spec.username ?? ''),
    text('RequestedDuration', ({ spec }) =>
      spec.expirationSeconds == null ? '<none>' : humanDuration(spec.expirationSeconds * 1000),
    ),
    text('Condition', conditionCell),
  ],
})

type Request = CertificateSigningRequest

/** The spec never changes; approval changes conditions alone, and the status keeps who approved or denied. */
function prepareUpdate(request: Request, old: Frozen<Request>, { env, subresource }: WriteContext): void {
  const { conditions } = request.status ?? {}
  request.spec = structuredClone(old.spec) as Request['spec']
  if (subresource === '') return
  stampConditions(request, old, timestamp(env.clock.now()))
  if (subresource === 'approval') {
    request.status = { ...(structuredClone(old.status ?? {}) as Request['status']), ...(conditions && { conditions }) }
  } else for (const type of ['Approved', 'Denied']) keepConditions(request, old, type)
}

function keepConditions({ status }: Request, { status: before }: Frozen<Request>, type: string): void {
  const old = (before?.conditions ?? []).filter((condition) => condition.type === type)
  const now = (status?.conditions ?? []).filter((condition) => condition.type === type)
  if (old.length !== now.length) return
  for (const [index, condition] of now.entries()) Object.assign(condition, old[index])
}

function stampConditions({ status }: Request, { status: before }: Frozen<Request>, now: string): void {
  for (const condition of status?.conditions ?? []) {
    condition.lastUpdateTime ??= now
    const same = before?.conditions?.find(
      (old) => old.type === condition.type && old.status === condition.status && old.lastTransitionTime,
    )
    condition.lastTransitionTime ??= same?.lastTransitionTime ?? now
  }
}

function conditionCell({ status }: Frozen<Request>): string {
  const has = (type: string): boolean => status?.conditions?.some((condition) => condition.type === type) ?? false
  const words = [has('Denied') ? 'Denied' : has('Approved') ? 'Approved' : 'Pending']
  if (has('Failed')) words.push('Failed')
  if (status?.certificate) words.push('Issued')
  return words.join(',')
}
