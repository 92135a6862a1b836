import type { Frozen } from '../../../apimachinery/meta.ts'
import { type FieldError, invalid, required } from '../../../apimachinery/status.ts'
import { goQuote } from '../../../lib/quote.ts'
import type { CustomResourceDefinition } from '../../generated/types/apiextensions/v1.ts'

const ANNOTATION = 'api-approved.kubernetes.io'
const SEE = 'see https://github.com/kubernetes/enhancements/pull/1111'

type State = 'missing' | 'bypassed' | 'approved' | 'invalid'

function stateOf({ metadata }: Frozen<CustomResourceDefinition>): State {
  const text = metadata.annotations?.[ANNOTATION] ?? ''
  if (!text) return 'missing'
  if (text.startsWith('unapproved')) return 'bypassed'
  return URL.canParse(text) && new URL(text).host !== '' ? 'approved' : 'invalid'
}

const PROTECTED = /(^|\.)(k8s|kubernetes)\.io$/
const MUST = `protected groups must have approval annotation ${goQuote(ANNOTATION)}`
const EITHER = `${MUST} with either a URL or a reason starting with "unapproved", ${SEE}`

/** Groups of the Kubernetes community need its approval, or the word that there is none. */
export function* validateApproval(
  crd: Frozen<CustomResourceDefinition>,
  old?: Frozen<CustomResourceDefinition>,
): Iterable<FieldError> {
  if (!PROTECTED.test(crd.spec.group)) return
  const state = stateOf(crd)
  if (old && stateOf(old) === state) return
  const field = `metadata.annotations[${ANNOTATION}]`
  if (state === 'missing') yield required(field, `${MUST}, ${SEE}`)
  if (state === 'invalid') {
    yield invalid(field, crd.metadata.annotations?.[ANNOTATION], EITHER)
  }
}

/** What the condition KubernetesAPIApprovalPolicyConformant says; undefined for groups that need no approval. */
export function approvalCondition(
  crd: Frozen<CustomResourceDefinition>,
): { readonly status: 'True' | 'False'; readonly reason: string; readonly message: string } | undefined {
  if (!PROTECTED.test(crd.spec.group)) return undefined
  const text = crd.metadata.annotations?.[ANNOTATION] ?? ''
  switch (stateOf(crd)) {
    case 'missing':
      return { status: 'False', reason: 'MissingAnnotation', message: `${MUST}, ${SEE}` }
    case 'bypassed':
      return { status: 'False', reason: 'UnapprovedAnnotation', message: `not approved: ${goQuote(text)}` }
    case 'approved':
      return { status: 'True', reason: 'ApprovedAnnotation', message: `approved in ${text}` }
    case 'invalid':
      return { status: 'False', reason: 'InvalidAnnotation', message: EITHER }
  }
}
