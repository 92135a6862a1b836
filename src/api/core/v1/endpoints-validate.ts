import type { Frozen } from '../../../apimachinery/meta.ts'
import { type FieldError, required } from '../../../apimachinery/status.ts'
import { validateIp } from '../../../apimachinery/validation/ip.ts'
import { isPortNumber } from '../../../apimachinery/validation/names.ts'
import { dns1123Label, dns1123Subdomain, oneOf, problems, qualifiedName } from '../../checks.ts'
import type { EndpointAddress, EndpointPort, Endpoints } from '../../generated/types/core/v1.ts'
import { validateEndpointIp } from './endpoint-address.ts'

/** ValidateEndpoints. */
export function* validateEndpoints({ subsets = [] }: Frozen<Endpoints>): Iterable<FieldError> {
  for (const [index, { addresses = [], notReadyAddresses = [], ports = [] }] of subsets.entries()) {
    const at = `subsets[${index}]`
    if (addresses.length + notReadyAddresses.length === 0) {
      yield required(at, 'must specify `addresses` or `notReadyAddresses`')
    }
    for (const [i, address] of addresses.entries()) yield* validateAddress(address, `${at}.addresses[${i}]`)
    for (const [i, address] of notReadyAddresses.entries()) {
      yield* validateAddress(address, `${at}.notReadyAddresses[${i}]`)
    }
    for (const [i, port] of ports.entries()) yield* validatePort(port, ports.length > 1, `${at}.ports[${i}]`)
  }
}

function* validateAddress({ ip, hostname, nodeName }: Frozen<EndpointAddress>, path: string): Iterable<FieldError> {
  yield* validateIp(`${path}.ip`, ip)
  if (hostname) yield* dns1123Label(`${path}.hostname`, hostname)
  if (nodeName !== undefined) yield* dns1123Subdomain(`${path}.nodeName`, nodeName)
  yield* validateEndpointIp(`${path}.ip`, ip)
}

function* validatePort(port: Frozen<EndpointPort>, needsName: boolean, path: string): Iterable<FieldError> {
  if (port.name) yield* dns1123Label(`${path}.name`, port.name)
  else if (needsName) yield required(`${path}.name`)
  yield* problems(`${path}.port`, port.port, isPortNumber(port.port))
  yield* oneOf(`${path}.protocol`, port.protocol, ['SCTP', 'TCP', 'UDP'])
  if (port.appProtocol !== undefined) yield* qualifiedName(`${path}.appProtocol`, port.appProtocol)
}
