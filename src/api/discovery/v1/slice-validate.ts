import { semanticEqual } from '../../../apimachinery/equality.ts'
import { parseIp } from '../../../lib/ip.ts'
import type { Frozen } from '../../../apimachinery/meta.ts'
import { duplicate, type FieldError, invalid, required, tooMany } from '../../../apimachinery/status.ts'
import { validateCanonicalIp, validateIp } from '../../../apimachinery/validation/ip.ts'
import { validateLabels } from '../../../apimachinery/validation/meta.ts'
import { isDns1123Label, isDns1123Subdomain } from '../../../apimachinery/validation/names.ts'
import { dns1123Label, dns1123Subdomain, immutableField, oneOf, qualifiedName, supported } from '../../checks.ts'
import { validateEndpointIp } from '../../core/v1/endpoint-address.ts'
import type { Endpoint, EndpointPort, EndpointSlice } from '../../generated/types/discovery/v1.ts'
import { validateHints } from './hints-validate.ts'

const MAX_LABELS = 16
const MAX_ADDRESSES = 100
const MAX_PORTS = 20_000
const MAX_ENDPOINTS = 1000

/** ValidateEndpointSlice: endpoints that an update leaves as they were are not looked at. */
export function* validateEndpointSlice(
  slice: Frozen<EndpointSlice>,
  old?: Frozen<EndpointSlice>,
): Iterable<FieldError> {
  const { addressType, ports = [] } = slice
  const endpoints = slice.endpoints ?? []
  yield* oneOf('addressType', addressType, ['FQDN', 'IPv4', 'IPv6'])
  yield* validatePorts(ports, 'ports')
  if (!old || !semanticEqual(old.endpoints, slice.endpoints)) {
    if (endpoints.length > MAX_ENDPOINTS) yield tooMany('endpoints', endpoints.length, MAX_ENDPOINTS)
    for (const [index, endpoint] of endpoints.entries()) {
      yield* validateEndpoint(endpoint, addressType, `endpoints[${index}]`)
    }
  }
  if (old) yield* immutableField('addressType', addressType, old.addressType)
}

function* validateEndpoint(endpoint: Frozen<Endpoint>, addressType: string, path: string): Iterable<FieldError> {
  const { nodeName, deprecatedTopology: topology = {}, hostname, hints } = endpoint
  const addresses = endpoint.addresses ?? []
  const field = `${path}.addresses`
  if (addresses.length === 0) yield required(field, 'must contain at least 1 address')
  else if (addresses.length > MAX_ADDRESSES) yield tooMany(field, addresses.length, MAX_ADDRESSES)
  for (const [index, address] of addresses.entries()) yield* validateAddress(address, addressType, field, index)
  if (nodeName !== undefined) yield* dns1123Subdomain(`${path}.nodeName`, nodeName)
  const labels = Object.keys(topology).length
  if (labels > MAX_LABELS) yield tooMany(`${path}.deprecatedTopology`, labels, MAX_LABELS)
  yield* validateLabels(topology, `${path}.deprecatedTopology`)
  if (hostname !== undefined) yield* dns1123Label(`${path}.hostname`, hostname)
  if (hints) yield* validateHints(hints, `${path}.hints`)
}

function* validateAddress(address: string, type: string, path: string, index: number): Iterable<FieldError> {
  const field = `${path}[${index}]`
  if (type === 'FQDN') return yield* validateDomain(field, address)
  if (type !== 'IPv4' && type !== 'IPv6') return
  const errors = type === 'IPv4' ? validateIp(field, address) : validateCanonicalIp(field, address)
  if (errors.length > 0) return yield* errors
  if (parseIp(address)?.version !== Number(type.at(-1))) yield invalid(path, address, `must be an ${type} address`)
  yield* validateEndpointIp(field, address)
}

/** IsFullyQualifiedDomainName. */
function validateDomain(field: string, value: string): FieldError[] {
  if (!value) return [required(field)]
  const name = value.endsWith('.') ? value.slice(0, -1) : value
  const labels = name.split('.')
  const problem = (part: string, texts: readonly string[]): FieldError[] => [invalid(field, part, texts.join(','))]
  const wrong = isDns1123Subdomain(name)
  if (wrong.length > 0) return problem(name, wrong)
  if (labels.length < 2) return problem(name, ['should be a domain with at least two segments separated by dots'])
  const bad = labels.find((label) => isDns1123Label(label).length > 0)
  return bad === undefined ? [] : problem(bad, isDns1123Label(bad))
}

function* validatePorts(ports: readonly Frozen<EndpointPort>[], path: string): Iterable<FieldError> {
  if (ports.length > MAX_PORTS) yield tooMany(path, ports.length, MAX_PORTS)
  const names = new Set<string>()
  for (const [index, { name = '', protocol, appProtocol }] of ports.entries()) {
    const at = `${path}[${index}]`
    if (name) yield* dns1123Label(`${at}.name`, name)
    if (names.has(name)) yield duplicate(`${at}.name`, name)
    names.add(name)
    if (protocol === undefined) yield required(`${at}.protocol`)
    else yield* supported(`${at}.protocol`, protocol, ['SCTP', 'TCP', 'UDP'])
    if (appProtocol !== undefined) yield* qualifiedName(`${at}.appProtocol`, appProtocol)
  }
}
