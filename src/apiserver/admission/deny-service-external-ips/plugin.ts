import type { Service } from '../../../api/generated/types/core/v1.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'
import { admissionForbidden, resourceName } from '../forbidden.ts'
import type { AdmissionPlugin } from '../types.ts'

/** External IPs may be kept and given up, not taken (upstream's DenyServiceExternalIPs). */
export const denyServiceExternalIPs: AdmissionPlugin = {
  name: 'DenyServiceExternalIPs',
  handles: (operation) => operation === 'CREATE' || operation === 'UPDATE',
  validate(attributes) {
    if (resourceName(attributes) !== 'services' || attributes.subresource !== '') return
    const kept = ipsOf(attributes.oldObject as Frozen<Service> | undefined)
    if (ipsOf(attributes.object as Service).every((ip) => kept.includes(ip))) return
    throw admissionForbidden(attributes, 'Use of external IPs is denied by admission control')
  },
}

function ipsOf(service: Frozen<Service> | undefined): readonly string[] {
  return service?.spec?.externalIPs ?? []
}
