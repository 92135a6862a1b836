import { parseCidr } from '../../../lib/ip.ts'
import { goQuote } from '../../../lib/quote.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'
import { duplicate, type FieldError, fieldForbidden, invalid } from '../../../apimachinery/status.ts'
import { validateCidr } from '../../../apimachinery/validation/ip.ts'
import { validateLabelName } from '../../../apimachinery/validation/meta.ts'
import { isLabelValue } from '../../../apimachinery/validation/names.ts'
import { oneOf } from '../../checks.ts'
import type { Node, Taint } from '../../generated/types/core/v1.ts'
import { validateQuantityValue } from './pod-spec/resources.ts'
import { TAINT_EFFECTS } from './pod-spec/tolerations.ts'

/** ValidateNode. */
export function* validateNode(node: Frozen<Node>): Iterable<FieldError> {
  yield* validateTaints(node.spec?.taints ?? [], 'metadata.taints')
  yield* validateReported(node)
  const cidrs = node.spec?.podCIDRs ?? []
  for (const [index, cidr] of cidrs.entries()) yield* validateCidr(`spec.podCIDRs[${index}]`, cidr)
  if (cidrs.length < 2) return
  const families = new Set(cidrs.map((cidr) => parseCidr(cidr, true)?.version))
  if (cidrs.length > 2 || families.size < 2 || families.has(undefined)) {
    yield invalid('spec.podCIDRs', cidrs, 'may specify no more than one CIDR for each IP family')
  }
}

function* validateTaints(taints: readonly Frozen<Taint>[], path: string): Iterable<FieldError> {
  const seen = new Set<string>()
  for (const [index, taint] of taints.entries()) {
    const at = `${path}[${index}]`
    const { key, value = '', effect } = taint
    yield* validateLabelName(key, `${at}.key`)
    const wrong = isLabelValue(value)
    if (wrong.length > 0) yield invalid(`${at}.value`, value, wrong.join(';'))
    yield* oneOf(`${at}.effect`, effect, TAINT_EFFECTS)
    if (seen.has(`${key}:${effect}`)) {
      const shown = duplicate(at, { Key: key, Value: value, Effect: effect, TimeAdded: taint.timeAdded ?? null })
      yield { ...shown, message: `${shown.message}: taints must be unique by key and effect pair` }
    }
    seen.add(`${key}:${effect}`)
  }
}

const FEATURE = /^[A-Z][a-zA-Z0-9]*(\/[a-zA-Z][a-zA-Z0-9]*)*$/

/** What the kubelet reports. */
function* validateReported({ status }: Frozen<Node>): Iterable<FieldError> {
  for (const field of ['capacity', 'allocatable'] as const) {
    for (const [name, value] of Object.entries(status?.[field] ?? {})) {
      yield* validateQuantityValue(`status.${field}.${name}`, name, value)
    }
  }
  const features = status?.declaredFeatures ?? []
  for (const [index, feature] of features.entries()) {
    if (!FEATURE.test(feature)) {
      const text = `invalid feature name ${goQuote(feature)}: must start with an UpperCamelCase segment, with subsequent segments separated by '/' (e.g., MyFeature or MyFeature/mySubFeature), and contain only alphanumeric characters and slashes`
      yield invalid(`status.declaredFeatures[${index}]`, feature, text)
    }
    const next = features[index + 1]
    const at = `status.declaredFeatures[${index + 1}]`
    if (next === feature) yield duplicate(at, next)
    else if (next !== undefined && feature > next) yield invalid(at, next, 'list must be sorted alphabetically')
  }
}

/** The update's own rules of ValidateNodeUpdate. */
export function* validateNodeUpdate(node: Frozen<Node>, old: Frozen<Node>): Iterable<FieldError> {
  // As upstream, which looks at these in ValidateNode as well.
  yield* validateReported(node)
  yield* validateAddresses(node)
  const { podCIDRs = [], providerID = '', externalID = '' } = old.spec ?? {}
  yield* validateCidrUpdate(node.spec?.podCIDRs ?? [], podCIDRs)
  if (providerID && providerID !== node.spec?.providerID) {
    yield fieldForbidden('spec.providerID', 'node updates may not change providerID except from "" to valid')
  }
  yield* validateTaints(node.spec?.taints ?? [], 'metadata.taints')
  if (externalID !== (node.spec?.externalID ?? '')) yield fieldForbidden('spec.externalID', 'may not be updated')
}

/** A cause for each range that is another one, or a single one where there are more or fewer. */
function* validateCidrUpdate(now: readonly string[], old: readonly string[]): Iterable<FieldError> {
  if (old.length === 0) return
  const changed = now.length === old.length ? old.filter((cidr, index) => cidr !== now[index]) : ['']
  const text = 'node updates may not change podCIDR except from "" to valid'
  for (const _ of changed) yield fieldForbidden('spec.podCIDRs', text)
}

/** For the status subresource. */
export function* validateNodeStatus(node: Frozen<Node>): Iterable<FieldError> {
  yield* validateReported(node)
  yield* validateAddresses(node)
}

function* validateAddresses({ status }: Frozen<Node>): Iterable<FieldError> {
  const seen = new Set<string>()
  for (const [index, { type, address }] of (status?.addresses ?? []).entries()) {
    const key = `${type}/${address}`
    if (seen.has(key)) yield duplicate(`status.addresses[${index}]`, { Type: type, Address: address })
    seen.add(key)
  }
}
