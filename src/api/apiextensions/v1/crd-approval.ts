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

/** Groups of the Kubernetes community need its approval, or the word that there is none. */
export function* validateApproval(
  crd: Frozen<CustomResourceDefinition>,
  old?: Frozen<CustomResourceDefinition>,
): Iterable<FieldError> {
  if (!/(^|\.)(k8s|kubernetes)\.io$/.test(crd.spec.group)) return
  const state = stateOf(crd)
  if (old && stateOf(old) === state) return
  const field = `metadata.annotations[${ANNOTATION}]`
  const must = `protected groups must have approval annotation ${goQuote(ANNOTATION)}`
  if (state === 'missing') yield required(field, `${must}, ${SEE}`)
  if (state === 'invalid') {
    const text = `${must} with either a URL or a reason starting with "unapproved", ${SEE}`
    yield invalid(field, crd.metadata.annotations?.[ANNOTATION], text)
  }
}
