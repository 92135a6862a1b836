import { getOwn } from '../../../../lib/own.ts'
import type { Frozen } from '../../../../apimachinery/meta.ts'
import {
  type FieldError,
  fieldForbidden,
  invalid,
  notSupported,
  ratcheted,
  required,
} from '../../../../apimachinery/status.ts'
import { dns1123Label, NOT_NEGATIVE, qualifiedName } from '../../../checks.ts'
import type { PodSpec, ResourceClaim, ResourceRequirements } from '../../../generated/types/core/v1.ts'
import type { Quantity } from '../../../generated/types/scalars.ts'
import { duplicate } from '../../../../apimachinery/status.ts'
import { aggregateLimits, aggregateRequests } from '../pod-resources.ts'
import { amount, compareAmounts } from '../resource-list.ts'
import {
  isExtendedResource,
  isHugePage,
  isIntegerResource,
  isNativeResource,
  isOvercommitAllowed,
  isPodLevelResource,
  isStandardContainerResource,
  isStandardResource,
} from '../resource-names.ts'

type NameCheck = (field: string, name: string) => FieldError[]

/** validateResourceName: known, or with a domain. */
export const validateResourceName: NameCheck = (field, name) => {
  const errors = qualifiedName(field, name)
  if (errors.length > 0 || name.includes('/') || isStandardResource(name)) return errors
  return [invalid(field, name, 'must be a standard resource type or fully qualified')]
}

/** What a container may ask for. */
export const validateContainerResourceName: NameCheck = (field, name) => {
  const errors = validateResourceName(field, name)
  if (!name.includes('/')) {
    if (!isStandardContainerResource(name)) {
      errors.push(invalid(field, name, 'must be a standard resource for containers'))
    }
  } else if (!isNativeResource(name) && !isExtendedResource(name)) {
    errors.push(invalid(field, name, "doesn't follow extended resource name standard"))
  }
  return errors
}

const validatePodResourceName: NameCheck = (field, name) => {
  const errors = validateResourceName(field, name)
  if (errors.length > 0 || isPodLevelResource(name)) return errors
  return [notSupported(field, name, ['cpu', 'hugepages-', 'memory'])]
}

/** ValidateResourceQuantityValue: not negative, and whole for what is counted. */
export function validateQuantityValue(field: string, resource: string, value: Quantity): FieldError[] {
  const { nanos } = amount(value)
  const errors: FieldError[] = []
  if (nanos < 0n) errors.push(invalid(field, String(value), NOT_NEGATIVE))
  if (isIntegerResource(resource) && nanos % 1_000_000_000n !== 0n) {
    errors.push(invalid(field, String(value), 'must be an integer'))
  }
  return errors
}

/** ValidateContainerResourceRequirements. */
export function validateContainerResources(
  requirements: Frozen<ResourceRequirements> | undefined,
  claimNames: ReadonlySet<string>,
  path: string,
): Iterable<FieldError> {
  return requirements ? validateRequirements(requirements, validateContainerResourceName, claimNames, path) : []
}

function* validateRequirements(
  { limits = {}, requests = {}, claims = [] }: Frozen<ResourceRequirements>,
  checkName: NameCheck,
  claimNames: ReadonlySet<string>,
  path: string,
): Iterable<FieldError> {
  for (const [name, value] of Object.entries(limits)) {
    yield* validateEntry(`${path}.limits[${name}]`, name, value, checkName)
  }
  for (const [name, value] of Object.entries(requests)) {
    const field = `${path}.requests[${name}]`
    yield* checkName(field, name)
    yield* validateQuantityValue(field, name, value)
    yield* validateAgainstLimit(path, name, value, getOwn(limits, name))
    yield* validateHugePageValue(field, name, value)
  }
  const names = [...Object.keys(limits), ...Object.keys(requests)]
  if (names.some(isHugePage) && !names.includes('cpu') && !names.includes('memory')) {
    yield fieldForbidden(path, 'HugePages require cpu or memory')
  }
  yield* validateClaims(claims, claimNames, `${path}.claims`)
}

function* validateEntry(field: string, name: string, value: Quantity, checkName: NameCheck): Iterable<FieldError> {
  yield* checkName(field, name)
  yield* validateQuantityValue(field, name, value)
  yield* validateHugePageValue(field, name, value)
}

