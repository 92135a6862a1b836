import type { Frozen } from '../../../apimachinery/meta.ts'
import { type FieldError, required } from '../../../apimachinery/status.ts'
import { validateCanonicalIp } from '../../../apimachinery/validation/ip.ts'
import { isPathSegmentName } from '../../../apimachinery/validation/names.ts'
import { dns1123Subdomain, immutableField, pathSegment, problems } from '../../checks.ts'
import type { IPAddress } from '../../generated/types/networking/v1.ts'

/** An address is named as it is written, in canonical form. */
export function isAddressName(name: string): string[] {
  return validateCanonicalIp('', name).map(({ message }) => message.slice(message.indexOf('": ') + '": '.length))
}

/** ValidateIPAddress. */
export function* validateIpAddress({ spec }: Frozen<IPAddress>): Iterable<FieldError> {
  const parent = spec?.parentRef
  const path = 'spec.parentRef'
  if (!parent) return yield required(path)
  if (parent.group) yield* dns1123Subdomain(`${path}.group`, parent.group)
  yield* pathSegment(`${path}.resource`, parent.resource ?? '')
  yield* pathSegment(`${path}.name`, parent.name ?? '')
  const { namespace } = parent
  if (namespace) yield* problems(`${path}.namespace`, namespace, isPathSegmentName(namespace))
}

/** Whose an address is never changes. */
export const validateIpAddressUpdate = (now: Frozen<IPAddress>, old: Frozen<IPAddress>): FieldError[] =>
  immutableField('spec.parentRef', now.spec?.parentRef, old.spec?.parentRef, 'io.k8s.api.networking.v1.ParentReference')
