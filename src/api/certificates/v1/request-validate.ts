import { semanticEqual } from '../../../apimachinery/equality.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'
import type { WriteContext } from '../../../apimachinery/resource.ts'
import {
  duplicate,
  type FieldError,
  fieldForbidden,
  invalid,
  notSupported,
  required,
} from '../../../apimachinery/status.ts'
import { goQuote } from '../../../lib/quote.ts'
import type { CertificateSigningRequest } from '../../generated/types/certificates/v1.ts'
import { difference } from '../../internal-form.ts'
import { certificateProblem, requestProblem } from './pem.ts'
import { validateSignerName } from './signer-name.ts'

type Request = Frozen<CertificateSigningRequest>

const USAGES = [
  'any',
  'cert sign',
  'client auth',
  'code signing',
  'content commitment',
  'crl sign',
  'data encipherment',
  'decipher only',
  'digital signature',
  'email protection',
  'encipher only',
  'ipsec end system',
  'ipsec tunnel',
  'ipsec user',
  'key agreement',
  'key encipherment',
  'microsoft sgc',
  'netscape sgc',
  'ocsp signing',
  's/mime',
  'server auth',
  'signing',
  'timestamping',
]

const LEGACY_SIGNER = 'kubernetes.io/legacy-unknown'
const SHORTEST = 600

/** validateCertificateSigningRequest; the request is checked to be signed with its key by the API server. */
export function* validateRequest(request: Request, old?: Request): Iterable<FieldError> {
  const { spec } = request
  const usages = spec.usages ?? []
  const problem = requestProblem(spec.request)
  if (problem) yield invalid('spec.request', spec.request, problem)
  if (usages.length === 0) yield required('spec.usages')
  for (const [index, usage] of usages.entries()) {
    if (!USAGES.includes(usage)) yield notSupported(`spec.usages[${index}]`, usage, USAGES)
    if (usages.indexOf(usage) < index) yield duplicate(`spec.usages[${index}]`, usage)
  }
  if (spec.signerName === LEGACY_SIGNER && !old) {
    yield invalid('spec.signerName', spec.signerName, 'the legacy signerName is not allowed via this API version')
  } else yield* validateSignerName('spec.signerName', spec.signerName)
  const { expirationSeconds: seconds } = spec
  if (seconds !== undefined && seconds < SHORTEST) {
    const text = 'may not specify a duration less than 600 seconds (10 minutes)'
    yield invalid('spec.expirationSeconds', seconds, text)
  }
  yield* validateConditions(request)
  const certificate = request.status?.certificate ?? ''
  if (old && old.status?.certificate === certificate) return
  const wrong = certificateProblem(certificate)
  if (wrong) yield invalid('status.certificate', '<certificate data>', wrong)
}

const ALWAYS_TRUE = new Set(['Approved', 'Denied', 'Failed'])

function* validateConditions({ status }: Request): Iterable<FieldError> {
  const path = 'status.conditions'
  const seen = new Set<string>()
  for (const [index, condition] of (status?.conditions ?? []).entries()) {
    const { type } = condition
    const at = `${path}[${index}]`
    if (!type) yield required(`${at}.type`)
    const allowed = ALWAYS_TRUE.has(type) ? ['True'] : ['False', 'True', 'Unknown']
    if (!condition.status) yield required(`${at}.status`)
    else if (!allowed.includes(condition.status)) yield notSupported(`${at}.status`, condition.status, allowed)
    const opposite = type === 'Approved' ? 'Denied' : type === 'Denied' ? 'Approved' : undefined
    if (opposite && seen.has(opposite)) {
      yield invalid(path, type, 'Approved and Denied conditions are mutually exclusive')
    }
    if (seen.has(type)) yield duplicate(`${at}.type`, type)
    seen.add(type)
  }
}

/** Changes of the object itself, or of its approval alone. */
export const validateApproval = (request: Request, old: Request, { subresource }: WriteContext): Iterable<FieldError> =>
  validateChange(request, old, { approves: subresource === 'approval', issues: false })

/** Changes of the status: the certificate, once. */
export const validateRequestStatus = (request: Request, old: Request): Iterable<FieldError> =>
  validateChange(request, old, { approves: false, issues: true })

interface Rights {
  readonly approves: boolean
  readonly issues: boolean
}

function* validateChange(request: Request, old: Request, { approves, issues }: Rights): Iterable<FieldError> {
  yield* validateRequest(request, old)
  const path = 'status.conditions'
  for (const type of ['Approved', 'Denied', 'Failed']) {
    const [before, now] = [conditionsOf(old, type), conditionsOf(request, type)]
    if (now.length < before.length) {
      yield fieldForbidden(path, `updates may not remove a condition of type ${goQuote(type)}`)
    } else if (approves || type === 'Failed') continue
    else if (now.length > before.length) {
      yield fieldForbidden(path, `updates may not add a condition of type ${goQuote(type)}`)
    } else if (!semanticEqual(before, now)) {
      const text = `updates may not modify a condition of type ${goQuote(type)}\n${difference(CONDITIONS, before, now)}`
      yield fieldForbidden(path, text)
    }
  }
  const before = old.status?.certificate ?? ''
  if ((request.status?.certificate ?? '') === before) return
  if (!issues) yield fieldForbidden('status.certificate', 'updates may not set certificate content')
  else if (before) yield fieldForbidden('status.certificate', 'updates may not modify existing certificate content')
}

const CONDITIONS = 'io.k8s.api.certificates.v1.CertificateSigningRequestCondition'

const conditionsOf = ({ status }: Request, type: string): readonly object[] =>
  (status?.conditions ?? []).filter((condition) => condition.type === type)