function validateAgainstLimit(path: string, name: string, value: Quantity, limit: Quantity | undefined): FieldError[] {
  const overcommit = isOvercommitAllowed(name)
  if (limit === undefined) {
    return overcommit ? [] : [required(`${path}.limits`, 'Limit must be set for non overcommitable resources')]
  }
  const compared = compareAmounts(value, limit)
  if (compared !== 0 && !overcommit) {
    return [invalid(`${path}.requests`, String(value), `must be equal to ${name} limit of ${limit}`)]
  }
  if (compared <= 0) return []
  return [invalid(`${path}.requests`, String(value), `must be less than or equal to ${name} limit of ${limit}`)]
}

/** A whole number of pages. */
function validateHugePageValue(field: string, name: string, value: Quantity): FieldError[] {
  if (!isHugePage(name)) return []
  const text = name.slice('hugepages-'.length)
  const page = /^[0-9.]+([KMGTPE]i?|k|m|u|n)?$/.test(text) ? amount(text).nanos : 0n
  if (page > 0n && page % 1_000_000_000n === 0n && amount(value).nanos % page === 0n) return []
  return ratcheted('indivisible huge pages', [
    invalid(field, String(value), `${value} is not positive integer multiple of ${name}`),
  ])
}

function* validateClaims(
  claims: readonly Frozen<ResourceClaim>[],
  claimNames: ReadonlySet<string>,
  path: string,
): Iterable<FieldError> {
  const seen = new Set<string>()
  for (const [index, { name, request }] of claims.entries()) {
    const field = `${path}[${index}]`
    if (!name) {
      yield required(field)
      continue
    }
    if (seen.has(name)) yield duplicate(field, name)
    else {
      if (request) yield* dns1123Label(`${field}.request`, request)
      const key = request ? `${name}/${request}` : name
      if (seen.has(key)) yield duplicate(field, key)
      else if (!request && [...seen].some((other) => other.startsWith(`${name}/`))) yield duplicate(field, name)
      seen.add(key)
    }
    if (!claimNames.has(name)) yield claimNotFound(field, name, claimNames)
  }
}

function claimNotFound(field: string, name: string, claimNames: ReadonlySet<string>): FieldError {
  const list = claimNames.size === 0 ? ' which is empty' : `: ${[...claimNames].sort().join(', ')}`
  const message = `Not found: ${JSON.stringify(name)}: must be one of the names in pod.spec.resourceClaims${list}`
  return { type: 'FieldValueNotFound', field, message }
}

/** validatePodResources: what the pod asks for as a whole covers what its containers ask for. */
export function* validatePodResources(
  spec: Frozen<PodSpec>,
  claimNames: ReadonlySet<string>,
  path: string,
): Iterable<FieldError> {
  const { resources, os } = spec
  if (!resources) return
  if (os?.name === 'windows') return yield fieldForbidden(path, 'may not be set for a windows pod')
  if (resources.claims) yield fieldForbidden(`${path}.claims`, 'claims may not be set for Resources at pod-level')
  yield* validateRequirements(resources, validatePodResourceName, claimNames, path)
  const pod = { metadata: {}, spec }
  for (const [name, sum] of Object.entries(aggregateRequests(pod))) {
    const own = getOwn(resources.requests ?? {}, name)
    if (own !== undefined && compareAmounts(sum, own) > 0) {
      const text = `must be greater than or equal to aggregate container requests of ${sum}`
      yield invalid(`${path}.requests[${name}]`, String(own), text)
    }
  }
  for (const [name, sum] of Object.entries(aggregateLimits(pod))) {
    const own = getOwn(resources.limits ?? {}, name)
    if (isHugePage(name) && own !== undefined && compareAmounts(sum, own) > 0) {
      const text = `must be greater than or equal to aggregate container limits of ${sum}`
      yield invalid(`${path}.limits[${name}]`, String(own), text)
    }
  }
  for (const [index, container] of (spec.containers ?? []).entries()) {
    for (const [name, limit] of Object.entries(container.resources?.limits ?? {})) {
      const own = getOwn(resources.limits ?? {}, name)
      if (own !== undefined && compareAmounts(limit, own) > 0) {
        const field = `${path}.containers[${index}][${name}].limits`
        yield invalid(field, String(limit), `must be less than or equal to pod limits of ${own}`)
      }
    }
  }
}
